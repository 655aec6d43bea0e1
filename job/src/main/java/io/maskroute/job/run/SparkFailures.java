package io.maskroute.job.run;

import io.maskroute.core.error.UnusableInputException;
import org.apache.spark.SparkThrowable;

/** Spark wraps what a task threw, several times over; users need the innermost reason. */
final class SparkFailures {
    private static final int DEEPEST = 32;

    private SparkFailures() {}

    /** The {@link UnusableInputException} inside, or one for a Parquet file that Spark could not read, or {@code failure}. */
    static RuntimeException explained(Exception failure) {
        Throwable cause = failure;
        for (int depth = 0; cause != null && depth < DEEPEST; depth++, cause = cause.getCause()) {
            if (cause instanceof UnusableInputException unusable) {
                return unusable;
            }
            String condition = cause instanceof SparkThrowable spark ? spark.getCondition() : null;
            if (condition != null
                    && (condition.startsWith("FAILED_READ_FILE") || condition.startsWith("CANNOT_READ_FILE_FOOTER"))) {
                return new UnusableInputException(
                        cause.getMessage().lines().findFirst().orElse(condition)
                                + " Is the file damaged? Restore or import it again.",
                        failure);
            }
        }
        return failure instanceof RuntimeException runtime
                ? runtime
                : new IllegalStateException(failure.getMessage(), failure);
    }
}
