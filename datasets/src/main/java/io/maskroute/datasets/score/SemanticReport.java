package io.maskroute.datasets.score;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.maskroute.datasets.metrics.Score;
import java.util.List;
import java.util.SortedMap;

/** Semantic segmentation by the rules of two evaluation codes. */
public record SemanticReport(
        String format,
        List<Score> scores,
        Detectron2 detectron2,
        Mmsegmentation mmsegmentation,
        @JsonProperty("per_class") SortedMap<Integer, ClassIou> perClass,
        long images,
        List<String> notes)
        implements ScoreReport {
    /**
     * Fractions; null where no pixel counts.
     *
     * @param iou by class; null of those that the truth does not have
     */
    public record Detectron2(
            @JsonProperty("mIoU") Double meanIou,
            @JsonProperty("fwIoU") Double frequencyWeightedIou,
            @JsonProperty("mACC") Double meanAccuracy,
            @JsonProperty("pACC") Double pixelAccuracy,
            List<Double> iou) {}

    /**
     * Fractions; null where no pixel counts.
     *
     * @param iou by class; null of those that neither truth nor prediction have
     */
    public record Mmsegmentation(
            @JsonProperty("mIoU") Double meanIou, @JsonProperty("aAcc") Double accuracy, List<Double> iou) {}

    /** @param iou null where neither truth nor prediction have the class */
    public record ClassIou(@JsonProperty("IoU") Double iou) {}
}
