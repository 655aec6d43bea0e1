package io.maskroute.core.training;

import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.mask.BinaryMask;

/**
 * Masks on the grid of the mask features, where losses are computed: each cell holds the share of its area that the mask covers.
 *
 * @param cells the grid's side
 */
public record TargetGrid(int cells) {

    /**
     * @param mask of the picture's original size
     * @param image where the picture lies in the network's square; what is beside it is covered by nothing
     * @return {@code cells * cells} shares in 0..1, row-major
     */
    public float[] of(BinaryMask mask, PreparedImage image) {
        int height = image.originalHeight();
        int width = image.originalWidth();
        if (mask.height() != height || mask.width() != width) {
            throw new IllegalArgumentException("a mask of " + mask.height() + "x" + mask.width()
                    + " does not belong to a picture of " + height + "x" + width);
        }
        double[] rows = bounds(image.size(), image.contentHeight(), height);
        double[] columns = bounds(image.size(), image.contentWidth(), width);
        int[] sums = sums(mask);
        float[] grid = new float[cells * cells];
        double cellHeight = (double) image.size() / cells * height / image.contentHeight();
        double cellWidth = (double) image.size() / cells * width / image.contentWidth();
        for (int y = 0; y < cells; y++) {
            for (int x = 0; x < cells; x++) {
                double covered = sum(sums, height, rows[y + 1], columns[x + 1])
                        - sum(sums, height, rows[y], columns[x + 1])
                        - sum(sums, height, rows[y + 1], columns[x])
                        + sum(sums, height, rows[y], columns[x]);
                grid[y * cells + x] = (float) Math.max(0, Math.min(1, covered / (cellHeight * cellWidth)));
            }
        }
        return grid;
    }

    /** Edges of the cells in pixels of the original picture, none beyond it. */
    private double[] bounds(int size, int content, int original) {
        double[] bounds = new double[cells + 1];
        for (int i = 0; i <= cells; i++) {
            bounds[i] = Math.min(original, (double) i * size / cells * original / content);
        }
        return bounds;
    }

    /** Entry (x, y) at {@code x * (height + 1) + y}: the mask's pixels left of column x and above row y. */
    private static int[] sums(BinaryMask mask) {
        int height = mask.height();
        int[] sums = new int[(mask.width() + 1) * (height + 1)];
        byte[] pixels = mask.columnMajor();
        for (int x = 0; x < mask.width(); x++) {
            int above = 0;
            for (int y = 0; y < height; y++) {
                above += pixels[x * height + y];
                sums[(x + 1) * (height + 1) + y + 1] = sums[x * (height + 1) + y + 1] + above;
            }
        }
        return sums;
    }

    /** Between whole pixels the sum is bilinear, since a pixel is evenly covered. */
    private static double sum(int[] sums, int height, double y, double x) {
        int y0 = Math.min((int) y, height - 1);
        int x0 = Math.min((int) x, sums.length / (height + 1) - 2);
        double dy = y - y0;
        double dx = x - x0;
        int at = x0 * (height + 1) + y0;
        double left = sums[at] + dy * (sums[at + 1] - sums[at]);
        int next = at + height + 1;
        double right = sums[next] + dy * (sums[next + 1] - sums[next]);
        return left + dx * (right - left);
    }
}
