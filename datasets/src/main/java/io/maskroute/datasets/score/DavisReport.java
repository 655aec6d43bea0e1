package io.maskroute.datasets.score;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.maskroute.datasets.metrics.Score;
import java.util.List;
import java.util.SortedMap;

/**
 * J and F of video objects.
 *
 * @param perObject by sequence and the object's number
 * @param global the mean over all objects
 */
public record DavisReport(
        String format,
        List<Score> scores,
        @JsonProperty("per_object") SortedMap<String, SortedMap<Integer, JAndF>> perObject,
        Global global,
        long sequences,
        List<String> notes)
        implements ScoreReport {
    /** Mean, recall and decay of J and F, fractions. */
    public record JAndF(
            @JsonProperty("JM") double jMean,
            @JsonProperty("JR") double jRecall,
            @JsonProperty("JD") double jDecay,
            @JsonProperty("FM") double fMean,
            @JsonProperty("FR") double fRecall,
            @JsonProperty("FD") double fDecay) {}

    /** @param both mean of {@code jMean} and {@code fMean}; null, as the others, without an object */
    public record Global(
            @JsonProperty("JM") Double jMean,
            @JsonProperty("JR") Double jRecall,
            @JsonProperty("JD") Double jDecay,
            @JsonProperty("FM") Double fMean,
            @JsonProperty("FR") Double fRecall,
            @JsonProperty("FD") Double fDecay,
            @JsonProperty("JF") Double both) {}
}
