package io.maskroute.datasets.metrics;

import io.maskroute.datasets.metrics.GeneralisedRules.NoTarget;
import io.maskroute.datasets.metrics.GeneralisedRules.RejectedTarget;
import java.io.Serializable;
import java.util.Objects;

/**
 * Accumulates the metrics of gRefCOCO for models that give, beside a mask, a verdict whether the expression has a target
 * at all. Not safe for several threads at once.
 */
public final class GeneralisedReferringMetrics implements Serializable {
    private final GeneralisedRules rules;
    private final Tally all = new Tally();
    private final Tally targets = new Tally();
    private long truePositives;
    private long falsePositives;

    public GeneralisedReferringMetrics(GeneralisedRules rules) {
        this.rules = Objects.requireNonNull(rules);
    }

    /**
     * @param intersection pixels that both prediction and truth have
     * @param union pixels that either has
     * @param truthArea pixels of the truth
     * @param annotatedNoTarget whether the annotation says that the expression has no target
     * @param rejected whether the model says so
     */
    public void add(long intersection, long union, long truthArea, boolean annotatedNoTarget, boolean rejected) {
        double iou = EmptyUnion.ZERO.iou(intersection, union);
        boolean noTarget = rules.noTarget() == NoTarget.ANNOTATED ? annotatedNoTarget : truthArea == 0;
        if (noTarget) {
            truePositives += rejected ? 1 : 0;
            all.add(0, rejected ? 0 : union, rejected ? 1 : 0);
            return;
        }
        falsePositives += rejected ? 1 : 0;
        boolean voided = rejected && rules.rejectedTarget() == RejectedTarget.NOTHING;
        all.add(voided ? 0 : intersection, union, voided ? 0 : iou);
        targets.add(voided ? 0 : intersection, union, voided ? 0 : iou);
    }

    /** Takes in all samples of {@code other}, which stays as it is. */
    public void merge(GeneralisedReferringMetrics other) {
        if (!rules.equals(other.rules)) {
            throw new IllegalArgumentException("cannot merge metrics under " + rules + " and " + other.rules);
        }
        all.merge(other.all);
        targets.merge(other.targets);
        truePositives += other.truePositives;
        falsePositives += other.falsePositives;
    }

    public GeneralisedScores scores() {
        long noTargets = all.samples() - targets.samples();
        long trueNegatives = targets.samples() - falsePositives;
        return new GeneralisedScores(
                all.scores(),
                targets.precision(),
                Tally.ratio(truePositives, noTargets),
                noTargets == 0 ? 0 : Tally.ratio(trueNegatives, targets.samples()),
                truePositives,
                trueNegatives,
                falsePositives,
                noTargets - truePositives);
    }
}
