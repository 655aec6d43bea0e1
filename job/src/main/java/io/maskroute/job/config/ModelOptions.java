package io.maskroute.job.config;

import java.io.Serializable;

/**
 * Which model runs, and how.
 *
 * @param path model folder
 * @param routing {@link #DENSE}, a {@code routing.json}, or an adapter folder
 * @param dtype {@code fp32} or {@code bf16}
 * @param device {@code cpu}, {@code cuda:N}, or {@code gpu} (the one Spark assigned)
 * @param allowPartial go on when weights are missing or left over
 * @param minScore of a mask, 0 to 1; below it the answer is empty. Null for what the model's own config.json says
 */
public record ModelOptions(
        String path, String routing, String dtype, String device, boolean allowPartial, Double minScore)
        implements Serializable {
    /** The routing that changes nothing. */
    public static final String DENSE = "dense";

    /** The device that Spark gave the executor. */
    private static final String ASSIGNED = "gpu";

    /** With the model's own least score of a mask. */
    public ModelOptions(String path, String routing, String dtype, String device, boolean allowPartial) {
        this(path, routing, dtype, device, allowPartial, null);
    }

    /** Whether Spark decides which device it is. */
    public boolean isAssignedDevice() {
        return device.equals(ASSIGNED);
    }

    public ModelOptions onDevice(String actual) {
        return new ModelOptions(path, routing, dtype, actual, allowPartial, minScore);
    }

    /** The same model from other places. */
    public ModelOptions at(String newPath, String newRouting) {
        return new ModelOptions(newPath, newRouting, dtype, device, allowPartial, minScore);
    }
}
