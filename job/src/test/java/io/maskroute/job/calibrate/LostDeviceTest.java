package io.maskroute.job.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.EngineException;
import io.maskroute.core.calibration.DensePass;
import io.maskroute.core.segmenter.DeviceLostException;
import io.maskroute.job.config.ModelOptions;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LostDeviceTest {
    private static final ModelOptions MODEL =
            new ModelOptions("../models/tiny", ModelOptions.DENSE, "fp32", "cpu", false);
    private static final DeviceLostException LOST =
            new DeviceLostException("CUDA error: an illegal memory access was encountered", null);

    @AfterEach
    void close() {
        CalibrationModels.closeAll();
    }

    @Test
    void itsModelIsNotUsedAgain() {
        try (DensePass before = CalibrationModels.get(MODEL)) {
            assertThat(LostDevice.after(new IllegalStateException("other"), MODEL, true))
                    .hasMessage("other");
            assertThat(CalibrationModels.get(MODEL)).isSameAs(before);

            assertThat(LostDevice.after(LOST, MODEL, true)).isSameAs(LOST);
            assertThat(CalibrationModels.get(MODEL)).isNotSameAs(before);
        }
    }

    /** To Spark an error of the virtual machine is one that ends the executor. */
    @Test
    void anExecutorEndsWithIt() {
        assertThatThrownBy(() -> LostDevice.after(LOST, MODEL, false))
                .isInstanceOf(VirtualMachineError.class)
                .hasCause(LOST);
        // As the sums have it.
        EngineException raw = new EngineException("RuntimeError: CUDA error: device-side assert triggered");
        assertThatThrownBy(() -> LostDevice.after(raw, MODEL, false)).isInstanceOf(VirtualMachineError.class);
    }

    @Test
    void otherFailuresAreTheTasksAlone() {
        for (String reason : List.of("CUDA out of memory. Tried to allocate 2.00 GiB", "sizes do not match")) {
            EngineException failure = new EngineException(reason);
            assertThat(LostDevice.after(failure, MODEL, false)).isSameAs(failure);
        }
    }
}
