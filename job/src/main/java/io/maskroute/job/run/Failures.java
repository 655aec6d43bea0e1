package io.maskroute.job.run;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import scala.util.control.NonFatal;

/** Which throwables end a row, and which end the task. */
public final class Failures {
    private static final int MESSAGE_LENGTH = 500;

    private Failures() {}

    /**
     * A failure of the row, whatever was thrown: its own if it is a {@link RowFailure}, else one named after its class.
     *
     * @throws Error if the JVM itself is in trouble: then no row of this task can be trusted
     */
    public static RowFailure of(Stage stage, Throwable thrown) {
        if (thrown instanceof RowFailure failure) {
            return failure;
        }
        requireOfARow(thrown);
        return new RowFailure(stage, thrown.getClass().getSimpleName(), firstLine(thrown), thrown);
    }

    /**
     * As {@link #of}, for what is done with one picture in Java alone: there a heap that does not suffice is no trouble of the
     * JVM, for it is free again once the picture is let go.
     */
    public static RowFailure ofPicture(Stage stage, Throwable thrown) {
        if (thrown instanceof OutOfMemoryError) {
            return new RowFailure(
                    stage,
                    "out-of-memory",
                    "a heap of " + (Runtime.getRuntime().maxMemory() >> 20)
                            + " MiB does not suffice for the picture beside what else it holds",
                    thrown);
        }
        return of(stage, thrown);
    }

    /** @throws Error if the JVM itself is in trouble */
    static void requireOfARow(Throwable thrown) {
        if (thrown instanceof Error error && !(thrown instanceof StackOverflowError) && !NonFatal.apply(thrown)) {
            throw error;
        }
    }

    private static String firstLine(Throwable thrown) {
        String message = thrown.getMessage() == null ? thrown.getClass().getName() : thrown.getMessage();
        String line = message.lines().findFirst().orElse("");
        return line.length() <= MESSAGE_LENGTH ? line : line.substring(0, MESSAGE_LENGTH) + "…";
    }
}
