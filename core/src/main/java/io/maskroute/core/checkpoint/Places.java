package io.maskroute.core.checkpoint;

import java.util.Random;

/**
 * What Swin's embedding of absolute places begins as: slow waves over the picture, turned into all channels by a random rotation, and
 * four times as strong as what they are added to. Begun as noise, places stay noise (each patch has few gradients of its own);
 * begun half as strong with each wave in a channel of its own, they were left out before a word for a place was learned.
 */
final class Places {
    private static final double STRENGTH = 4;

    private Places() {}

    /** @return [channels, side, side] */
    static float[] of(int channels, int side, long seed) {
        float[] waves = waves(channels, side);
        double[][] rotation = rotation(channels, new Random(seed));
        int places = side * side;
        float[] turned = new float[waves.length];
        for (int to = 0; to < channels; to++) {
            for (int place = 0; place < places; place++) {
                double sum = 0;
                for (int from = 0; from < channels; from++) {
                    sum += rotation[to][from] * waves[from * places + place];
                }
                turned[to * places + place] = (float) sum;
            }
        }
        return turned;
    }

    /**
     * Sines and cosines of the row in the first half of the channels and of the column in the second, from a quarter wave over the
     * picture to a whole one.
     */
    private static float[] waves(int channels, int side) {
        float[] values = new float[channels * side * side];
        int half = (channels + 1) / 2;
        int waves = (half + 1) / 2;
        for (int c = 0; c < channels; c++) {
            boolean row = c < half;
            int i = row ? c : c - half;
            double cycles = 0.25 * StrictMath.pow(4, (double) (i / 2) / Math.max(1, waves - 1));
            for (int y = 0; y < side; y++) {
                for (int x = 0; x < side; x++) {
                    double angle = 2 * Math.PI * cycles * ((row ? y : x) + 0.5) / side;
                    double wave = i % 2 == 0 ? StrictMath.sin(angle) : StrictMath.cos(angle);
                    values[(c * side + y) * side + x] = (float) (STRENGTH * wave);
                }
            }
        }
        return values;
    }

    /** Orthonormal rows: normally distributed ones, made so by Gram and Schmidt's process. */
    private static double[][] rotation(int size, Random random) {
        double[][] rows = new double[size][size];
        for (int i = 0; i < size; i++) {
            for (int k = 0; k < size; k++) {
                rows[i][k] = random.nextGaussian();
            }
            for (int before = 0; before < i; before++) {
                double shared = dot(rows[i], rows[before]);
                for (int k = 0; k < size; k++) {
                    rows[i][k] -= shared * rows[before][k];
                }
            }
            double norm = Math.sqrt(dot(rows[i], rows[i]));
            for (int k = 0; k < size; k++) {
                rows[i][k] /= norm;
            }
        }
        return rows;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int k = 0; k < a.length; k++) {
            sum += a[k] * b[k];
        }
        return sum;
    }
}
