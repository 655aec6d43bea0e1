package io.maskroute.core.model;

import ai.djl.engine.EngineException;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
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
        String text = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
        if (OUT_OF_MEMORY.matcher(text).find()) {
            throw new DeviceOutOfMemoryException(stage, TorchReason.of(failure), failure);
        }
        if (DEVICE_LOST.matcher(text).find()) {
            throw new DeviceLostException(TorchReason.of(failure), failure);
        }
        return new RowFailure(stage, "engine-error", TorchReason.of(failure), failure);
    }
}
