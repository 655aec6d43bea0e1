package io.maskroute.core.task;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.mask.BinaryMask;
import java.util.Arrays;

/** What somebody drew on a picture, in pixels of the picture as decoded. */
public interface Drawn {
    /** Radius of the disc that a point stands for. */
    int POINT_RADIUS = 10;

    /** Radius of the discs that the points of a scribble stand for. */
    int SCRIBBLE_RADIUS = 5;

    /**
     * The pixels that it covers.
     *
     * @throws RowFailure {@code bad-region} when it covers none of the picture's, or is of another size
     */
    BinaryMask draw(int height, int width) throws RowFailure;

    static RowFailure bad(String message) {
        return new RowFailure(Stage.TOKENIZE, "bad-region", message);
    }

    /** Pixels within a radius of points, as PSALM grows points ({@value #POINT_RADIUS}) and scribbles ({@value #SCRIBBLE_RADIUS}). */
    static Drawn discs(double[] xy, int radius) {
        double[] points = xy.clone();
        return (height, width) -> {
            byte[] covered = new byte[height * width];
            for (int i = 0; i + 1 < points.length; i += 2) {
                // The pixel that the point lies in.
                int column = whole(points[i]);
                int row = whole(points[i + 1]);
                if (column < 0 || column >= width || row < 0 || row >= height) {
                    throw bad("the point " + points[i] + ", " + points[i + 1] + " is outside the picture of " + width
                            + " x " + height);
                }
                disc(covered, height, width, row, column, radius);
            }
            return new BinaryMask(height, width, covered);
        };
    }

    /** A box: the pixels whose middles lie in it, at least one. */
    static Drawn box(double x, double y, double boxWidth, double boxHeight) {
        return (height, width) -> {
            long left = Math.max(0, whole(x + 0.5));
            long top = Math.max(0, whole(y + 0.5));
            long right = Math.min(width, Math.max(whole(x) + 1L, whole(x + boxWidth + 0.5)));
            long bottom = Math.min(height, Math.max(whole(y) + 1L, whole(y + boxHeight + 0.5)));
            left = Math.min(left, right - 1);
            top = Math.min(top, bottom - 1);
            if (!(boxWidth > 0 && boxHeight > 0) || left < 0 || top < 0 || x >= width || y >= height) {
                throw bad("the box " + x + ", " + y + ", " + boxWidth + ", " + boxHeight
                        + " has no pixel of the picture of " + width + " x " + height);
            }
            byte[] covered = new byte[height * width];
            for (int c = (int) left; c < right; c++) {
                Arrays.fill(covered, c * height + (int) top, c * height + (int) bottom, (byte) 1);
            }
            return new BinaryMask(height, width, covered);
        };
    }

    /** @param mask of the picture's size */
    static Drawn of(BinaryMask mask) {
        return (height, width) -> {
            if (mask.height() != height || mask.width() != width) {
                throw bad("the region's mask is " + mask.width() + " x " + mask.height() + ", the picture " + width
                        + " x " + height);
            }
            return mask;
        };
    }

    /** Pixels within a radius of a mask's. */
    static Drawn grown(BinaryMask mask, int radius) {
        return (height, width) -> {
            byte[] seeds = of(mask).draw(height, width).columnMajor();
            byte[] covered = new byte[seeds.length];
            for (int i = 0; i < seeds.length; i++) {
                if (seeds[i] != 0) {
                    disc(covered, height, width, i % height, i / height, radius);
                }
            }
            return new BinaryMask(height, width, covered);
        };
    }

    private static void disc(byte[] covered, int height, int width, int row, int column, int radius) {
        for (int c = Math.max(0, column - radius); c <= Math.min(width - 1, column + radius); c++) {
            for (int r = Math.max(0, row - radius); r <= Math.min(height - 1, row + radius); r++) {
                if ((c - column) * (c - column) + (r - row) * (r - row) <= radius * radius) {
                    covered[c * height + r] = 1;
                }
            }
        }
    }

    private static int whole(double coordinate) {
        return (int) Math.floor(coordinate);
    }
}
