package io.maskroute.core.image;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import java.io.EOFException;
import java.io.IOException;
import java.util.Objects;

/**
 * Decodes JPEG, PNG, GIF, BMP, WebP and TIFF files to RGB as Pillow's {@code convert("RGB")} would: by their content, never
 * by a name; without colour management; with transparency dropped; the first frame or page only. Sizes are checked from the
 * header before pixels are allocated, and missing pixels are an error.
 *
 * <p>JPEG, PNG, GIF, BMP, lossless WebP and TIFF come out as in Pillow to the last bit, but for what {@code docs/formats.md}
 * lists. Lossy WebP differs at edges, by 1 to 2.5 of 255 on average: no pure Java reader does what libwebp does.
 *
 * <p>Thread-safe; changes no setting of ImageIO.
 */
public final class ImageDecoder {
    /** About 300 MB of RGB samples. Larger than any camera picture of the known datasets, smaller than an executor's heap. */
    public static final long DEFAULT_MAX_PIXELS = 100_000_000;

    /** JPEG's own limit. A picture longer than this has no pixel to see once it fits a network's square. */
    private static final int MAX_SIDE = 65_535;

    private final long maxPixels;
    private final ExifOrientation exifOrientation;

    /** Refuses more than {@link #DEFAULT_MAX_PIXELS} and keeps the stored pixels. */
    public ImageDecoder() {
        this(DEFAULT_MAX_PIXELS, ExifOrientation.STORED);
    }

    /** @param maxPixels the most pixels (width times height) a picture may have: 1 to a third of 2^31 - 1 */
    public ImageDecoder(long maxPixels, ExifOrientation exifOrientation) {
        if (maxPixels < 1 || maxPixels > Integer.MAX_VALUE / 3) {
            throw new IllegalArgumentException(
                    "the pixel limit must be 1 to " + Integer.MAX_VALUE / 3 + ", not " + maxPixels);
        }
        this.maxPixels = maxPixels;
        this.exifOrientation = Objects.requireNonNull(exifOrientation);
    }

    /**
     * @throws RowFailure of stage {@code decode}, whatever the bytes are; kinds: {@code unreadable-image} (damaged, cut off, or no
     *     picture), {@code unsupported-image} (a format or variant that no reader here knows), {@code image-too-large}, and
     *     {@code out-of-memory} where the heap does not suffice for a picture within the limits. No message holds what the bytes
     *     are beyond the fields of a picture's header
     */
    public RgbImage decode(byte[] encoded) throws RowFailure {
        return guarded(() -> decode(Bytes.of(encoded)));
    }

    interface Decoding<T> {
        T decode() throws IOException, RowFailure;
    }

    /** Readers answer damaged data with about anything; and what they say may quote it. */
    static <T> T guarded(Decoding<T> decoding) throws RowFailure {
        try {
            return decoding.decode();
        } catch (EOFException e) {
            throw new RowFailure(Stage.DECODE, Bytes.UNREADABLE, "the picture is cut off", e);
        } catch (OutOfMemoryError e) {
            throw new RowFailure(
                    Stage.DECODE,
                    "out-of-memory",
                    "a heap of " + (Runtime.getRuntime().maxMemory() >> 20)
                            + " MiB does not suffice to decode the picture beside what else it holds",
                    e);
        } catch (LinkageError e) {
            throw new RowFailure(
                    Stage.DECODE, "unsupported-image", "the reader of the picture's format cannot be loaded: " + e, e);
        } catch (IOException | RuntimeException | Error e) {
            throw new RowFailure(
                    Stage.DECODE,
                    Bytes.UNREADABLE,
                    "the picture is damaged (" + e.getClass().getSimpleName() + ")",
                    e);
        }
    }

    private RgbImage decode(Bytes file) throws IOException, RowFailure {
        if (JpegFile.isJpeg(file)) {
            JpegFile jpeg = JpegFile.parse(file);
            checkSize(jpeg.width(), jpeg.height());
            checkLength(jpeg.isLongEnough());
            byte[] samples = ImageIoReaders.samples(jpeg);
            return upright(
                    new RgbImage(jpeg.height(), jpeg.width(), JpegColors.toRgb(samples, jpeg.colors())),
                    jpeg.orientation());
        }
        if (PngFile.isPng(file)) {
            PngFile png = PngFile.parse(file);
            checkSize(png.width(), png.height());
            checkLength(png.isLongEnough());
            return upright(
                    ImageIoReaders.read(ImageIoReaders.PNG, png.pixelStream(), this::checkSize), png.orientation());
        }
        if (WebpFile.isWebp(file)) {
            WebpFile webp = WebpFile.parse(file);
            checkSize(Math.max(1, webp.width()), Math.max(1, webp.height()));
            RgbImage picture = ImageIoReaders.read(ImageIoReaders.WEBP, webp.pixelStream(), this::checkSize);
            return upright(onCanvas(picture, webp), webp.orientation());
        }
        if (GifFile.isGif(file)) {
            GifFile gif = GifFile.parse(file);
            checkSize(gif.frameWidth(), gif.frameHeight());
            checkSize(gif.width(), gif.height());
            return gif.decode();
        }
        if (BmpFile.isBmp(file)) {
            BmpFile bmp = BmpFile.parse(file);
            checkSize(bmp.width(), bmp.height());
            return bmp.decode();
        }
        if (TiffDirectory.isTiff(file)) {
            TiffFile tiff = TiffFile.parse(file);
            checkSize(tiff.width(), tiff.height());
            return upright(tiff.decode(this::checkSize), tiff.orientation());
        }
        throw OtherFormat.refusal(file);
    }

    /** The first frame of an animation on its canvas, which is black as libwebp leaves it. */
    private static RgbImage onCanvas(RgbImage picture, WebpFile webp) throws RowFailure {
        int height = webp.height();
        int width = webp.width();
        if (webp.top() == 0 && webp.left() == 0 && height <= picture.height() && width <= picture.width()) {
            return picture;
        }
        if (webp.top() + picture.height() > height || webp.left() + picture.width() > width) {
            throw Bytes.unreadable("the first frame lies outside the picture");
        }
        byte[] canvas = new byte[3 * height * width];
        int row = 3 * picture.width();
        for (int y = 0; y < picture.height(); y++) {
            System.arraycopy(picture.rgb(), y * row, canvas, 3 * ((webp.top() + y) * width + webp.left()), row);
        }
        return new RgbImage(height, width, canvas);
    }

    private RgbImage upright(RgbImage image, Orientation orientation) {
        return exifOrientation == ExifOrientation.APPLY ? orientation.turn(image) : image;
    }

    /** Before memory is taken for pixels that cannot be there. */
    private static void checkLength(boolean longEnough) throws RowFailure {
        if (!longEnough) {
            throw Bytes.unreadable("the file is too short for the picture that it says it is");
        }
    }

    private void checkSize(long width, long height) throws RowFailure {
        if (width < 1 || height < 1) {
            throw Bytes.unreadable("the picture says it is " + width + "x" + height + " pixels");
        }
        if (width > MAX_SIDE || height > MAX_SIDE || width * height > maxPixels) {
            throw Bytes.failure(
                    "image-too-large",
                    "the picture says it is " + width + "x" + height + " pixels; the limits are " + MAX_SIDE
                            + " a side and " + maxPixels + " in all");
        }
    }
}
