package io.maskroute.job.config;

import io.maskroute.core.checkpoint.WeightsRounding;
import io.maskroute.core.model.SegmenterOptions;
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
        Double minScore,
        int maxMasks)
        implements Serializable {
    /** The routing that changes nothing. */
    public static final String DENSE = "dense";

    /** The dtype that follows from the device, and the device that is there. */
    public static final String AUTO = "auto";

    /** For {@code device}: a GPU. */
    public static final String GPU = "gpu";

    /** With weights as they are stored and the model's own least score of a mask. */
    public ModelOptions(String path, String routing, String dtype, String device, boolean allowPartial) {
        this(path, routing, dtype, device, allowPartial, WeightsRounding.NONE, false, null, Integer.MAX_VALUE);
    }

    public ModelOptions onDevice(String actual) {
        return new ModelOptions(path, routing, dtype, actual, allowPartial, weightsRounding, tf32, minScore, maxMasks);
    }

    /** The same model from other places. */
    public ModelOptions at(String newPath, String newRouting) {
        return new ModelOptions(
                newPath, newRouting, dtype, device, allowPartial, weightsRounding, tf32, minScore, maxMasks);
    }

    public ModelOptions withDtype(String settled) {
        return new ModelOptions(
                path, routing, settled, device, allowPartial, weightsRounding, tf32, minScore, maxMasks);
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
        if (minScore != null) {
            settings.setMinScore(minScore);
        }
        return settings;
    }
}
