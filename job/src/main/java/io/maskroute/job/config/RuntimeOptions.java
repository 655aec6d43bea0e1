package io.maskroute.job.config;

import java.io.Serializable;

/**
 * How an executor works.
 *
 * @param imagesAhead pictures a task prepares ahead of the model
 * @param queue prepared pictures that may wait for the model in one executor
 * @param promptsPerCall prompts of one picture that go through the model together
 * @param maxImageBytes a larger image file fails its row
 */
public record RuntimeOptions(int imagesAhead, int queue, int promptsPerCall, long maxImageBytes)
        implements Serializable {}
