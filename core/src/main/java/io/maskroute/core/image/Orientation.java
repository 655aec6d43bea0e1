package io.maskroute.core.image;

/**
 * The turning that EXIF's orientation tag (1..8) asks for. Source: TIFF 6.0 and CIPA DC-008; the directions are those of
 * Pillow's {@code exif_transpose}.
 */
final class Orientation {
    static final int UPRIGHT = 1;

    private Orientation() {}

    /** The picture turned upright; the picture itself when it already is. */
    static RgbImage turn(RgbImage image, int orientation) {
        if (orientation == UPRIGHT) {
            return image;
        }
        int h = image.height();
        int w = image.width();
        boolean swap = orientation >= 5;
        // Where the upright picture's rows and columns come from: from the far end of the stored ones or not.
        boolean rowsFromEnd = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
        boolean columnsFromEnd = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
        int height = swap ? w : h;
        int width = swap ? h : w;
        byte[] from = image.rgb();
        byte[] to = new byte[from.length];
        int t = 0;
        for (int y = 0; y < height; y++) {
            int row = rowsFromEnd ? height - 1 - y : y;
            for (int x = 0; x < width; x++) {
                int column = columnsFromEnd ? width - 1 - x : x;
                int f = 3 * (swap ? column * w + row : row * w + column);
                to[t++] = from[f];
                to[t++] = from[f + 1];
                to[t++] = from[f + 2];
            }
        }
        return new RgbImage(height, width, to);
    }
}
