package io.maskroute.job.run;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.config.ModelOptions;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;

/**
 * The models of this JVM: each is loaded once, by the first task that asks, and shared by all tasks after that, in the manner
 * of Iceberg's {@code SparkExecutorCache}. They live as long as the executor; in local mode, where driver and executor are
 * one JVM, until the run ends.
 */
final class ExecutorModels {
    private static final Map<ModelOptions, ModelThread> MODELS = new HashMap<>();

    private ExecutorModels() {}

    static synchronized ModelThread get(SegmenterFactory factory, ModelOptions options, int queueLength) {
        return MODELS.compute(
                options,
                (o, running) -> running != null && !running.isBroken()
                        ? running
                        : new ModelThread(() -> factory.open(o), queueLength));
    }

    /** The device that {@code options} mean inside this task. */
    static ModelOptions onTaskDevice(ModelOptions options, TaskContext task) {
        if (!options.isAssignedDevice()) {
            return options;
        }
        ResourceInformation gpu = task.resourcesJMap().get("gpu");
        if (gpu == null || gpu.addresses().length == 0) {
            throw new UnusableInputException(
                    "device gpu was asked for, but Spark gave this task none: set"
                            + " spark.executor.resource.gpu.amount=1 and spark.task.resource.gpu.amount (1 / cores of an executor)");
        }
        return options.onDevice("cuda:" + gpu.addresses()[0]);
    }

    /** Closes what this JVM holds; a no-op on the driver of a cluster. */
    static synchronized void closeAll() {
        MODELS.values().forEach(ModelThread::close);
        MODELS.clear();
    }
}
