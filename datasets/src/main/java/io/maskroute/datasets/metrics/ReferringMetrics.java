package io.maskroute.datasets.metrics;

import java.io.Serializable;
import java.util.Objects;

/**
 * Accumulates cIoU, gIoU and Pr@X over samples, each an expression with one prediction and one truth. Not safe for
 * several threads at once; give each its own and merge them.
 *
 * <p>Where the truth has an ignore region, take its pixels out of prediction and truth before counting.
 */
public final class ReferringMetrics implements Serializable {
    private final ReferringRules rules;
    private final Tally tally = new Tally();

    public ReferringMetrics(ReferringRules rules) {
        this.rules = Objects.requireNonNull(rules);
    }

    /**
     * @param intersection pixels that both prediction and truth have
     * @param union pixels that either has
     */
    public void add(long intersection, long union) {
        tally.add(intersection, union, rules.emptyUnion().iou(intersection, union));
    }

    /**
     * A sample for which no mask came out; its IoU is 0.
     *
     * @param truthArea pixels of the truth
     */
    public void addMissing(long truthArea) {
        boolean counted = rules.missingPrediction() == MissingPrediction.COUNTED;
        tally.add(0, counted ? truthArea : 0, 0);
    }

    /** Takes in all samples of {@code other}, which stays as it is. */
    public void merge(ReferringMetrics other) {
        if (!rules.equals(other.rules)) {
            throw new IllegalArgumentException("cannot merge metrics under " + rules + " and " + other.rules);
        }
        tally.merge(other.tally);
    }

    public ReferringRules rules() {
        return rules;
    }

    public ReferringScores scores() {
        return tally.scores();
    }
}
