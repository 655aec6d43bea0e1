package io.maskroute.core.image;

import io.maskroute.core.error.RowFailure;

/**
 * What a picture's file says about it, without its pixels.
 *
 * @param height of the stored pixels; not checked
 * @param width of the stored pixels; not checked
 * @param orientation what EXIF says; it may come behind the pixels
 */
public record ImageHeader(int height, int width, Orientation orientation) {
    /**
     * @param encoded a whole file, or its first bytes: then {@code orientation} holds only if it is said among them
     * @throws RowFailure as {@link ImageDecoder#decode}; also where more bytes are needed
     */
    public static ImageHeader of(byte[] encoded) throws RowFailure {
        return ImageDecoder.guarded(() -> of(Bytes.of(encoded)));
    }

    private static ImageHeader of(Bytes file) throws RowFailure {
        if (JpegFile.isJpeg(file)) {
            return JpegFile.header(file);
        }
        if (PngFile.isPng(file)) {
            return PngFile.header(file);
        }
        if (WebpFile.isWebp(file)) {
            return WebpFile.header(file);
        }
        if (GifFile.isGif(file)) {
            GifFile gif = GifFile.parse(file);
            return new ImageHeader(gif.height(), gif.width(), Orientation.TOP_LEFT);
        }
        if (BmpFile.isBmp(file)) {
            BmpFile bmp = BmpFile.parse(file);
            return new ImageHeader(bmp.height(), bmp.width(), Orientation.TOP_LEFT);
        }
        if (TiffDirectory.isTiff(file)) {
            return TiffFile.header(file);
        }
        throw OtherFormat.refusal(file);
    }
}
