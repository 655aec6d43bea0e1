package io.maskroute.job.run;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.config.ModelOptions;
import java.io.Serializable;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * Looks at a model that has to be fetched where it will run, in a task, so that the driver fetches no weights. The executor
 * that gets the task keeps them.
 *
 * @param summary null when the model cannot be used
 * @param refusal why not, or null; thrown in the task it would be tried again and again
 */
record RemoteInspection(SegmenterFactory.ModelSummary summary, String refusal) implements Serializable {

    /** @throws UnusableInputException as {@link SegmenterFactory#inspect} */
    static SegmenterFactory.ModelSummary run(SparkSession spark, SegmenterFactory factory, ModelOptions model) {
        spark.sparkContext().setJobDescription("fetch and look at " + model.path());
        RemoteInspection found = JavaSparkContext.fromSparkContext(spark.sparkContext())
                .parallelize(List.of(model), 1)
                .map(options -> of(factory, options))
                .first();
        spark.sparkContext().setJobDescription(null);
        if (found.refusal != null) {
            throw new UnusableInputException(found.refusal);
        }
        return found.summary;
    }

    private static RemoteInspection of(SegmenterFactory factory, ModelOptions model) {
        try {
            return new RemoteInspection(factory.inspect(model), null);
        } catch (UnusableInputException e) {
            return new RemoteInspection(null, e.getMessage());
        }
    }
}
