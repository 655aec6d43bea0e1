package io.maskroute.datasets.mask;

import io.maskroute.core.mask.BinaryMask;
import java.util.Arrays;

/**
 * The filling rule of OpenCV's {@code fillPoly} on whole-pixel vertices: each row is filled even-odd between its
 * crossings with the outline, and the outline itself (8-connected lines) belongs to the polygon.
 */
final class OpencvLikeRaster {
    /** Of the picture's pixels, only those that the outline's box has are laid out. */
    private final int left;

    private final int top;
    private final int right;
    private final int bottom;
    private final byte[] columnMajor;

    private OpencvLikeRaster(int left, int top, int right, int bottom) {
        this.left = left;
        this.top = top;
        this.right = right;
        this.bottom = bottom;
        this.columnMajor = new byte[rows() * columns()];
    }

    /** @param effort of the object's parts so far */
    static Rle rasterize(double[] polygon, int height, int width, Effort effort) {
        int vertices = polygon.length / 2;
        int[] x = new int[vertices + 1];
        int[] y = new int[vertices + 1];
        for (int i = 0; i < vertices; i++) {
            x[i] = (int) polygon[2 * i];
            y[i] = (int) polygon[2 * i + 1];
        }
        x[vertices] = x[0];
        y[vertices] = y[0];
        effort.walk(x, y);

        int left = Math.max(0, Arrays.stream(x).min().orElseThrow());
        int top = Math.max(0, Arrays.stream(y).min().orElseThrow());
        int right = Math.min(width - 1, Arrays.stream(x).max().orElseThrow());
        int bottom = Math.min(height - 1, Arrays.stream(y).max().orElseThrow());
        if (left > right || top > bottom) {
            return new Rle(height, width, new int[] {height * width});
        }
        effort.fill(bottom - top + 1, right - left + 1, vertices);
        OpencvLikeRaster raster = new OpencvLikeRaster(left, top, right, bottom);
        for (int i = 0; i < vertices; i++) {
            raster.drawLine(x[i], y[i], x[i + 1], y[i + 1]);
        }
        raster.fill(x, y);
        BinaryMask box = new BinaryMask(raster.rows(), raster.columns(), raster.columnMajor);
        return Rle.of(box, left, top, height, width);
    }

    private int rows() {
        return bottom - top + 1;
    }

    private int columns() {
        return right - left + 1;
    }

    private void fill(int[] x, int[] y) {
        double[] crossings = new double[x.length];
        for (int row = top; row <= bottom; row++) {
            int n = 0;
            for (int i = 0; i + 1 < x.length; i++) {
                if (row >= Math.min(y[i], y[i + 1]) && row < Math.max(y[i], y[i + 1])) {
                    double slope = (double) (x[i + 1] - x[i]) / (y[i + 1] - y[i]);
                    crossings[n++] = x[i] + slope * (row - y[i]);
                }
            }
            Arrays.sort(crossings, 0, n);
            for (int i = 0; i + 1 < n; i += 2) {
                int from = Math.max(left, (int) Math.floor(crossings[i] + 0.5));
                int to = Math.min(right, (int) Math.floor(crossings[i + 1] + 0.5));
                for (int column = from; column <= to; column++) {
                    set(column, row);
                }
            }
        }
    }

    /** Bresenham's line, from the left end to the right one. */
    private void drawLine(int fromX, int fromY, int toX, int toY) {
        if (fromX > toX) {
            drawLine(toX, toY, fromX, fromY);
            return;
        }
        int dx = toX - fromX;
        int dy = Math.abs(toY - fromY);
        int down = toY < fromY ? -1 : 1;
        boolean alongX = dx >= dy;
        int major = alongX ? dx : dy;
        int minor = alongX ? dy : dx;
        int x = fromX;
        int y = fromY;
        int error = major - 2 * minor;
        for (int step = 0; step <= major; step++) {
            if (x >= left && x <= right && y >= top && y <= bottom) {
                set(x, y);
            }
            boolean minorStep = error < 0;
            error += minorStep ? 2 * major - 2 * minor : -2 * minor;
            x += alongX || minorStep ? 1 : 0;
            y += !alongX || minorStep ? down : 0;
        }
    }

    private void set(int column, int row) {
        columnMajor[(column - left) * rows() + row - top] = 1;
    }
}
