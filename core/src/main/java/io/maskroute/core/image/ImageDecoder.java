package io.maskroute.core.image;

import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import javax.imageio.ImageReader;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.w3c.dom.NamedNodeMap;
import org.w3c.dom.Node;

/**
 * Decodes JPEG, PNG, GIF, BMP, WebP and TIFF files to RGB as Pillow's {@code convert("RGB")} would: by their content, never
 * by a name; without colour management; with transparency dropped; the first frame or page only. Sizes are checked from the
 * header before pixels are allocated, and missing pixels are an error.
 *
 * <p>JPEG, PNG, GIF, BMP, lossless WebP and TIFF come out as in Pillow to the last bit (16-bit palettes of TIFF: within 1).
 * Lossy WebP differs at edges, by 1 to 2 of 255 on average: no pure Java reader does what libwebp does.
 *
 * <p>Thread-safe; changes no setting of ImageIO.
 */
public final class ImageDecoder {
    /** About 300 MB of RGB samples. Larger than any camera picture of the known datasets, smaller than an executor's heap. */
    public static final long DEFAULT_MAX_PIXELS = 100_000_000;

    /** JPEG's own limit. A picture longer than this has no pixel to see once it fits a network's square. */
    private static final int MAX_SIDE = 65_535;

    private static final ImageReaderSpi JPEG = builtIn("jpeg");
    private static final ImageReaderSpi PNG = builtIn("png");
    private static final ImageReaderSpi GIF = builtIn("gif");
    private static final ImageReaderSpi BMP = builtIn("bmp");
    private static final ImageReaderSpi TIFF = builtIn("tiff");
    private static final ImageReaderSpi WEBP = new WebPImageReaderSpi();
    private static final String GIF_METADATA = "javax_imageio_gif_image_1.0";

    private final long maxPixels;
    private final ExifOrientation exifOrientation;

    /** Refuses more than {@link #DEFAULT_MAX_PIXELS} and ignores EXIF orientation. */
    public ImageDecoder() {
        this(DEFAULT_MAX_PIXELS, ExifOrientation.IGNORE);
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
     * @throws RowFailure of stage {@code decode}; kinds: {@code unknown-image-format}, {@code truncated-image},
     *     {@code corrupt-image}, {@code unsupported-image} (a variant that no reader here knows), {@code image-too-large}
     */
    public RgbImage decode(byte[] encoded) throws RowFailure {
        try {
            return decode(Bytes.of(encoded));
        } catch (EOFException e) {
            throw new RowFailure(Stage.DECODE, "truncated-image", "the picture is cut off", e);
        } catch (IOException | RuntimeException e) {
            // The JDK's readers answer damaged data with about any runtime exception.
            throw new RowFailure(Stage.DECODE, "corrupt-image", "the picture is damaged: " + firstLine(e), e);
        }
    }

    private RgbImage decode(Bytes file) throws IOException, RowFailure {
        if (file.startsWith(0, "\u00ff\u00d8\u00ff")) {
            JpegFile jpeg = JpegFile.parse(file);
            checkSize(jpeg.width(), jpeg.height());
            return upright(readJpeg(jpeg), jpeg.orientation());
        }
        if (file.startsWith(0, PngFile.SIGNATURE)) {
            PngFile png = PngFile.parse(file);
            checkSize(png.width(), png.height());
            return upright(read(PNG, png.pixelStream()), png.orientation());
        }
        if (file.startsWith(0, "RIFF") && file.startsWith(8, "WEBP")) {
            WebpFile webp = WebpFile.parse(file);
            checkSize(Math.max(1, webp.width()), Math.max(1, webp.height()));
            RgbImage picture = read(WEBP, webp.pixelStream());
            return upright(
                    onCanvas(picture, webp.top(), webp.left(), webp.height(), webp.width(), 0), webp.orientation());
        }
        if (file.startsWith(0, "GIF8")) {
            return readGif(file.data());
        }
        if (file.startsWith(0, "BM")) {
            return read(BMP, file.data());
        }
        if (TiffDirectory.isTiff(file)) {
            TiffDirectory tiff = TiffDirectory.parse(file);
            tiff.checkAllocations(file.length(), maxPixels);
            return upright(read(TIFF, file.data()), tiff.orientation());
        }
        StringBuilder start = new StringBuilder();
        for (int i = 0; i < Math.min(8, file.length()); i++) {
            start.append(String.format("%02x", file.u8(i)));
        }
        throw Bytes.failure(
                "unknown-image-format",
                "not a JPEG, PNG, GIF, BMP, WebP or TIFF file: "
                        + (file.length() == 0 ? "it is empty" : "it starts with " + start));
    }

    private RgbImage readJpeg(JpegFile jpeg) throws IOException, RowFailure {
        List<String> warnings = new ArrayList<>();
        Raster raster = with(JPEG, jpeg.pixelStream(), reader -> {
            reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
            return reader.readRaster(0, null);
        });
        // libjpeg fills what is missing with gray and says so, in these words, in every locale.
        if (warnings.stream().anyMatch(warning -> warning.contains("premature end of data segment"))) {
            throw Bytes.failure("truncated-image", "the JPEG file lacks part of its pixels");
        }
        byte[] samples = ((DataBufferByte) raster.getDataBuffer()).getData();
        return new RgbImage(raster.getHeight(), raster.getWidth(), JpegColors.toRgb(samples, jpeg.colors()));
    }

    /** The first frame on the screen it is meant for; the screen is filled as Pillow does. */
    private RgbImage readGif(byte[] file) throws IOException, RowFailure {
        return with(GIF, file, reader -> {
            Bytes header = Bytes.of(file).slice(0, 10);
            checkSize(reader.getWidth(0), reader.getHeight(0));
            Node frame = reader.getImageMetadata(0).getAsTree(GIF_METADATA);
            NamedNodeMap place = child(frame, "ImageDescriptor").getAttributes();
            int left = number(place, "imageLeftPosition");
            int top = number(place, "imageTopPosition");
            int width = Math.max(header.u16(6, true), left + reader.getWidth(0));
            int height = Math.max(header.u16(8, true), top + reader.getHeight(0));
            checkSize(width, height);
            BufferedImage picture = reader.read(0);
            int background = picture.getColorModel().hasAlpha() ? transparentIndex(frame) : 0;
            int color = picture.getColorModel().getRGB(background);
            return onCanvas(RasterPixels.toRgb(picture), top, left, height, width, color);
        });
    }

    private static int transparentIndex(Node frame) {
        return number(child(frame, "GraphicControlExtension").getAttributes(), "transparentColorIndex");
    }

    private static int number(NamedNodeMap attributes, String name) {
        return Integer.parseInt(attributes.getNamedItem(name).getNodeValue());
    }

    private static Node child(Node parent, String name) {
        Node child = parent.getFirstChild();
        while (!child.getNodeName().equals(name)) {
            child = child.getNextSibling();
        }
        return child;
    }

    private RgbImage read(ImageReaderSpi format, byte[] file) throws IOException, RowFailure {
        return with(format, file, reader -> {
            checkSize(reader.getWidth(0), reader.getHeight(0));
            return RasterPixels.toRgb(reader.read(0));
        });
    }

    private interface Reading<T> {
        T from(ImageReader reader) throws IOException, RowFailure;
    }

    private static <T> T with(ImageReaderSpi format, byte[] file, Reading<T> reading) throws IOException, RowFailure {
        ImageReader reader = format.createReaderInstance();
        try (ImageInputStream stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
            reader.setInput(stream, true, false);
            return reading.from(reader);
        } finally {
            reader.dispose();
        }
    }

    private static RgbImage onCanvas(RgbImage picture, int top, int left, int height, int width, int background)
            throws RowFailure {
        boolean covers = top == 0 && left == 0 && height <= picture.height() && width <= picture.width();
        if (covers) {
            return picture;
        }
        if (top + picture.height() > height || left + picture.width() > width) {
            throw Bytes.failure("corrupt-image", "the first frame lies outside the picture");
        }
        byte[] canvas = new byte[3 * height * width];
        if (background << 8 != 0) {
            for (int i = 0; i < canvas.length; i += 3) {
                canvas[i] = (byte) (background >> 16);
                canvas[i + 1] = (byte) (background >> 8);
                canvas[i + 2] = (byte) background;
            }
        }
        int row = 3 * picture.width();
        for (int y = 0; y < picture.height(); y++) {
            System.arraycopy(picture.rgb(), y * row, canvas, 3 * ((top + y) * width + left), row);
        }
        return new RgbImage(height, width, canvas);
    }

    private RgbImage upright(RgbImage image, int orientation) {
        return exifOrientation == ExifOrientation.APPLY ? Orientation.turn(image, orientation) : image;
    }

    private void checkSize(long width, long height) throws RowFailure {
        if (width < 1 || height < 1) {
            throw Bytes.failure("corrupt-image", "the picture says it is " + width + "x" + height + " pixels");
        }
        if (width > MAX_SIDE || height > MAX_SIDE || width * height > maxPixels) {
            throw Bytes.failure(
                    "image-too-large",
                    "the picture says it is " + width + "x" + height + " pixels; the limits are " + MAX_SIDE
                            + " a side and " + maxPixels + " in all");
        }
    }

    /** The JDK's own reader, whatever plug-ins other libraries have registered. */
    private static ImageReaderSpi builtIn(String format) {
        Iterator<ImageReaderSpi> all = IIORegistry.getDefaultInstance().getServiceProviders(ImageReaderSpi.class, true);
        while (all.hasNext()) {
            ImageReaderSpi reader = all.next();
            if (reader.getClass().getName().startsWith("com.sun.imageio.")
                    && Arrays.asList(reader.getFormatNames()).contains(format)) {
                return reader;
            }
        }
        throw new IllegalStateException("this Java has no reader for " + format + " (module java.desktop)");
    }

    private static String firstLine(Exception e) {
        String message = String.valueOf(e.getMessage());
        int end = message.indexOf('\n');
        return end < 0 ? message : message.substring(0, end);
    }
}
