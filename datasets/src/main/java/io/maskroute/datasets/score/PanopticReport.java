package io.maskroute.datasets.score;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.maskroute.datasets.metrics.PanopticQuality;
import io.maskroute.datasets.metrics.Score;
import java.util.List;
import java.util.SortedMap;

/**
 * Panoptic quality.
 *
 * @param all null when no category has a segment, as {@code things} and {@code stuff} of theirs
 * @param perClass by category id, all of the truth's; empty when {@code all} is null
 * @param stat what the figures are made of, by category id, of those with a segment
 */
public record PanopticReport(
        String format,
        List<Score> scores,
        @JsonProperty("All") PanopticQuality.Mean all,
        @JsonProperty("Things") PanopticQuality.Mean things,
        @JsonProperty("Stuff") PanopticQuality.Mean stuff,
        @JsonProperty("per_class") SortedMap<Long, PanopticQuality.Quality> perClass,
        SortedMap<Long, Stat> stat,
        long images,
        List<String> notes)
        implements ScoreReport {
    /** Pairs, predictions without a truth, truths without a prediction, and the sum of the pairs' IoUs. */
    public record Stat(long tp, long fp, long fn, @JsonProperty("iou_sum") double iouSum) {}
}
