package io.maskroute.core.torchscript;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * Keeps PyTorch's oneDNN from its AVX-512 kernels where the processor's caches are hidden, as some virtual machines do. They size
 * their blocks by the second-level cache; with the one of no size that they then find, convolutions and products in bf16 give
 * wrong numbers without an error (libtorch 2.7.1 on AMD family 26). AVX2 kernels are right there.
 */
final class OneDnnKernels {
    /** oneDNN's own variable for the newest instructions that it may use; it reads it once, when it first computes. */
    private static final String VARIABLE = "ONEDNN_MAX_CPU_ISA";

    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");
    private static final Path CACHES = Path.of("/sys/devices/system/cpu/cpu0/cache");

    private OneDnnKernels() {}

    /** To be called before PyTorch is loaded. What the user set stays. */
    static void limitWhereCachesAreHidden() {
        if (mustBeLimited(CPU_INFO, CACHES)) {
            NativeEnvironment.setUnlessSet(VARIABLE, "AVX2");
        }
    }

    /**
     * @param cpuInfo Linux's list of processors
     * @param caches the folder in which Linux has one for each cache of a processor
     */
    static boolean mustBeLimited(Path cpuInfo, Path caches) {
        if (!Files.isRegularFile(cpuInfo) || Files.isDirectory(caches.resolve("index0"))) {
            return false;
        }
        try (Stream<String> lines = Files.lines(cpuInfo)) {
            return lines.anyMatch(line -> line.startsWith("flags") && line.contains(" avx512f"));
        } catch (IOException e) {
            return false;
        }
    }
}
