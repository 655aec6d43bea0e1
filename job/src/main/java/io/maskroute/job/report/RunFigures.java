package io.maskroute.job.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The figures of a run. What was not measured is null and is left out of the report.
 *
 * @param images rows of the input
 * @param prompts prompts of the input: {@code ok + failed}
 * @param quality null without ground truth
 * @param promptsPerSecond prompts finished by the whole job per second of wall time
 */
public record RunFigures(
        long images,
        long prompts,
        long ok,
        long failed,
        Quality quality,
        Latency latency,
        Flops flops,
        Double promptsPerSecond) {

    /**
     * Agreement with the ground truth, as fractions of 1.
     *
     * @param samples prompts that were scored
     * @param cIoU cumulative IoU: sum of intersections over sum of unions
     * @param gIoU mean of the prompts' IoU
     * @param precisionAt IoU threshold to the share of prompts that reach it
     * @param verdicts null when every prompt has a target
     */
    public record Quality(
            long samples, double cIoU, double gIoU, SortedMap<Double, Double> precisionAt, Verdicts verdicts) {
        public Quality {
            precisionAt = Collections.unmodifiableSortedMap(new TreeMap<>(precisionAt));
        }
    }

    /**
     * Whether there is anything to segment, as gRefCOCO counts it.
     *
     * @param noTarget prompts without target
     * @param noTargetAccuracy share of those whose answer is empty
     * @param targetAccuracy share of the others whose answer is not
     */
    public record Verdicts(long noTarget, double noTargetAccuracy, double targetAccuracy) {}

    /**
     * Milliseconds per prompt; work shared between prompts is divided over them.
     *
     * @param stageMeansMs stage name to mean, in the order of the pipeline
     */
    public record Latency(double p50Ms, double p95Ms, Map<String, Double> stageMeansMs) {
        public Latency {
            stageMeansMs = Collections.unmodifiableMap(new LinkedHashMap<>(stageMeansMs));
        }
    }

    /**
     * Mean FLOPs per prompt, 2 per multiply-add.
     *
     * @param llm the LLM as run, with routing and sharing
     * @param llmDense the LLM for each prompt alone, unrouted and unshared
     * @param vision Swin and projector
     * @param decoder pixel and mask decoder
     * @param llmAlone the LLM for each prompt alone, with routing
     */
    public record Flops(double llm, double llmDense, double vision, double decoder, double llmAlone) {
        /** What routing and sharing left of the LLM's work, as a fraction of 1; NaN when there was none. */
        public double llmRatio() {
            return llmDense > 0 ? llm / llmDense : Double.NaN;
        }

        /** What routing alone left of it. */
        public double llmAloneRatio() {
            return llmDense > 0 ? llmAlone / llmDense : Double.NaN;
        }
    }
}
