package io.maskroute.datasets.metrics;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Accumulates the figures of six evaluation codes side by side, from the same evidence. Any order and merges give the same to
 * the last bit. Not safe for several threads at once.
 */
public final class ReferringFormulas implements Serializable {
    private static final List<Metric> PRECISION = List.of(
            Metric.PRECISION_50, Metric.PRECISION_60, Metric.PRECISION_70, Metric.PRECISION_80, Metric.PRECISION_90);

    /** LISA's formula, which PSALM's is too. */
    private final ReferringMetrics lisa = new ReferringMetrics(ReferringRules.DEFAULT);

    private final ReferringMetrics lavt =
            new ReferringMetrics(new ReferringRules(EmptyUnion.ZERO, MissingPrediction.COUNTED));
    private final ReferringMetrics sa2va =
            new ReferringMetrics(new ReferringRules(EmptyUnion.ONE, MissingPrediction.LEFT_OUT_OF_CIOU));
    private final GeneralisedReferringMetrics rela = new GeneralisedReferringMetrics(GeneralisedRules.RELA);
    private final GeneralisedReferringMetrics gsva = new GeneralisedReferringMetrics(GeneralisedRules.GSVA);

    /** Whose code computes it so. */
    public enum Formula {
        LISA("lisa"),
        PSALM("psalm"),
        LAVT("lavt"),
        SA2VA("sa2va"),
        RELA("rela"),
        GSVA("gsva");

        private final String label;

        Formula(String label) {
            this.label = label;
        }

        public String label() {
            return label;
        }
    }

    /**
     * One expression. Pixels of an ignore region are in none of the counts.
     *
     * @param intersection pixels that prediction and truth have
     * @param union pixels that either has
     * @param truthArea pixels of the truth
     * @param answered whether there is a prediction at all; it may be that there is nothing
     * @param hasMask whether a mask came out, with pixels or without
     * @param noTarget whether the annotation says that the expression has no target
     * @param rejected whether the model says so
     */
    public record Evidence(
            long intersection,
            long union,
            long truthArea,
            boolean answered,
            boolean hasMask,
            boolean noTarget,
            boolean rejected) {}

    /**
     * What one formula makes of it.
     *
     * @param precision Pr@X for {@link ReferringScores#THRESHOLDS}; by ReLA's and GSVA's over the expressions with a target
     * @param noTargetAccuracy null of formulas that know no rejection, as {@code targetAccuracy}
     */
    public record Figures(
            Formula formula,
            ReferringScores overall,
            List<Double> precision,
            Double noTargetAccuracy,
            Double targetAccuracy) {
        private static Figures of(Formula formula, ReferringMetrics metrics) {
            ReferringScores scores = metrics.scores();
            return new Figures(formula, scores, scores.precision(), null, null);
        }

        private static Figures of(Formula formula, GeneralisedReferringMetrics metrics) {
            GeneralisedScores scores = metrics.scores();
            return new Figures(
                    formula,
                    scores.overall(),
                    scores.targetPrecision(),
                    scores.noTargetAccuracy(),
                    scores.targetAccuracy());
        }

        /** Pr@X by X. */
        public Map<String, Double> precisionByThreshold() {
            Map<String, Double> byThreshold = new LinkedHashMap<>();
            for (int t = 0; t < precision.size(); t++) {
                byThreshold.put(ReferringScores.THRESHOLDS.get(t).toString(), precision.get(t));
            }
            return byThreshold;
        }

        /** As values; the other arguments as in {@link Score}. */
        public List<Score> scores(String task, String protocol, String raster, boolean comparable) {
            Score.Conditions conditions = new Score.Conditions(task, formula.label(), protocol, raster, comparable);
            List<Score> scores = new ArrayList<>();
            scores.add(conditions.score(Metric.CIOU, overall.cIoU(), overall.samples()));
            scores.add(conditions.score(Metric.GIOU, overall.gIoU(), overall.samples()));
            for (int t = 0; t < precision.size(); t++) {
                scores.add(conditions.score(PRECISION.get(t), precision.get(t), overall.samples()));
            }
            if (noTargetAccuracy != null) {
                scores.add(conditions.score(Metric.NO_TARGET_ACCURACY, noTargetAccuracy, overall.samples()));
                scores.add(conditions.score(Metric.TARGET_ACCURACY, targetAccuracy, overall.samples()));
            }
            return scores;
        }
    }

    public void add(Evidence sample) {
        add(lisa, sample, sample.answered);
        add(lavt, sample, sample.answered);
        add(sa2va, sample, sample.hasMask);
        rela.add(sample.intersection, sample.union, sample.truthArea, sample.noTarget, sample.rejected);
        gsva.add(sample.intersection, sample.union, sample.truthArea, sample.noTarget, sample.rejected);
    }

    private static void add(ReferringMetrics metrics, Evidence sample, boolean counts) {
        if (counts) {
            metrics.add(sample.intersection, sample.union);
        } else {
            metrics.addMissing(sample.truthArea);
        }
    }

    /** Takes in all samples of {@code other}, which stays as it is. */
    public void merge(ReferringFormulas other) {
        lisa.merge(other.lisa);
        lavt.merge(other.lavt);
        sa2va.merge(other.sa2va);
        rela.merge(other.rela);
        gsva.merge(other.gsva);
    }

    public Figures of(Formula formula) {
        return switch (formula) {
            case LISA, PSALM -> Figures.of(formula, lisa);
            case LAVT -> Figures.of(formula, lavt);
            case SA2VA -> Figures.of(formula, sa2va);
            case RELA -> Figures.of(formula, rela);
            case GSVA -> Figures.of(formula, gsva);
        };
    }
}
