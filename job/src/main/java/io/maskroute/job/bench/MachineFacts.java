package io.maskroute.job.bench;

import io.maskroute.core.bench.BenchModel;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What a measurement depends on beside the program. */
final class MachineFacts {
    /** glibc's and PyTorch's memory allocation, thread pools and instruction sets. */
    private static final Pattern VARIABLES = Pattern.compile(
            "GLIBC_TUNABLES|MALLOC_.*|LD_PRELOAD|THP_MEM_ALLOC_ENABLE|OMP_.*|MKL_.*|KMP_.*|ONEDNN_.*|DNNL_.*|ATEN_CPU_CAPABILITY");

    private MachineFacts() {}

    static BenchResult.Machine gather(int threads) {
        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        Map<String, String> environment = new TreeMap<>(System.getenv());
        environment.keySet().removeIf(name -> !VARIABLES.matcher(name).matches());
        return new BenchResult.Machine(
                Runtime.getRuntime().availableProcessors(),
                firstValue(Path.of("/proc/cpuinfo"), "model name", System.getProperty("os.arch")),
                gpus(Path.of("/proc/driver/nvidia/gpus")),
                memory(),
                System.getProperty("os.name") + " " + System.getProperty("os.version"),
                Runtime.version().toString(),
                BenchModel.pytorchVersion(),
                threads,
                load < 0 ? null : load,
                environment);
    }

    /** @param folder with one for each GPU, in which NVIDIA's driver has a file {@code information} */
    static List<String> gpus(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> each = Files.list(folder)) {
            return each.sorted()
                    .map(gpu -> firstValue(gpu.resolve("information"), "Model:", "unknown GPU"))
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    private static Long memory() {
        String kilobytes = firstValue(Path.of("/proc/meminfo"), "MemTotal", "");
        return kilobytes.isEmpty() ? null : Long.parseLong(kilobytes.replaceAll("\\D", "")) * 1024;
    }

    private static String firstValue(Path file, String key, String otherwise) {
        try {
            return Files.readAllLines(file).stream()
                    .filter(line -> line.startsWith(key))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(otherwise);
        } catch (IOException e) {
            return otherwise;
        }
    }
}
