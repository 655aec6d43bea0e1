package io.maskroute.job.plan;

import io.maskroute.job.config.ConfigurationException;
import java.util.Optional;

/**
 * What the plan may use, or what it must reach.
 *
 * @param executors empty to find the fewest that keep the deadline
 * @param deadlineHours empty when the executors are given
 * @param cores of an executor
 */
public record Fleet(Optional<Integer> executors, Optional<Double> deadlineHours, int cores) {
    /** @throws ConfigurationException for what is not positive, or both at once */
    public Fleet {
        if (executors.isPresent() && deadlineHours.isPresent()) {
            throw new ConfigurationException("--executors and --hours exclude each other: give the one that is fixed");
        }
        executors.filter(n -> n < 1).ifPresent(n -> {
            throw new ConfigurationException("--executors must be at least 1, not " + n);
        });
        deadlineHours.filter(hours -> !(hours > 0) || hours.isInfinite()).ifPresent(hours -> {
            throw new ConfigurationException("--hours must be above 0, not " + hours);
        });
        if (cores < 1) {
            throw new ConfigurationException("--cores must be at least 1, not " + cores);
        }
    }

    /**
     * @param hours that one executor would take
     * @throws ConfigurationException when the deadline is too short for any number of executors
     */
    int executorsFor(double hours) {
        if (deadlineHours.isEmpty()) {
            return executors.orElse(1);
        }
        double needed = Math.ceil(hours / deadlineHours.get());
        if (needed > Integer.MAX_VALUE) {
            throw new ConfigurationException(
                    "--hours " + deadlineHours.get() + " cannot be kept: one executor would take " + hours + " hours");
        }
        return Math.max(1, (int) needed);
    }
}
