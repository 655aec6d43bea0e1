package io.maskroute.job.run;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.config.RuntimeOptions;
import java.util.Map;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;

/**
 * The device a task works on.
 *
 * @param options with a device of this machine
 * @param note empty, or what a row's device column says after the device: the address that was mapped to another device
 */
public record AssignedDevice(ModelOptions options, String note) {
    private static final String GPU = "gpu";
    private static final String ADDRESS = "{address}";

    /** @throws UnusableInputException when a GPU was asked for and Spark gave none; nothing falls back to the CPU */
    public static AssignedDevice of(ModelOptions model, RuntimeOptions runtime, TaskContext task) {
        return of(model, runtime, task.resourcesJMap(), isLocal());
    }

    static AssignedDevice of(
            ModelOptions model, RuntimeOptions runtime, Map<String, ResourceInformation> resources, boolean local) {
        if (!model.isAssignedDevice()) {
            return new AssignedDevice(model, "");
        }
        ResourceInformation gpu = resources.get(GPU);
        if (gpu == null || gpu.addresses().length == 0) {
            throw new UnusableInputException(
                    local
                            ? "device gpu was asked for, but Spark assigns GPUs on clusters only: use --device cuda:0"
                            : "device gpu was asked for, but Spark gave this task none: set"
                                    + " spark.executor.resource.gpu.amount (1) and spark.task.resource.gpu.amount"
                                    + " (1 / cores of an executor)");
        }
        String address = gpu.addresses()[0];
        String pattern = runtime.gpuDevice();
        String device = pattern.replace(ADDRESS, address);
        if (!device.matches("cpu|cuda:\\d{1,3}")) {
            throw new UnusableInputException("Spark gave this task the gpu '" + address + "', which makes the device "
                    + device + "; the discovery script must print indexes, such as 0");
        }
        return new AssignedDevice(model.onDevice(device), pattern.contains(ADDRESS) ? "" : " for gpu " + address);
    }

    static boolean isLocal() {
        return SparkEnv.get().executorId().equals("driver");
    }
}
