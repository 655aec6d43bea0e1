package io.maskroute.core.image;

import io.maskroute.core.mask.BinaryMask;

/**
 * The turning that EXIF's orientation tag asks for, by where the stored picture's first row and first column belong. Source:
 * TIFF 6.0 and CIPA DC-008; the directions are those of Pillow's {@code exif_transpose}.
 */
public enum Orientation {
    /** 1: as it is. */
    TOP_LEFT(false, false, false),
    /** 2: mirrored. */
    TOP_RIGHT(false, false, true),
    /** 3: half a turn. */
    BOTTOM_RIGHT(false, true, true),
    /** 4: upside down. */
    BOTTOM_LEFT(false, true, false),
    /** 5: rows become columns. */
    LEFT_TOP(true, false, false),
    /** 6: a quarter turn clockwise. */
    RIGHT_TOP(true, false, true),
    /** 7: rows become columns, and half a turn. */
    RIGHT_BOTTOM(true, true, true),
    /** 8: a quarter turn counter-clockwise. */
    LEFT_BOTTOM(true, true, false);

    private final boolean swapsSides;
    /** Whether the turned picture's rows come from the far end of the stored ones (columns, where sides are swapped). */
    private final boolean rowsFromEnd;

    private final boolean columnsFromEnd;

    Orientation(boolean swapsSides, boolean rowsFromEnd, boolean columnsFromEnd) {
        this.swapsSides = swapsSides;
        this.rowsFromEnd = rowsFromEnd;
        this.columnsFromEnd = columnsFromEnd;
    }

    /** @param value of the EXIF tag; anything but 1..8 means as it is */
    static Orientation of(long value) {
        return value >= 1 && value <= 8 ? values()[(int) value - 1] : TOP_LEFT;
    }

    /** Of the EXIF tag, 1..8. */
    public int value() {
        return ordinal() + 1;
    }

    /** Whether height and width change places. */
    public boolean swapsSides() {
        return swapsSides;
    }

    /** What takes a turned picture back to the stored one. */
    public Orientation inverse() {
        return switch (this) {
            case RIGHT_TOP -> LEFT_BOTTOM;
            case LEFT_BOTTOM -> RIGHT_TOP;
            default -> this;
        };
    }

    /** The picture turned upright; the picture itself when it already is. */
    public RgbImage turn(RgbImage image) {
        if (this == TOP_LEFT) {
            return image;
        }
        int height = swapsSides ? image.width() : image.height();
        int width = swapsSides ? image.height() : image.width();
        byte[] from = image.rgb();
        byte[] to = new byte[from.length];
        int t = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int f = 3 * source(y, x, height, width);
                to[t++] = from[f];
                to[t++] = from[f + 1];
                to[t++] = from[f + 2];
            }
        }
        return new RgbImage(height, width, to);
    }

    /** A mask of the stored picture, turned like the picture. */
    public BinaryMask turn(BinaryMask mask) {
        if (this == TOP_LEFT) {
            return mask;
        }
        int height = swapsSides ? mask.width() : mask.height();
        int width = swapsSides ? mask.height() : mask.width();
        byte[] from = mask.columnMajor();
        byte[] to = new byte[from.length];
        int t = 0;
        for (int x = 0; x < width; x++) {
            for (int y = 0; y < height; y++) {
                int f = source(y, x, height, width);
                to[t++] = from[f % mask.width() * mask.height() + f / mask.width()];
            }
        }
        return new BinaryMask(height, width, to);
    }

    /** The stored pixel, counted row by row, that comes to a place in the turned picture of this size. */
    private int source(int y, int x, int height, int width) {
        int row = rowsFromEnd ? height - 1 - y : y;
        int column = columnsFromEnd ? width - 1 - x : x;
        return swapsSides ? column * height + row : row * width + column;
    }
}
