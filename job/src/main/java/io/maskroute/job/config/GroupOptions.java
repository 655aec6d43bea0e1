package io.maskroute.job.config;

import java.time.Duration;
import java.util.OptionalLong;

/**
 * How a run is cut into groups and written.
 *
 * @param pictures that are committed together, about; empty for what fits the cluster
 * @param inFlight Spark jobs at work at a time, so that the tail of one is filled by the next
 * @param fileBytes size that files of predictions are aimed at
 * @param lease how long another driver's lease may stand still before that driver counts as gone
 * @param takeOver whether not to wait for that
 * @param maxFailureRate share of the prompts, 0..1, that may fail before the run stops
 * @param mostLost parts of the dataset that may be unreadable
 */
public record GroupOptions(
        OptionalLong pictures,
        int inFlight,
        long fileBytes,
        Duration lease,
        boolean takeOver,
        double maxFailureRate,
        int mostLost) {}
