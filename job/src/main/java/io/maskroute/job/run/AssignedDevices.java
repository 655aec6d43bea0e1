package io.maskroute.job.run;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.model.Devices;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.config.RuntimeOptions;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;

/**
 * The devices that a task's model is on; at least one.
 *
 * @param devices in order
 */
public record AssignedDevices(List<Placed> devices) {
    private static final String SPARK_GPU = "gpu";
    private static final String CUDA = "cuda:";
    private static final String ADDRESS = "{address}";

    public AssignedDevices {
        devices = List.copyOf(devices);
    }

    /**
     * A model on one of them.
     *
     * @param options with a device of this machine
     * @param label what the rows say of it: the device, and the GPU in whose place it stands
     */
    public record Placed(ModelOptions options, String label) {}

    /** @throws UnusableInputException when a GPU was asked for and there is none; nothing falls back to the CPU */
    public static AssignedDevices of(ModelOptions model, RuntimeOptions runtime, TaskContext task) {
        return of(model, runtime, task.resourcesJMap(), isLocal(), Devices::gpus);
    }

    /** Those of this JVM, where it is driver and executor in one. */
    static AssignedDevices ofThisJvm(ModelOptions model, RuntimeOptions runtime) {
        return of(model, runtime, Map.of(), true, Devices::gpus);
    }

    /** @param machine its GPUs, {@code cuda:N} each */
    static AssignedDevices of(
            ModelOptions model,
            RuntimeOptions runtime,
            Map<String, ResourceInformation> resources,
            boolean local,
            Supplier<List<String>> machine) {
        String asked = model.device();
        boolean auto = asked.equals(ModelOptions.AUTO);
        if (!auto && !asked.equals(ModelOptions.GPU)) {
            return placed(model, runtime, named(asked));
        }
        ResourceInformation assigned = resources.get(SPARK_GPU);
        if (assigned != null && assigned.addresses().length > 0) {
            return placed(model, runtime, Stream.of(assigned.addresses()));
        }
        List<String> gpus = auto || local ? machine.get() : List.of();
        if (gpus.isEmpty() && !auto) {
            throw new UnusableInputException(
                    local
                            ? "device gpu was asked for, but NVIDIA's driver knows of no GPU on this machine: use --device cpu"
                            : "device gpu was asked for, but Spark gave this task none: set"
                                    + " spark.executor.resource.gpu.amount (1) and spark.task.resource.gpu.amount"
                                    + " (1 / cores of an executor)");
        }
        return gpus.isEmpty()
                ? placed(model, runtime, Stream.of(Devices.CPU))
                : placed(model, runtime, gpus.stream().flatMap(AssignedDevices::named));
    }

    /** Addresses of GPUs, or the CPU. */
    private static Stream<String> named(String devices) {
        return devices.equals(Devices.CPU)
                ? Stream.of(devices)
                : Stream.of(devices.substring(CUDA.length()).split(",")).distinct();
    }

    private static AssignedDevices placed(ModelOptions model, RuntimeOptions runtime, Stream<String> addresses) {
        return new AssignedDevices(addresses
                .map(address -> address.equals(Devices.CPU)
                        ? new Placed(model.onDevice(address), address)
                        : placed(model, runtime.gpuDevice(), address))
                .toList());
    }

    private static Placed placed(ModelOptions model, String pattern, String address) {
        String device = pattern.replace(ADDRESS, address);
        if (!device.matches("cpu|cuda:\\d{1,3}")) {
            throw new UnusableInputException("Spark gave this task the gpu '" + address + "', which makes the device "
                    + device + "; the discovery script must print indexes, such as 0");
        }
        return new Placed(model.onDevice(device), pattern.contains(ADDRESS) ? device : device + " for gpu " + address);
    }

    /** Of the first one, where only one is needed. */
    public ModelOptions first() {
        return devices.get(0).options();
    }

    /** The same devices under a dtype that is settled. */
    AssignedDevices withDtype(String dtype) {
        return new AssignedDevices(devices.stream()
                .map(placed -> new Placed(placed.options().withDtype(dtype), placed.label()))
                .toList());
    }

    static boolean isLocal() {
        return SparkEnv.get().executorId().equals("driver");
    }
}
