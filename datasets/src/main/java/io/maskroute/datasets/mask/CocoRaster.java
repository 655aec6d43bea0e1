package io.maskroute.datasets.mask;

import java.util.Arrays;

/**
 * COCO's polygon rule (maskApi.c, {@code rleFrPoly}): the outline is walked on a grid five times as fine; each place
 * where it steps from one picture column to the next becomes a position in column-major order; foreground and background
 * change at each position (even-odd).
 */
final class CocoRaster {
    private static final double SCALE = 5;

    private final int height;
    private final int width;
    private final IntList positions = new IntList();
    private boolean started;
    private int lastX;
    private int lastY;

    private CocoRaster(int height, int width) {
        this.height = height;
        this.width = width;
    }

    static Rle rasterize(double[] polygon, int height, int width, Effort effort) {
        int vertices = polygon.length / 2;
        int[] x = new int[vertices + 1];
        int[] y = new int[vertices + 1];
        for (int i = 0; i < vertices; i++) {
            x[i] = (int) (SCALE * polygon[2 * i] + 0.5);
            y[i] = (int) (SCALE * polygon[2 * i + 1] + 0.5);
        }
        x[vertices] = x[0];
        y[vertices] = y[0];
        effort.walk(x, y);

        CocoRaster raster = new CocoRaster(height, width);
        for (int i = 0; i < vertices; i++) {
            raster.walk(x[i], y[i], x[i + 1], y[i + 1]);
        }
        int[] changes = raster.positions.toArray();
        Arrays.sort(changes);
        return Rle.ofChanges(height, width, changes);
    }

    /** All grid points of an edge, both ends included; rounding depends on the end with the smaller major coordinate. */
    private void walk(int fromX, int fromY, int toX, int toY) {
        int dx = Math.abs(toX - fromX);
        int dy = Math.abs(toY - fromY);
        boolean alongX = dx >= dy;
        int steps = alongX ? dx : dy;
        boolean backwards = alongX ? fromX > toX : fromY > toY;
        int startX = backwards ? toX : fromX;
        int startY = backwards ? toY : fromY;
        int riseX = backwards ? fromX - toX : toX - fromX;
        int riseY = backwards ? fromY - toY : toY - fromY;
        double slope = steps == 0 ? 0 : (double) (alongX ? riseY : riseX) / steps;
        for (int step = 0; step <= steps; step++) {
            int t = backwards ? steps - step : step;
            if (alongX) {
                visit(startX + t, (int) (startY + slope * t + 0.5));
            } else {
                visit((int) (startX + slope * t + 0.5), startY + t);
            }
        }
    }

    private void visit(int x, int y) {
        if (started && x != lastX) {
            double column = ((x < lastX ? x : x - 1) + 0.5) / SCALE - 0.5;
            if (column == Math.floor(column) && column >= 0 && column <= width - 1) {
                double row = (Math.min(y, lastY) + 0.5) / SCALE - 0.5;
                row = Math.ceil(Math.max(0, Math.min(height, row)));
                positions.add((int) column * height + (int) row);
            }
        }
        started = true;
        lastX = x;
        lastY = y;
    }
}
