package io.maskroute.job.report;

import io.maskroute.datasets.metrics.Score;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Everything a report shows. All texts are shown as they are, whatever they contain.
 *
 * @param title what was run, such as the dataset's name
 * @param notes what a reader must know before believing any figure; shown as a banner at the top
 * @param scores figures of every task with ground truth, each with what it must be compared by; those of a task together
 * @param run what ran, label to value, in the order shown: fingerprints, device, dtype, versions, protocol, ground-truth raster;
 *     what has no value is left out
 * @param config the whole configuration as text, or null; the caller has removed credentials
 * @param calibration how the routing adapter was made; null without one, or when that is not known
 * @param iouHistogram scored prompts by IoU, in ten bins of equal width from 0 to 1; empty without ground truth
 * @param gallery the first {@link ReportWriter#GALLERY_LIMIT} are shown
 */
public record ReportData(
        String title,
        List<String> notes,
        RunFigures figures,
        List<Score> scores,
        Map<String, String> run,
        String config,
        List<FailureGroup> failures,
        CalibrationFigures calibration,
        List<Long> iouHistogram,
        List<GalleryItem> gallery) {
    public ReportData {
        Objects.requireNonNull(title);
        Objects.requireNonNull(figures);
        notes = List.copyOf(notes);
        scores = List.copyOf(scores);
        Map<String, String> known = new LinkedHashMap<>(run);
        known.values().removeIf(Objects::isNull);
        run = Collections.unmodifiableMap(known);
        failures = List.copyOf(failures);
        iouHistogram = List.copyOf(iouHistogram);
        gallery = List.copyOf(gallery);
    }

    /**
     * Failed prompts that failed alike.
     *
     * @param stage see {@link io.maskroute.core.error.Stage#label()}
     * @param kind see {@link io.maskroute.core.error.RowFailure#kind()}
     * @param exampleMessage the message of one of them
     * @param examplePromptId that one's prompt
     */
    public record FailureGroup(String stage, String kind, long count, String exampleMessage, String examplePromptId) {
        public FailureGroup {
            Objects.requireNonNull(stage);
            Objects.requireNonNull(kind);
            Objects.requireNonNull(examplePromptId);
            exampleMessage = Objects.requireNonNullElse(exampleMessage, "");
        }
    }
}
