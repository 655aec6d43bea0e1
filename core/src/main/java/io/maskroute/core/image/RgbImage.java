package io.maskroute.core.image;

/**
 * A decoded picture.
 *
 * @param rgb {@code height * width * 3} samples, row by row, interleaved R, G, B, each 0..255 in a byte
 */
public record RgbImage(int height, int width, byte[] rgb) {
    public RgbImage {
        if (height < 1 || width < 1 || rgb.length != (long) height * width * 3) {
            throw new IllegalArgumentException(
                    rgb.length + " samples are not a " + height + "x" + width + " RGB picture");
        }
    }
}
