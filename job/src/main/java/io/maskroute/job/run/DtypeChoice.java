package io.maskroute.job.run;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.model.AutoDtype;
import io.maskroute.core.model.Devices;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.config.RuntimeOptions;
import io.maskroute.job.results.RunFingerprint;
import io.maskroute.job.results.RunRecord;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * What {@code model.dtype = auto} stands for. It is settled once for all executors of a run, by what runs first: rows of one run
 * are computed in one dtype, whatever cards its executors have.
 */
public final class DtypeChoice {
    private DtypeChoice() {}

    /**
     * The same model with a dtype, where it is known without asking an executor.
     *
     * @param earlier the run that is continued
     * @param local whether driver and executor are one JVM
     */
    static Optional<ModelOptions> known(
            ModelOptions model, RuntimeOptions runtime, Optional<RunRecord> earlier, boolean local) {
        if (!model.dtype().equals(ModelOptions.AUTO)) {
            return Optional.of(model);
        }
        Optional<String> recorded = earlier.map(RunRecord::fingerprint)
                .map(fingerprint -> fingerprint.parts().get(RunFingerprint.DTYPE));
        if (recorded.isPresent()) {
            return recorded.map(model::withDtype);
        }
        if (local) {
            return Optional.of(model.withDtype(
                    here(AssignedDevices.ofThisJvm(model, runtime)).first().dtype()));
        }
        return model.device().equals(Devices.CPU) ? Optional.of(here(model)) : Optional.empty();
    }

    /**
     * The same model with the dtype that goes with the device of the task that Spark runs first.
     *
     * @throws UnusableInputException when that device cannot be used
     */
    public static ModelOptions settle(SparkSession spark, ModelOptions model, RuntimeOptions runtime) {
        return known(model, runtime, Optional.empty(), spark.sparkContext().isLocal())
                .orElseGet(() -> ask(spark, model, runtime));
    }

    /** @param model with a device of this machine */
    static ModelOptions here(ModelOptions model) {
        return model.dtype().equals(ModelOptions.AUTO)
                ? model.withDtype(AutoDtype.resolve(model.device()).label())
                : model;
    }

    /** The same devices with the dtype that goes with the first. */
    static AssignedDevices here(AssignedDevices devices) {
        return devices.withDtype(here(devices.first()).dtype());
    }

    /** @param refusal why there is no dtype, or null; thrown in the task it would be tried again and again */
    private record Answer(String dtype, String refusal) implements Serializable {
        static Answer of(ModelOptions model, RuntimeOptions runtime) {
            try {
                return new Answer(
                        here(AssignedDevices.of(model, runtime, TaskContext.get())
                                        .first())
                                .dtype(),
                        null);
            } catch (UnusableInputException e) {
                return new Answer(null, e.getMessage());
            }
        }
    }

    private static ModelOptions ask(SparkSession spark, ModelOptions model, RuntimeOptions runtime) {
        Answer answer = SparkSteps.named(
                spark.sparkContext(), "ask an executor for its device", () -> JavaSparkContext.fromSparkContext(
                                spark.sparkContext())
                        .parallelize(List.of(model), 1)
                        .map(options -> Answer.of(options, runtime))
                        .first());
        if (answer.refusal != null) {
            throw new UnusableInputException(answer.refusal);
        }
        return model.withDtype(answer.dtype);
    }
}
