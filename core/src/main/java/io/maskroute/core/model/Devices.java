package io.maskroute.core.model;

import com.sun.jna.Native;
import com.sun.jna.ptr.IntByReference;
import io.maskroute.core.error.UnusableInputException;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * The devices of this machine. NVIDIA's driver is asked for them: DJL's own count is 0, without a word, where it does not find CUDA's
 * runtime library.
 */
public final class Devices {
    public static final String CPU = "cpu";

    private static final String GPU = "cuda:";

    private Devices() {}

    /** {@code cuda:0}, {@code cuda:1} …, those that {@code CUDA_VISIBLE_DEVICES} hides left out; none without a driver. */
    public static List<String> gpus() {
        return gpus(() -> Native.load(CudaDriver.LIBRARY, CudaDriver.class));
    }

    static List<String> gpus(Supplier<CudaDriver> driver) {
        try {
            CudaDriver cuda = driver.get();
            IntByReference count = new IntByReference();
            if (cuda.cuInit(0) != 0 || cuda.cuDeviceGetCount(count) != 0) {
                return List.of();
            }
            return IntStream.range(0, count.getValue()).mapToObj(i -> GPU + i).toList();
        } catch (LinkageError e) {
            // No such library, none of this machine's kind, or nowhere to unpack JNA's own: no GPU can be used then.
            return List.of();
        }
    }

    /**
     * For work that one device does.
     *
     * @param asked {@code cpu}, {@code cuda:N}, {@code gpu}, or {@code auto}: the first GPU, else the CPU
     * @throws UnusableInputException when it is none, or several
     */
    public static String one(String asked) {
        if (asked.matches("cpu|cuda:\\d{1,3}")) {
            return asked;
        }
        boolean auto = asked.equals("auto");
        if (!auto && !asked.equals("gpu")) {
            throw new UnusableInputException("device " + asked + " is not one device; use auto, cpu, gpu or cuda:N");
        }
        return gpus().stream()
                .findFirst()
                .or(() -> Optional.of(CPU).filter(cpu -> auto))
                .orElseThrow(() -> new UnusableInputException(
                        "device gpu was asked for, but NVIDIA's driver knows of no GPU on this machine:"
                                + " use --device cpu"));
    }
}
