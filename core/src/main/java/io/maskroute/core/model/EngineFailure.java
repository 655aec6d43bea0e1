package io.maskroute.core.model;

import ai.djl.engine.EngineException;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.segmenter.DeviceLostException;
import io.maskroute.core.segmenter.DeviceOutOfMemoryException;
import io.maskroute.core.torchscript.TorchReason;
import java.util.Locale;
import java.util.regex.Pattern;

/** PyTorch reports everything as one exception; its text tells what can go on after it. */
public final class EngineFailure {
    /** CUDA's allocator and runtime, cuBLAS and cuDNN, and the CPU's allocator, in PyTorch's words. */
    private static final Pattern OUT_OF_MEMORY =
            Pattern.compile("cuda out of memory|cuda error: out of memory|cublas_status_alloc_failed"
                    + "|cudnn_status_alloc_failed|defaultcpuallocator: (?:can't allocate|not enough) memory");

    /** Errors of CUDA's runtime other than memory are sticky: every later call of the process fails with the same one. */
    private static final Pattern DEVICE_LOST = Pattern.compile("cuda error: |device-side assert triggered");

    private EngineFailure() {}

    /**
     * @return the failure of the row, when it is the row's alone
     * @throws DeviceOutOfMemoryException when the device's memory did not suffice
     * @throws DeviceLostException when the device is lost to this process
     */
    public static RowFailure of(Stage stage, EngineException failure) {
        if (says(OUT_OF_MEMORY, failure)) {
            throw new DeviceOutOfMemoryException(stage, TorchReason.of(failure), failure);
        }
        if (says(DEVICE_LOST, failure)) {
            throw new DeviceLostException(TorchReason.of(failure), failure);
        }
        return new RowFailure(stage, "engine-error", TorchReason.of(failure), failure);
    }

    /**
     * @param device where a model was being loaded
     * @return the failure, or what to do about it where the device's memory did not suffice
     */
    static RuntimeException whileLoading(String device, RuntimeException failure) {
        if (failure instanceof EngineException engine && says(OUT_OF_MEMORY, engine)) {
            return new UnusableInputException(
                    "the model does not fit into the memory of " + device
                            + "; free some of it, or choose another device, dtype or model: " + TorchReason.of(engine),
                    failure);
        }
        return failure;
    }

    private static boolean says(Pattern what, EngineException failure) {
        return what.matcher(String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT))
                .find();
    }
}
