package io.maskroute.job.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.config.ConfigurationException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnknownHostException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.hadoop.security.AccessControlException;
import org.apache.spark.SparkException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What of a failed job the user can mend, and in which words. */
class SparkFailuresTest {
    private static Exception aborted(Throwable cause) {
        return new SparkException(
                "Job aborted due to stage failure: Task 0 in stage 0.0 failed 12 times",
                new ExecutionException("Exception thrown in awaitResult:", cause));
    }

    static Stream<Arguments> ofTheUser() {
        return Stream.of(
                Arguments.of(
                        new UnusableInputException("a.parquet is no Parquet file"), "a.parquet is no Parquet file"),
                Arguments.of(new AccessDeniedException("/out/a"), "/out/a: permission denied"),
                Arguments.of(
                        new AccessControlException("Permission denied: user=x, access=READ"),
                        "Permission denied: user=x, access=READ"),
                Arguments.of(new FileNotFoundException("/out/a (Permission denied)"), "/out/a (Permission denied)"),
                Arguments.of(
                        new FileSystemException("/out/a", null, "No space left on device"),
                        "/out/a: No space left on device"),
                Arguments.of(
                        new UncheckedIOException(new IOException("No space left on device")),
                        "No space left on device"),
                Arguments.of(
                        new UnknownHostException("bucket.s3: Name or service not known"),
                        "the host bucket.s3 cannot be found"));
    }

    @ParameterizedTest
    @MethodSource("ofTheUser")
    void whatAUserCanMendIsUnusableInputInOneLine(Throwable cause, String line) {
        assertThat(SparkFailures.explained(aborted(cause)))
                .isInstanceOf(UnusableInputException.class)
                .hasMessage(line);
    }

    static Stream<Throwable> faults() {
        return Stream.of(
                new NullPointerException(),
                new UnsatisfiedLinkError("no natives"),
                new IllegalStateException("a fault"));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void faultsOfTheProgramStayFaults(Throwable cause) {
        assertThat(SparkFailures.explained(aborted(cause))).isInstanceOf(IllegalStateException.class);
        ConfigurationException configuration = new ConfigurationException("a key");
        assertThat(SparkFailures.explained(configuration)).isSameAs(configuration);
    }
}
