package io.maskroute.job.run;

import io.maskroute.job.config.Redaction;
import java.util.function.Supplier;
import org.apache.spark.SparkContext;

/** Names the jobs that Spark runs, for its UI and its event log. */
public final class SparkSteps {
    private static final String DESCRIPTION = "spark.job.description";

    private SparkSteps() {}

    /**
     * Does the work with all its jobs on this thread under one description, and restores the earlier one.
     *
     * @param description what is done to what, such as {@code segment group 3 of s3a://data/refcoco}
     */
    public static <T> T named(SparkContext spark, String description, Supplier<T> work) {
        String before = spark.getLocalProperty(DESCRIPTION);
        spark.setJobDescription(Redaction.uri(description));
        try {
            return work.get();
        } finally {
            spark.setJobDescription(before);
        }
    }
}
