package io.maskroute.job.results;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.maskroute.datasets.metrics.Score;
import io.maskroute.job.scoring.TaskScores;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code summary.json}: the figures of a run. Ratios are fractions of 1.
 *
 * @param dataset and the eight after it: as in {@link RunConditions}; null in what older versions wrote
 * @param notes what a reader must know before believing any figure
 * @param minScore a prompt whose best mask scored less has none
 * @param images rows of the dataset
 * @param prompts {@code ok + failed}
 * @param failures alike ones together, the commonest first
 * @param lost parts of the dataset that could not be read; their prompts have no rows
 * @param metrics null without ground truth
 * @param scores the figures of every task with ground truth, each with what must be known to compare it
 * @param perClass of panoptic, semantic and instance prompts, by the class's id; by {@code SET/ID} where there are several class
 *     sets
 * @param byMinScore what larger least scores would give, in ascending order, beginning with {@code minScore}; null when no
 *     prompt is without target
 * @param latencyMs by stage, {@code work} and {@code total}, over the prompts that are ok; empty when there are none
 * @param flops null when no prompt is ok
 * @param throughput null when nothing ran, as in scoring stored predictions
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.ALWAYS)
public record RunSummary(
        String runId,
        String dataset,
        String model,
        String routing,
        String dtype,
        Boolean tf32,
        String weightsRounding,
        String protocol,
        String groundTruthRaster,
        String asPublished,
        List<String> notes,
        double minScore,
        long images,
        long imagesWithoutPrompts,
        long prompts,
        long ok,
        long failed,
        List<Failure> failures,
        List<Lost> lost,
        Metrics metrics,
        List<Score> scores,
        Map<String, TaskScores.OfClass> perClass,
        List<ByMinScore> byMinScore,
        Map<String, Latency> latencyMs,
        Flops flops,
        Throughput throughput) {
    /** In {@code latency_ms}: all stages together. */
    public static final String TOTAL = "total";
    /** In {@code latency_ms}: all stages but the queue, where a picture only waits for others. */
    public static final String WORK = "work";

    /** @throws io.maskroute.core.error.UnusableInputException when the folder holds no finished run */
    public static RunSummary read(RunFolder folder) {
        return folder.json(RunFolder.SUMMARY, RunSummary.class);
    }

    /** The second to the tenth component in one. */
    RunConditions conditions() {
        return new RunConditions(
                dataset, model, routing, dtype, tf32, weightsRounding, protocol, groundTruthRaster, asPublished);
    }

    public RunSummary {
        notes = List.copyOf(notes);
        failures = List.copyOf(failures);
        scores = scores == null ? List.of() : List.copyOf(scores);
        perClass = perClass == null ? Map.of() : new LinkedHashMap<>(perClass);
        lost = lost == null ? List.of() : List.copyOf(lost);
        latencyMs = new LinkedHashMap<>(latencyMs);
    }

    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Failure(String stage, String kind, long prompts, String examplePromptId, String exampleMessage) {}

    /**
     * Pictures that could not be read.
     *
     * @param file of the dataset
     * @param rowGroup of the file, from 0; null when nothing of it can be read
     * @param reason file, place, cause and remedy
     * @param pictures null where nobody knows
     * @param prompts null where nobody knows
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Lost(String file, Integer rowGroup, String reason, Long pictures, Long prompts) {}

    /**
     * Referring metrics. A failed prompt counts as an empty prediction.
     *
     * @param samples prompts that were scored
     * @param intersection sum over the samples, in pixels
     * @param union sum over the samples, in pixels
     * @param noTarget samples whose truth has no pixel
     * @param noTargetAccuracy share of those whose answer is empty, as gRefCOCO has it; null when there are none
     * @param targetAccuracy share of the others whose answer is not empty; null when {@code noTarget} is 0
     */
    public record Metrics(
            long samples,
            long intersection,
            long union,
            @JsonProperty("cIoU") double cIoU,
            @JsonProperty("gIoU") double gIoU,
            @JsonProperty("Pr@0.5") double pr50,
            @JsonProperty("Pr@0.6") double pr60,
            @JsonProperty("Pr@0.7") double pr70,
            @JsonProperty("Pr@0.8") double pr80,
            @JsonProperty("Pr@0.9") double pr90,
            @JsonProperty("no_target") long noTarget,
            @JsonProperty("N_acc") Double noTargetAccuracy,
            @JsonProperty("T_acc") Double targetAccuracy) {}

    /** Metrics as in {@link Metrics}, had masks with a score below {@code minScore} been left out. */
    public record ByMinScore(
            @JsonProperty("min_score") double minScore,
            @JsonProperty("cIoU") double cIoU,
            @JsonProperty("gIoU") double gIoU,
            @JsonProperty("N_acc") double noTargetAccuracy,
            @JsonProperty("T_acc") double targetAccuracy) {}

    /** Milliseconds; the percentiles are Spark's {@code percentile_approx}. */
    public record Latency(double p50, double p95, double mean) {}

    /**
     * Means per prompt, 2 per multiply-add.
     *
     * @param llmRatio sum of {@code llm} over sum of {@code llm_dense}
     * @param llmAlone each prompt alone under the run's routing: what is left is routing's work, not that of sharing
     * @param llmAloneRatio sum of {@code llm_alone} over sum of {@code llm_dense}
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Flops(
            double llm,
            double llmDense,
            double llmRatio,
            double vision,
            double decoder,
            double llmAlone,
            double llmAloneRatio) {}

    /**
     * Of the session that ended the run; what earlier ones did is not in it.
     *
     * @param seconds of the Spark jobs, start of the model included
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Throughput(double seconds, double imagesPerSecond, double promptsPerSecond) {}
}
