package io.maskroute.datasets.mask;

import io.maskroute.core.mask.BinaryMask;
import java.util.Arrays;

/**
 * The filling rule of OpenCV's {@code fillPoly} on whole-pixel vertices: each row is filled even-odd between its
 * crossings with the outline, and the outline itself (8-connected lines) belongs to the polygon.
 */
final class OpencvLikeRaster {
    private final int height;
    private final int width;
    private final byte[] columnMajor;

    private OpencvLikeRaster(int height, int width) {
        this.height = height;
        this.width = width;
        this.columnMajor = new byte[height * width];
    }

    static Rle rasterize(double[] polygon, int height, int width) {
        int vertices = polygon.length / 2;
        int[] x = new int[vertices + 1];
        int[] y = new int[vertices + 1];
        for (int i = 0; i < vertices; i++) {
            x[i] = (int) polygon[2 * i];
            y[i] = (int) polygon[2 * i + 1];
        }
        x[vertices] = x[0];
        y[vertices] = y[0];
        Polygons.requireWalkable(x, y);

        OpencvLikeRaster raster = new OpencvLikeRaster(height, width);
        for (int i = 0; i < vertices; i++) {
            raster.drawLine(x[i], y[i], x[i + 1], y[i + 1]);
        }
        raster.fill(x, y);
        return Rle.of(new BinaryMask(height, width, raster.columnMajor));
    }

    private void fill(int[] x, int[] y) {
        int top = Math.max(0, Arrays.stream(y).min().orElseThrow());
        int bottom = Math.min(height - 1, Arrays.stream(y).max().orElseThrow());
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
                int from = Math.max(0, (int) Math.floor(crossings[i] + 0.5));
                int to = Math.min(width - 1, (int) Math.floor(crossings[i + 1] + 0.5));
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
            if (x >= 0 && x < width && y >= 0 && y < height) {
                set(x, y);
            }
            boolean minorStep = error < 0;
            error += minorStep ? 2 * major - 2 * minor : -2 * minor;
            x += alongX || minorStep ? 1 : 0;
            y += !alongX || minorStep ? down : 0;
        }
    }

    private void set(int column, int row) {
        columnMajor[column * height + row] = 1;
    }
}
