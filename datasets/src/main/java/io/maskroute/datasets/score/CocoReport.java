package io.maskroute.datasets.score;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.maskroute.datasets.metrics.Score;
import java.util.List;
import java.util.SortedMap;

/**
 * COCO's average precision of masks.
 *
 * @param stats in pycocotools' order: AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100, ARs, ARm, ARl; -1 without truth
 * @param perClass by category id, all of the truth's
 */
public record CocoReport(
        String format,
        List<Score> scores,
        List<Double> stats,
        @JsonProperty("per_class") SortedMap<Long, ClassAp> perClass,
        long images,
        long truths,
        long predictions,
        List<String> notes)
        implements ScoreReport {
    /** @param ap -1 without truth */
    public record ClassAp(@JsonProperty("AP") double ap) {}
}
