package io.maskroute.job.results;

import io.maskroute.datasets.metrics.GeneralisedReferringMetrics;
import io.maskroute.datasets.metrics.GeneralisedRules;
import io.maskroute.datasets.metrics.GeneralisedScores;
import io.maskroute.datasets.metrics.ReferringMetrics;
import io.maskroute.datasets.metrics.ReferringRules;
import io.maskroute.datasets.metrics.ReferringScores;
import java.io.Serializable;

/** The metrics of a run, had it left out the masks that score less than {@code minScore}. */
final class AnswerMetrics implements Serializable {
    private final double minScore;
    private final ReferringMetrics metrics;
    // Its IoUs are not used: those of this project's rules are.
    private final GeneralisedReferringMetrics verdicts = new GeneralisedReferringMetrics(GeneralisedRules.GSVA);

    AnswerMetrics(double minScore, ReferringRules rules) {
        this.minScore = minScore;
        this.metrics = new ReferringMetrics(rules);
    }

    /**
     * One prompt with ground truth.
     *
     * @param ok whether the model answered at all
     * @param predicted pixels of its mask, 0 when there is none
     * @param score of the mask; null when there is none or it has no score
     */
    record Answer(boolean ok, long intersection, long union, long predicted, Double score) {
        long truthArea() {
            return union + intersection - predicted;
        }
    }

    void add(Answer answer) {
        long truth = answer.truthArea();
        boolean kept = StoredScore.isEnough(answer.score(), minScore);
        if (!answer.ok()) {
            metrics.addMissing(truth);
        } else if (kept) {
            metrics.add(answer.intersection(), answer.union());
        } else {
            metrics.add(0, truth);
        }
        // A failed prompt is wrong whatever its truth, so that failing never raises a metric.
        boolean rejected = answer.ok() ? !kept || answer.predicted() == 0 : truth > 0;
        verdicts.add(answer.intersection(), answer.union(), truth, truth == 0, rejected);
    }

    void merge(AnswerMetrics other) {
        metrics.merge(other.metrics);
        verdicts.merge(other.verdicts);
    }

    double minScore() {
        return minScore;
    }

    ReferringScores scores() {
        return metrics.scores();
    }

    /** Of these, the accuracies and the counts of verdicts. */
    GeneralisedScores verdicts() {
        return verdicts.scores();
    }
}
