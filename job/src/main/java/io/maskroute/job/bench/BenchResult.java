package io.maskroute.job.bench;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import java.util.Map;

/**
 * What {@code bench --json} writes. Names carry their units; ratios and shares are fractions of 1; GFLOP are useful ones, as
 * {@code io.maskroute.core.flops} counts them.
 *
 * @param format {@value #FORMAT}
 * @param command as it was given
 * @param started ISO 8601
 * @param gemmGflopPerSecond best of a few products of square matrices in the model's dtype, once per pair: the machine's peak
 * @param pairs rounds that were run, the warm-up not counted
 * @param ratios of all parts
 * @param llm the LLM alone; null when it was not asked for
 * @param image whole pictures; null when they were not asked for
 * @param vision the vision stages of a picture; null without {@code image}
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.ALWAYS)
public record BenchResult(
        int format,
        List<String> command,
        String started,
        Machine machine,
        Model model,
        Routing routing,
        int pairs,
        int gemmSide,
        Spread gemmGflopPerSecond,
        List<Ratio> ratios,
        Part llm,
        Part image,
        List<VisionStage> vision,
        Memory memory) {
    public static final int FORMAT = 2;

    /** Names of {@link Run#parts}; the first is the LLM alone. */
    public static final String LLM = "llm";

    public static final String PIPELINE_LLM = "pipeline_llm";
    public static final String VISION = "vision";
    public static final String DECODER = "decoder";
    /** With the scores that the model gives; random weights give all masks alike, the worst case of post-processing. */
    public static final String PIPELINE = "pipeline";
    /** The same run with {@link #POSTPROCESS_SPREAD} in place of its post-processing. */
    public static final String PIPELINE_SPREAD = "pipeline_spread";

    /** Names of {@link Run#stageMillisPerPrompt}. */
    public static final String POSTPROCESS = "postprocess";
    /** The same masks with scores that differ as a trained model's do. Beside the run, not a part of it. */
    public static final String POSTPROCESS_SPREAD = "postprocess_spread";

    /**
     * @param threads asked for; 0 is PyTorch's choice
     * @param loadAverage of the last minute when the run began, null where the system tells none: what else the machine was
     *     doing
     * @param gpus models of the NVIDIA GPUs that the driver lists; empty where there is none
     * @param environment variables that change the speed of memory or threads
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Machine(
            int cores,
            String cpu,
            List<String> gpus,
            Long memoryBytes,
            String os,
            String java,
            String pytorch,
            int threads,
            Double loadAverage,
            Map<String, String> environment) {}

    /**
     * @param weights where they are from
     * @param textTokens of a prompt, mask tokens not included
     * @param text what they consist of
     * @param promptsPerImage of the shared runs
     * @param imagesPerCall pictures that run together
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Model(
            String weights,
            long parameters,
            String dtype,
            String device,
            int imageTokens,
            int textTokens,
            Text text,
            int maskTokens,
            int promptsPerImage,
            int imagesPerCall) {}

    /** Tokens before the image tokens, of the task, of the condition, and between it and the mask tokens. */
    public record Text(int prefix, int task, int condition, int suffix) {}

    /**
     * @param projectors {@code adapter}, {@code random}, {@code untrained}, or {@code no} where image tokens are dropped
     * @param llmFlopsShare of one prompt alone: routed FLOPs over dense ones
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Routing(
            String source, String projectors, int maskTokenLayer, int meanProxies, double llmFlopsShare) {}

    /** Runs of different kinds, taken in turn. */
    public record Part(List<Run> runs) {
        /** The run of this routing that shares most. */
        public Run mostShared(String routing) {
            return runs.stream()
                    .filter(run -> routing.equals(run.routing()))
                    .max(java.util.Comparator.comparingInt(Run::prompts))
                    .orElseThrow();
        }
    }

    /**
     * @param routing {@code dense} or {@code routed}
     * @param prompts that shared a picture's work
     * @param parts {@code llm}; of pictures {@code pipeline_llm}, {@code vision}, {@code decoder} and the whole {@code pipeline}, with
     *     either scores
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Run(
            String name,
            String routing,
            int prompts,
            Map<String, Spread> stageMillisPerPrompt,
            Map<String, Speed> parts) {}

    /** Time and work of a part of a run. */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Speed(Spread millisPerPrompt, double gflopPerPrompt, Spread gflopPerSecond, Spread shareOfGemmPeak) {}

    /**
     * One run against another, pair by pair.
     *
     * @param part of both, by its name in {@link Run#parts}
     * @param speedUp how many times faster {@code run} is than {@code against}
     * @param flopsShare FLOPs of {@code run} over those of {@code against}
     * @param conversion {@code speedUp * flopsShare}: the part of the saved work that shows as time
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Ratio(
            String run, String against, String part, Spread speedUp, double flopsShare, Spread conversion) {}

    /**
     * @param partOf the stage that this one is a part of, measured apart; null for a stage of its own
     * @param gflop null where it is not counted by itself
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record VisionStage(
            String stage, String partOf, Spread millis, Double gflop, Spread gflopPerSecond, Spread shareOfGemmPeak) {}

    /**
     * Null where the system tells no resident size.
     *
     * @param peakRssBeyondHeapBytes the most, for of the Java heap only what is in use is taken off
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Memory(
            Long rssAfterLoadBytes,
            Long rssAfterWarmUpBytes,
            Long rssAtEndBytes,
            Long peakRssBytes,
            long heapUsedBytes,
            long heapMaxBytes,
            Long peakRssBeyondHeapBytes) {}
}
