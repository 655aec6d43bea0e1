package io.maskroute.datasets.metrics;

/**
 * The boundary measure F of DAVIS (Perazzi et al., 2016; {@code db_eval_boundary} of davis2017-evaluation): how much of each
 * outline has the other one near.
 */
public final class Boundary {
    /** Of the picture's diagonal, rounded up to whole pixels. */
    private static final double TOLERANCE = 0.008;

    private final int height;
    private final int width;

    private Boundary(int height, int width) {
        this.height = height;
        this.width = width;
    }

    /**
     * @param prediction row-major, of {@code height * width}
     * @param truth likewise
     * @return F in 0..1; 1 when neither has an outline
     */
    public static double f(boolean[] prediction, boolean[] truth, int height, int width) {
        return new Boundary(height, width).f(prediction, truth);
    }

    private double f(boolean[] prediction, boolean[] truth) {
        boolean[] predicted = outline(prediction);
        boolean[] wanted = outline(truth);
        long predictedPixels = count(predicted);
        long wantedPixels = count(wanted);
        double precision;
        double recall;
        if (predictedPixels == 0 || wantedPixels == 0) {
            precision = predictedPixels == 0 ? 1 : 0;
            recall = wantedPixels == 0 ? 1 : 0;
        } else {
            int radius = (int) Math.ceil(TOLERANCE * Math.sqrt((double) height * height + (double) width * width));
            precision = (double) countNear(predicted, wanted, radius) / predictedPixels;
            recall = (double) countNear(wanted, predicted, radius) / wantedPixels;
        }
        return precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
    }

    /** Pixels that differ from the right, lower or lower right neighbour; in the last row and column from the next one alone. */
    private boolean[] outline(boolean[] mask) {
        boolean[] outline = new boolean[mask.length];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int at = y * width + x;
                boolean lastRow = y == height - 1;
                boolean lastColumn = x == width - 1;
                boolean differs = !lastColumn && mask[at] != mask[at + 1];
                differs |= !lastRow && mask[at] != mask[at + width];
                differs |= !lastRow && !lastColumn && mask[at] != mask[at + width + 1];
                outline[at] = differs;
            }
        }
        return outline;
    }

    private static long count(boolean[] mask) {
        long count = 0;
        for (boolean pixel : mask) {
            count += pixel ? 1 : 0;
        }
        return count;
    }

    /** How many of {@code points} have one of {@code others} in a disk around them. */
    private long countNear(boolean[] points, boolean[] others, int radius) {
        // Each row of each disk begins and ends somewhere; between, the sum is not zero.
        int[] changes = new int[height * (width + 1)];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                if (others[y * width + x]) {
                    addDisk(changes, y, x, radius);
                }
            }
        }
        long near = 0;
        for (int y = 0; y < height; y++) {
            int disks = 0;
            for (int x = 0; x < width; x++) {
                disks += changes[y * (width + 1) + x];
                near += disks > 0 && points[y * width + x] ? 1 : 0;
            }
        }
        return near;
    }

    private void addDisk(int[] changes, int y, int x, int radius) {
        for (int row = Math.max(0, y - radius); row <= Math.min(height - 1, y + radius); row++) {
            int half = (int) Math.sqrt((double) radius * radius - (double) (row - y) * (row - y));
            changes[row * (width + 1) + Math.max(0, x - half)]++;
            changes[row * (width + 1) + Math.min(width, x + half + 1)]--;
        }
    }
}
