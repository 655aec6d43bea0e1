package io.maskroute.job.config;

import java.io.Serializable;
import java.time.Duration;
import java.util.List;

/**
 * How an executor works.
 *
 * @param imagesAhead pictures a task prepares ahead of the model
 * @param queueBytes prepared pictures that may wait for the model in one executor; one above it waits alone
 * @param promptsPerCall prompts of one picture that go through the model together
 * @param imagesPerCall pictures that go through the model together, or {@link #BY_DEVICE}
 * @param predictors threads that call the model at the same time, on each device, or {@link #BY_DEVICE}
 * @param callTimeout a call of the model may take this long, whatever earlier ones took
 * @param promptTimeout a call of the model may not take longer than this per prompt
 * @param openTimeout opening the model and warming it up may take this long
 * @param warmUpCalls made before the first picture
 * @param gpuDevice device for a GPU that Spark assigned, {@code {address}} standing for its address
 * @param maxImageBytes a larger image file fails its row
 * @param imageRoots folders and URIs below which pictures may lie, besides the dataset's own folder
 */
public record RuntimeOptions(
        int imagesAhead,
        long queueBytes,
        int promptsPerCall,
        int imagesPerCall,
        int predictors,
        Duration callTimeout,
        Duration promptTimeout,
        Duration openTimeout,
        int warmUpCalls,
        String gpuDevice,
        long maxImageBytes,
        List<String> imageRoots)
        implements Serializable {
    public RuntimeOptions {
        imageRoots = List.copyOf(imageRoots);
    }

    /** For {@code imagesPerCall} and {@code predictors}: what suits model and device. */
    public static final int BY_DEVICE = 0;

    /** A CPU is busy with one picture. */
    private static final int IMAGES_PER_GPU_CALL = 8;

    /**
     * Pictures that go through the model together.
     *
     * @param device {@code cpu}; any other is a GPU
     */
    public int imagesPerCall(String device) {
        if (imagesPerCall != BY_DEVICE) {
            return imagesPerCall;
        }
        return device.equals("cpu") ? 1 : IMAGES_PER_GPU_CALL;
    }
}
