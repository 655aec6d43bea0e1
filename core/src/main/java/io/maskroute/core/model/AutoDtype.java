package io.maskroute.core.model;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.PointerByReference;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.model.SegmenterOptions.Dtype;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The dtype {@code auto}: bf16 on GPUs whose matrix units know it, which are those of compute capability 8.0 (Ampere) and
 * higher, fp32 on other GPUs and on a CPU.
 */
public final class AutoDtype {
    private static final int LEAST_CAPABILITY = 8;
    private static final Pattern GPU = Pattern.compile("cuda:(\\d{1,3})");

    private AutoDtype() {}

    /**
     * @param device {@code cpu} or {@code cuda:N}
     * @throws UnusableInputException when the driver does not say what the GPU is
     */
    public static Dtype resolve(String device) {
        return resolve(device, CudaDriver.LIBRARY);
    }

    /** @param library the driver's file name */
    static Dtype resolve(String device, String library) {
        return resolve(device, () -> Native.load(library, CudaDriver.class));
    }

    /** @param driver asked where the device is a GPU */
    static Dtype resolve(String device, Supplier<CudaDriver> driver) {
        if (device.equals("cpu")) {
            return Dtype.FP32;
        }
        Matcher gpu = GPU.matcher(device);
        if (!gpu.matches()) {
            throw new UnusableInputException("device " + device + " is not known; use cpu or cuda:N");
        }
        try {
            int capability = majorCapability(driver.get(), Integer.parseInt(gpu.group(1)));
            return capability >= LEAST_CAPABILITY ? Dtype.BF16 : Dtype.FP32;
        } catch (LinkageError e) {
            // No such library, none of this machine's kind, or JNA has nowhere to unpack its own. What was tried and
            // the system's
            // answer come first, then a list of all other places.
            String reason = String.valueOf(e.getMessage()).lines().limit(2).collect(Collectors.joining(" "));
            throw unknown(device, reason, e);
        } catch (DriverError e) {
            throw unknown(device, e.getMessage(), e);
        }
    }

    private static UnusableInputException unknown(String device, String reason, Throwable cause) {
        return new UnusableInputException(
                "the dtype that serves " + device + " cannot be found out: " + reason
                        + "; choose it yourself with --dtype fp32 or --dtype bf16",
                cause);
    }

    private static int majorCapability(CudaDriver driver, int ordinal) {
        require(driver, "cuInit", driver.cuInit(0));
        IntByReference device = new IntByReference();
        require(driver, "cuDeviceGet", driver.cuDeviceGet(device, ordinal));
        IntByReference major = new IntByReference();
        require(
                driver,
                "cuDeviceGetAttribute",
                driver.cuDeviceGetAttribute(major, CudaDriver.COMPUTE_CAPABILITY_MAJOR, device.getValue()));
        return major.getValue();
    }

    private static void require(CudaDriver driver, String function, int error) {
        if (error != 0) {
            PointerByReference name = new PointerByReference();
            driver.cuGetErrorName(error, name);
            Pointer text = name.getValue();
            throw new DriverError("the driver answers " + function + " with "
                    + (text == null ? "error " + error : text.getString(0)));
        }
    }

    private static final class DriverError extends RuntimeException {
        DriverError(String message) {
            super(message);
        }
    }
}
