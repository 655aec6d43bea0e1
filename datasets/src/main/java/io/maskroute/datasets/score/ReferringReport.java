package io.maskroute.datasets.score;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.maskroute.datasets.metrics.Score;
import java.util.List;
import java.util.Map;

/**
 * The figures of referring segmentation by the formulas of six evaluation codes, side by side.
 *
 * @param missing expressions without a line in the predictions
 */
public record ReferringReport(
        String format,
        List<Score> scores,
        Figures lisa,
        Figures psalm,
        Figures lavt,
        Figures sa2va,
        Figures rela,
        Figures gsva,
        long missing,
        List<String> notes)
        implements ScoreReport {
    /**
     * @param noTargetAccuracy null of codes that know no rejection, as {@code targetAccuracy}
     * @param precision Pr@X by X; of {@code rela} and {@code gsva} over the expressions with a target
     * @param intersection sum in pixels
     * @param union sum in pixels
     */
    @JsonInclude(JsonInclude.Include.ALWAYS)
    public record Figures(
            @JsonProperty("cIoU") double cIoU,
            @JsonProperty("gIoU") double gIoU,
            @JsonProperty("N_acc") Double noTargetAccuracy,
            @JsonProperty("T_acc") Double targetAccuracy,
            @JsonProperty("Pr") Map<String, Double> precision,
            long n,
            long intersection,
            long union) {}
}
