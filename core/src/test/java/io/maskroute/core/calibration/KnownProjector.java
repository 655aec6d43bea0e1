package io.maskroute.core.calibration;

import static io.maskroute.core.calibration.DefinedSums.D;
import static io.maskroute.core.calibration.DefinedSums.add;
import static io.maskroute.core.calibration.DefinedSums.dot;
import static io.maskroute.core.calibration.DefinedSums.empty;
import static io.maskroute.core.calibration.DefinedSums.minus;

import java.util.Map;
import java.util.Random;

/** A random projector, and data around it. */
final class KnownProjector {
    static final int RANK = 3;
    static final int DELTA_RANK = 2;

    private final Random random;
    private final double[] scale;
    private final double[][] mix;
    private final double[][] a;
    private final double[][] jacobian;
    private final double[] bias;

    KnownProjector(long seed) {
        random = new Random(seed);
        scale = random.doubles(D, 0.5, 1.5).toArray();
        mix = product(matrix(D, D), matrix(D, D), 0.1);
        a = product(matrix(D, RANK), matrix(RANK, D), 0.3);
        jacobian = product(matrix(D, DELTA_RANK), matrix(DELTA_RANK, D), 0.5);
        bias = gaussian();
    }

    double[] z() {
        double[] z = gaussian();
        double[] mixed = times(mix, z);
        for (int i = 0; i < D; i++) {
            z[i] += mixed[i] + 0.3;
        }
        return z;
    }

    /** Correlated with z, as the change of a token's input is with its proxy's. */
    double[] delta(double[] z) {
        double[] delta = gaussian();
        for (int i = 0; i < D; i++) {
            delta[i] -= 0.2 * z[i];
        }
        return delta;
    }

    double[] change(double[] z, double[] delta) {
        double[] low = times(a, z);
        double[] first = times(jacobian, delta);
        double[] y = new double[D];
        for (int i = 0; i < D; i++) {
            y[i] = scale[i] * z[i] + low[i] + first[i] + bias[i];
        }
        return y;
    }

    Map<String, double[]> sums(int count, double noise) {
        return samples(count, noise).sums();
    }

    Samples samples(int count, double noise) {
        double[][][] rows = new double[count][][];
        for (int i = 0; i < count; i++) {
            double[] z = z();
            double[] delta = delta(z);
            double[] y = change(z, delta);
            for (int c = 0; c < D; c++) {
                y[c] += noise * random.nextGaussian();
            }
            rows[i] = new double[][] {z, delta, y};
        }
        return new Samples(rows);
    }

    record Samples(double[][][] rows) {
        Map<String, double[]> sums() {
            Map<String, double[]> sums = empty();
            for (double[][] row : rows) {
                add(sums, row[0], row[1], row[2]);
            }
            sums.get("rest")[2] = 7.0 * rows.length;
            return sums;
        }

        double energy() {
            double sum = 0;
            for (double[][] row : rows) {
                sum += dot(row[2], row[2]);
            }
            return sum;
        }

        double error(FittedProjector projector) {
            double sum = 0;
            for (double[][] row : rows) {
                double[] off = minus(apply(projector, row[0], row[1]), row[2]);
                sum += dot(off, off);
            }
            return sum / energy();
        }
    }

    private double[] gaussian() {
        return random.doubles(D, -1.7, 1.7).toArray();
    }

    private double[][] matrix(int rows, int columns) {
        double[][] matrix = new double[rows][];
        for (int i = 0; i < rows; i++) {
            matrix[i] = random.doubles(columns, -1, 1).toArray();
        }
        return matrix;
    }

    /** What a fitted projector makes of a follower. */
    static double[] apply(FittedProjector p, double[] z, double[] delta) {
        double[] y = new double[D];
        for (int i = 0; i < D; i++) {
            y[i] = p.scale()[i] * z[i] + p.bias()[i];
        }
        lowRank(y, p.up(), p.down(), z);
        lowRank(y, p.deltaUp(), p.deltaDown(), delta);
        return y;
    }

    private static void lowRank(double[] y, float[] up, float[] down, double[] x) {
        int rank = down.length / D;
        for (int r = 0; r < rank; r++) {
            double low = 0;
            for (int i = 0; i < D; i++) {
                low += down[r * D + i] * x[i];
            }
            for (int i = 0; i < D; i++) {
                y[i] += up[i * rank + r] * low;
            }
        }
    }

    private static double[][] product(double[][] a, double[][] b, double by) {
        double[][] product = new double[a.length][b[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < b[0].length; j++) {
                for (int k = 0; k < b.length; k++) {
                    product[i][j] += by * a[i][k] * b[k][j];
                }
            }
        }
        return product;
    }

    private static double[] times(double[][] a, double[] x) {
        double[] y = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            y[i] = dot(a[i], x);
        }
        return y;
    }
}
