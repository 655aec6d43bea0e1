package io.maskroute.job.run;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.parquet.UnreadableFileException;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.ExceptionFailure;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;

/** Ends the stage of a task that met a file which nobody can read, or an output that takes no more: Spark would try it as often as one whose executor was lost. */
final class HopelessTasks extends SparkListener {
    private static final Set<String> HOPELESS =
            Set.of(UnreadableFileException.class.getName(), FullOutputException.class.getName());

    private final SparkContext spark;
    private volatile String reason;

    HopelessTasks(SparkContext spark) {
        this.spark = spark;
    }

    @Override
    public void onTaskEnd(SparkListenerTaskEnd end) {
        if (end.reason() instanceof ExceptionFailure failure && HOPELESS.contains(failure.className())) {
            reason = failure.description();
            spark.cancelStage(end.stageId(), reason);
        }
    }

    /** What made Spark give up, if it was told to from here. */
    Optional<UnusableInputException> cause(Throwable failure) {
        String told = reason;
        for (Throwable at = failure; told != null && at != null; at = at.getCause()) {
            if (String.valueOf(at.getMessage()).contains(told)) {
                return Optional.of(new UnusableInputException(told, failure));
            }
        }
        return Optional.empty();
    }
}
