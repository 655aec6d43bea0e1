package io.maskroute.datasets.shapesref;

/** Value noise: random values on a lattice, blended smoothly; in [0, 1]. */
final class Noise {
    private final int columns;
    private final int rows;
    private final float[] lattice;

    /** @param columns cells across; likewise rows */
    Noise(Draws draws, int columns, int rows) {
        this.columns = columns;
        this.rows = rows;
        lattice = new float[(columns + 2) * (rows + 2)];
        for (int i = 0; i < lattice.length; i++) {
            lattice[i] = (float) draws.unit();
        }
    }

    /** @param u across, 0 to 1; likewise v down */
    double at(double u, double v) {
        double x = Math.max(0, Math.min(columns, u * columns));
        double y = Math.max(0, Math.min(rows, v * rows));
        int column = (int) x;
        int row = (int) y;
        double fx = smooth(x - column);
        double fy = smooth(y - row);
        int at = row * (columns + 2) + column;
        int below = at + columns + 2;
        double top = lattice[at] + fx * (lattice[at + 1] - lattice[at]);
        double bottom = lattice[below] + fx * (lattice[below + 1] - lattice[below]);
        return top + fy * (bottom - top);
    }

    static double smooth(double t) {
        return t * t * (3 - 2 * t);
    }

    /** Several octaves, each half as coarse and half as strong as the one before; in 0 to 1 - 2^-count. */
    static float[] octaves(Draws draws, int width, int height, double columns, double rows, int count) {
        float[] field = new float[width * height];
        double strength = 0.5;
        double across = columns;
        double down = rows;
        for (int octave = 0; octave < count; octave++) {
            new Noise(draws, Math.max(1, (int) across), Math.max(1, (int) down))
                    .addTo(field, width, height, (float) strength);
            strength /= 2;
            across *= 2;
            down *= 2;
        }
        return field;
    }

    /** As {@link #at} at every pixel's centre, but what rows and columns share is computed once. */
    private void addTo(float[] field, int width, int height, float strength) {
        int[] cells = new int[width];
        float[] blends = new float[width];
        for (int x = 0; x < width; x++) {
            double position = (x + 0.5) / width * columns;
            cells[x] = (int) position;
            blends[x] = (float) smooth(position - cells[x]);
        }
        float[] line = new float[columns + 2];
        for (int y = 0; y < height; y++) {
            double position = (y + 0.5) / height * rows;
            int row = (int) position;
            float blend = (float) smooth(position - row);
            int above = row * (columns + 2);
            int below = above + columns + 2;
            for (int i = 0; i < line.length; i++) {
                line[i] = strength * (lattice[above + i] + blend * (lattice[below + i] - lattice[above + i]));
            }
            int at = y * width;
            for (int x = 0; x < width; x++) {
                float left = line[cells[x]];
                field[at + x] += left + blends[x] * (line[cells[x] + 1] - left);
            }
        }
    }
}
