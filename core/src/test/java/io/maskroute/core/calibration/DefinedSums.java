package io.maskroute.core.calibration;

import java.util.HashMap;
import java.util.Map;

/** The sums of {@link FollowerSums}, written out for one follower after the other, with the vectors' arithmetic. */
final class DefinedSums {
    /** Channels. */
    static final int D = 12;

    private DefinedSums() {}

    static Map<String, double[]> empty() {
        Map<String, double[]> sums = new HashMap<>();
        for (String name : new String[] {"zz", "zd", "zy", "dd", "dy"}) {
            sums.put(name, new double[D * D]);
        }
        for (String name : new String[] {"z", "d", "y", "yy"}) {
            sums.put(name, new double[D]);
        }
        sums.put("rest", new double[3]);
        return sums;
    }

    static void add(Map<String, double[]> sums, double[] z, double[] delta, double[] y) {
        outer(sums.get("zz"), z, z);
        outer(sums.get("zd"), z, delta);
        outer(sums.get("zy"), z, y);
        outer(sums.get("dd"), delta, delta);
        outer(sums.get("dy"), delta, y);
        for (int i = 0; i < D; i++) {
            sums.get("z")[i] += z[i];
            sums.get("d")[i] += delta[i];
            sums.get("y")[i] += y[i];
            sums.get("yy")[i] += y[i] * y[i];
        }
        sums.get("rest")[0]++;
    }

    private static void outer(double[] sum, double[] a, double[] b) {
        for (int i = 0; i < D; i++) {
            for (int j = 0; j < D; j++) {
                sum[i * D + j] += a[i] * b[j];
            }
        }
    }

    static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    static double[] minus(double[] a, double[] b) {
        double[] difference = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            difference[i] = a[i] - b[i];
        }
        return difference;
    }
}
