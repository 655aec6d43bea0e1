package io.maskroute.core.image;

/**
 * A picture ready for the network.
 *
 * @param pixels {@code 3 * size * size} samples 0..255, channel by channel (RGB), the picture in the top left corner and the
 *     rest padded; not yet normalised
 * @param size side of the square
 * @param contentHeight rows of the square that hold the picture
 * @param contentWidth columns of the square that hold the picture
 * @param originalHeight rows of the picture before resizing; masks come back at this size
 * @param originalWidth columns of the picture before resizing
 * @param stretched the whole picture as another square, {@code 3 * s * s} samples likewise; empty where the model reads none
 */
public record PreparedImage(
        byte[] pixels,
        int size,
        int contentHeight,
        int contentWidth,
        int originalHeight,
        int originalWidth,
        byte[] stretched) {
    private static final byte[] NONE = {};

    /** For a model that reads no stretched picture. */
    public PreparedImage(
            byte[] pixels, int size, int contentHeight, int contentWidth, int originalHeight, int originalWidth) {
        this(pixels, size, contentHeight, contentWidth, originalHeight, originalWidth, NONE);
    }

    public ImageGeometry geometry() {
        return new ImageGeometry(size, contentHeight, contentWidth, originalHeight, originalWidth);
    }
}
