package io.maskroute.job.config;

import io.maskroute.core.checkpoint.WeightsRounding;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.model.SegmenterOptions;
import io.maskroute.core.task.AnswerRule;
import io.maskroute.datasets.schema.DatasetManifest;
import java.io.Serializable;
import java.util.Locale;

/**
 * Which model runs, and how.
 *
 * @param path model folder
 * @param routing {@link #DENSE}, a {@code routing.json}, or an adapter folder
 * @param dtype {@code fp32}, {@code bf16}, {@code fp16}, or {@link #AUTO}
 * @param device {@code cpu}, {@code cuda:N} or several as {@code cuda:N,M}, {@code gpu} (those that Spark assigned, in one JVM those
 *     of the machine), or {@link #AUTO} (the same where there are any, else the CPU)
 * @param allowPartial go on when weights are missing or have another shape
 * @param weightsRounding what the stored weights are rounded to first
 * @param tf32 whether a GPU may round the factors of fp32 products to TF32
 * @param answer to a referring prompt: {@link #BEST} or {@link #UNION}; null for what the dataset says
 * @param answerThreshold that a mask has to score more than for {@link #UNION}; null for what the dataset says, or PSALM's
 * @param minScore of a mask, 0 to 1; below it there is none. Null for what the model's own config.json says
 * @param maxMasks of a prompt, the best ones
 */
public record ModelOptions(
        String path,
        String routing,
        String dtype,
        String device,
        boolean allowPartial,
        WeightsRounding weightsRounding,
        boolean tf32,
        String answer,
        Double answerThreshold,
        Double minScore,
        int maxMasks)
        implements Serializable {
    /** The routing that changes nothing. */
    public static final String DENSE = "dense";

    /** The dtype that follows from the device, and the device that is there. */
    public static final String AUTO = "auto";

    /** For {@code device}: a GPU. */
    public static final String GPU = "gpu";

    /** For {@code answer}: the mask that scores highest. */
    public static final String BEST = "best";

    /** For {@code answer}: all masks that score more than a threshold, together. */
    public static final String UNION = "union";

    /** With weights as they are stored and the model's own least score of a mask. */
    public ModelOptions(String path, String routing, String dtype, String device, boolean allowPartial) {
        this(
                path,
                routing,
                dtype,
                device,
                allowPartial,
                WeightsRounding.NONE,
                false,
                null,
                null,
                null,
                Integer.MAX_VALUE);
    }

    public ModelOptions onDevice(String actual) {
        return new ModelOptions(
                path,
                routing,
                dtype,
                actual,
                allowPartial,
                weightsRounding,
                tf32,
                answer,
                answerThreshold,
                minScore,
                maxMasks);
    }

    /** The same model from other places. */
    public ModelOptions at(String newPath, String newRouting) {
        return new ModelOptions(
                newPath,
                newRouting,
                dtype,
                device,
                allowPartial,
                weightsRounding,
                tf32,
                answer,
                answerThreshold,
                minScore,
                maxMasks);
    }

    public ModelOptions withDtype(String settled) {
        return new ModelOptions(
                path,
                routing,
                settled,
                device,
                allowPartial,
                weightsRounding,
                tf32,
                answer,
                answerThreshold,
                minScore,
                maxMasks);
    }

    /**
     * With the rule that a dataset's protocol scores, where none is asked for.
     *
     * @param ofDataset null where the dataset says nothing
     * @throws ConfigurationException when a threshold is asked for that no rule takes
     * @throws UnusableInputException when the dataset's rule is none
     */
    public ModelOptions answering(DatasetManifest.Answer ofDataset) {
        String rule = answer != null ? answer : ofDataset == null ? BEST : ofDataset.rule();
        if (rule == null || !rule.equals(BEST) && !rule.equals(UNION)) {
            throw new UnusableInputException("the dataset's " + DatasetManifest.FILE_NAME + " has the answer rule "
                    + rule + "; known are best and union: name one with --answer");
        }
        Double threshold = answerThreshold != null ? answerThreshold : ofDataset == null ? null : ofDataset.threshold();
        if (rule.equals(BEST)) {
            if (answerThreshold != null) {
                throw new ConfigurationException("an answer threshold of " + answerThreshold
                        + " has no meaning where the best mask is the answer: give --answer union with it");
            }
            threshold = null;
        } else if (threshold == null) {
            threshold = AnswerRule.PSALM_UNION;
        } else if (!(threshold >= 0 && threshold <= 1)) {
            throw new UnusableInputException("the dataset's " + DatasetManifest.FILE_NAME + " has the answer threshold "
                    + threshold + ", expected 0 to 1: name one with --answer-threshold");
        }
        return new ModelOptions(
                path, routing, dtype, device, allowPartial, weightsRounding, tf32, rule, threshold, minScore, maxMasks);
    }

    /** The threshold where the rule is {@link #UNION}; null where it is not. */
    public Double union() {
        return UNION.equals(answer) ? answerThreshold : null;
    }

    public ModelOptions withRouting(String other) {
        return at(path, other);
    }

    /**
     * How the model is opened, but for its routing.
     *
     * @throws IllegalStateException while the dtype is {@link #AUTO}: it is settled once for all executors of a run
     */
    public SegmenterOptions.Builder segmenter() {
        if (dtype.equals(AUTO)) {
            throw new IllegalStateException("the dtype of " + path + " is not settled");
        }
        SegmenterOptions.Builder settings = SegmenterOptions.builder()
                .setDevice(device)
                .setDtype(SegmenterOptions.Dtype.valueOf(dtype.toUpperCase(Locale.ROOT)))
                .setAllowPartial(allowPartial)
                .setWeightsRounding(weightsRounding)
                .setTf32(tf32)
                .setMaxMasks(maxMasks);
        if (union() != null) {
            settings.setUnion(union());
        }
        if (minScore != null) {
            settings.setMinScore(minScore);
        }
        return settings;
    }
}
