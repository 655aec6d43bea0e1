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
 */
public record ModelOptions(String path, String routing, String dtype, String device, boolean allowPartial)
        implements Serializable {
    /** The routing that changes nothing. */
    public static final String DENSE = "dense";

    /** The device that Spark gave the executor. */
    private static final String ASSIGNED = "gpu";

    /** Whether Spark decides which device it is. */
    public boolean isAssignedDevice() {
        return device.equals(ASSIGNED);
    }

    public ModelOptions onDevice(String actual) {
        return new ModelOptions(path, routing, dtype, actual, allowPartial);
    }
}
