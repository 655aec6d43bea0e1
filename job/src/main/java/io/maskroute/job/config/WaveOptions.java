package io.maskroute.job.config;

import java.util.Optional;

/**
 * How a run is cut into waves and written.
 *
 * @param bytes of dataset files in a wave; not used when {@code files} is given
 * @param files of the dataset in a wave
 * @param checkpoint folder for the checkpoints of runs, if it is not to be the run folder
 * @param fileBytes size that files of predictions are aimed at
 * @param maxFailureRate share of the prompts, 0..1, that may fail before the run stops
 */
public record WaveOptions(
        long bytes, Optional<Integer> files, Optional<String> checkpoint, long fileBytes, double maxFailureRate) {}
