package io.maskroute.job.run;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.parquet.StorageException;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.SparkThrowable;

/** Spark wraps what a task threw, several times over; users need the innermost reason. */
final class SparkFailures {
    private static final int DEEPEST = 32;

    private SparkFailures() {}

    /**
     * The {@link UnusableInputException} inside, or one for what a file system or a host answered, with the reason that was found for
     * it, or {@code failure}.
     */
    static RuntimeException explained(Exception failure) {
        Throwable cause = failure;
        for (int depth = 0; cause != null && depth < DEEPEST; depth++, cause = cause.getCause()) {
            if (cause instanceof UnusableInputException unusable) {
                return unusable;
            }
            if (cause instanceof StorageException) {
                return new UnusableInputException(
                        cause.getMessage() + ". Give the same command again when it can be", failure);
            }
            String condition = cause instanceof SparkThrowable spark ? spark.getCondition() : null;
            if (condition != null
                    && (condition.startsWith("FAILED_READ_FILE") || condition.startsWith("CANNOT_READ_FILE_FOOTER"))) {
                return new UnusableInputException(unread((SparkThrowable) cause, cause), failure);
            }
        }
        Optional<String> system = Reason.ofSystem(failure);
        if (system.isPresent()) {
            return new UnusableInputException(system.get(), failure);
        }
        return failure instanceof RuntimeException runtime
                ? runtime
                : new IllegalStateException(failure.getMessage(), failure);
    }

    /** Of a file that Spark itself reads: predictions of this program. */
    private static String unread(SparkThrowable spark, Throwable thrown) {
        Map<String, String> named = spark.getMessageParameters();
        return named.getOrDefault("path", named.getOrDefault("file", "a file")) + " cannot be read: "
                + Reason.of(thrown) + ". Restore it";
    }
}
