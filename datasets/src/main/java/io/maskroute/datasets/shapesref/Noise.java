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

    /** Several octaves, each half as coarse and half as strong as the one before. */
    static float[] octaves(Draws draws, int width, int height, double columns, double rows, int count) {
        float[] field = new float[width * height];
        double strength = 0.5;
        double across = columns;
        double down = rows;
        for (int octave = 0; octave < count; octave++) {
            Noise noise = new Noise(draws, Math.max(1, (int) across), Math.max(1, (int) down));
            for (int y = 0; y < height; y++) {
                double v = (y + 0.5) / height;
                for (int x = 0; x < width; x++) {
                    field[y * width + x] += (float) (strength * noise.at((x + 0.5) / width, v));
                }
            }
            strength /= 2;
            across *= 2;
            down *= 2;
        }
        return field;
    }
}
