package io.maskroute.job.plan;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.math.BigInteger;
import java.util.Map;

/**
 * What {@code plan --json} writes. Names carry their units; shares are fractions of 1.
 *
 * @param format {@value #FORMAT}
 * @param time null without a bench result
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.ALWAYS)
public record PlanResult(
        int format,
        Dataset dataset,
        Model model,
        Routing routing,
        Tokens tokens,
        Flops flops,
        Memory memory,
        Time time) {
    static final int FORMAT = 1;
    static final String DROPPING = "none";

    /**
     * @param unusable prompts that will become failed rows, by reason, as far as that shows without their pictures
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Dataset(
            String path,
            long images,
            long imagesWithoutUsablePrompts,
            long prompts,
            long usablePrompts,
            Map<String, Long> unusable,
            double promptsPerImage,
            int mostPromptsPerImage) {}

    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Model(String path, long parameters, String dtype) {}

    /** @param projectors {@code adapter}, {@code untrained}, or {@code none} where image tokens are dropped */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Routing(String source, String projectors, int maskTokenLayer, int meanProxies) {}

    /**
     * Per prompt; text is shared and own together in {@code total}.
     *
     * @param sharedText before and after the image tokens, once per pass
     * @param passes of a picture and its prompts through the model
     * @param total over all prompts, each with its whole sequence
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Tokens(
            int image,
            int proxy,
            int mask,
            int sharedText,
            double ownTextMean,
            int ownTextP50,
            int ownTextP95,
            int ownTextMax,
            long passes,
            long total) {}

    /**
     * Totals over the usable prompts, 2 per multiply-add; {@code llm}, {@code llm_dense}, {@code vision} and {@code decoder} are
     * the sums of the columns that a run writes. Ten million prompts of PSALM's size are more than a {@code long} holds.
     *
     * @param llm routed and shared
     * @param llmDense each prompt alone and dense
     * @param llmDenseShared dense, with the same sharing
     * @param total of the run
     * @param totalDense each prompt alone and dense, with its own pass of the picture
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Flops(
            BigInteger llm,
            BigInteger llmDense,
            double llmRatio,
            BigInteger llmDenseShared,
            BigInteger vision,
            BigInteger decoder,
            BigInteger total,
            double totalDense) {}

    /**
     * Of an executor's device.
     *
     * @param images that go through the model together
     * @param prompts of theirs that run through the LLM at once
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Memory(
            int images,
            int prompts,
            long weightsBytes,
            long adapterBytes,
            long keysAndValuesBytes,
            long activationsBytes,
            long totalBytes) {}

    /**
     * Executors that work all the time have {@code executorHours} to do together; {@code hours} is longer where they wait for
     * pictures.
     *
     * @param bench file the speeds are from
     * @param benchImages that it ran together; 0 where it does not say
     * @param benchPrompts that shared a picture there
     * @param executors given, or the fewest that keep the deadline
     * @param llmHours and the next ones: of one executor's model
     * @param executorHours of one executor's model, all parts
     * @param preparation null when it was not measured
     * @param busyShare of its time that an executor's model has work, 0 to 1; 1 when preparation was not measured
     * @param hours with all executors
     * @param allocatedHours {@code executors * hours}
     * @param gpuHours the same where the speeds are a GPU's, else null
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Time(
            String bench,
            int benchImages,
            int benchPrompts,
            int executors,
            double llmHours,
            double visionHours,
            double decoderHours,
            double postprocessHours,
            double executorHours,
            Preparation preparation,
            double busyShare,
            double hours,
            double allocatedHours,
            Double gpuHours) {}

    /**
     * Decoding and resizing the dataset's pictures.
     *
     * @param run folder of the run that measured it
     * @param coreHours of one core
     * @param cores of an executor
     * @param coresToKeepBusy that its model would need
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Preparation(String run, double coreHours, int cores, int coresToKeepBusy) {}
}
