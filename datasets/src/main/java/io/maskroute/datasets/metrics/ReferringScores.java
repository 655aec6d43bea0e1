package io.maskroute.datasets.metrics;

import java.util.List;

/**
 * Metrics of a set of samples; all ratios in 0..1, and 0 where there is nothing to divide by.
 *
 * @param intersection sum over the samples, in pixels
 * @param union sum over the samples, in pixels
 * @param cIoU {@code intersection / union}; also called oIoU or overall IoU
 * @param gIoU mean of the samples' IoUs; also called mIoU or mean IoU
 * @param precision for each of {@link #THRESHOLDS} the share of samples whose IoU is at least that
 */
public record ReferringScores(
        long samples, long intersection, long union, double cIoU, double gIoU, List<Double> precision) {
    /** The X of Pr@X. */
    public static final List<Double> THRESHOLDS = List.of(0.5, 0.6, 0.7, 0.8, 0.9);
}
