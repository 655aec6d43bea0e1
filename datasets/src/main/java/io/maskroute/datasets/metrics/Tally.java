package io.maskroute.datasets.metrics;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;

/** What all referring metrics are made of: whole numbers, so that any order of samples and merges gives the same. */
final class Tally implements Serializable {
    /** Thresholds of Pr@X in tenths. */
    private static final int[] TENTHS = {5, 6, 7, 8, 9};

    private long samples;
    private long intersection;
    private long union;
    private final RatioSum ious = new RatioSum();
    private final long[] passed = new long[TENTHS.length];

    void add(long sampleIntersection, long sampleUnion, double iou) {
        samples++;
        intersection += sampleIntersection;
        union += sampleUnion;
        ious.add(iou);
        for (int t = 0; t < TENTHS.length; t++) {
            // In whole numbers: an IoU of exactly the threshold passes.
            boolean passes = sampleUnion > 0 ? 10 * sampleIntersection >= TENTHS[t] * sampleUnion : iou == 1;
            passed[t] += passes ? 1 : 0;
        }
    }

    void merge(Tally other) {
        samples += other.samples;
        intersection += other.intersection;
        union += other.union;
        ious.add(other.ious);
        for (int t = 0; t < passed.length; t++) {
            passed[t] += other.passed[t];
        }
    }

    long samples() {
        return samples;
    }

    ReferringScores scores() {
        return new ReferringScores(
                samples, intersection, union, ratio(intersection, union), ratio(ious.value(), samples), precision());
    }

    List<Double> precision() {
        return Arrays.stream(passed).mapToObj(n -> ratio(n, samples)).toList();
    }

    static double ratio(double part, long whole) {
        return whole == 0 ? 0 : part / whole;
    }
}
