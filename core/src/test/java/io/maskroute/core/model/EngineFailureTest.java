package io.maskroute.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.EngineException;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.segmenter.DeviceLostException;
import io.maskroute.core.segmenter.DeviceOutOfMemoryException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EngineFailureTest {
    private static final String TRACEBACK = "The following operation failed in the TorchScript interpreter.\n"
            + "Traceback of TorchScript, serialized code (most recent call last):\n"
            + "  File \"code/__torch__.py\", line 7, in llm_suffix\n    x = torch.matmul(a, b)\n        ~~~~ <--- HERE\n\n";

    private static final String CUDA_HINTS =
            "\nCUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below might be incorrect."
                    + "\nFor debugging consider passing CUDA_LAUNCH_BLOCKING=1"
                    + "\nCompile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.\n";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 78 GiB",
                "RuntimeError: CUDA error: out of memory",
                "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
                "RuntimeError: [enforce fail at alloc_cpu.cpp:119] err == 0. DefaultCPUAllocator: can't allocate memory: you tried"
            })
    void memoryMayDoForFewerPrompts(String reason) {
        assertThatThrownBy(() -> EngineFailure.of(Stage.PROMPT, new EngineException(TRACEBACK + reason)))
                .isInstanceOfSatisfying(DeviceOutOfMemoryException.class, e -> assertThat(e.stage())
                        .isEqualTo(Stage.PROMPT))
                .hasMessage(reason);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "RuntimeError: CUDA error: an illegal memory access was encountered",
                "RuntimeError: CUDA error: device-side assert triggered",
                "RuntimeError: CUDA error: unspecified launch failure"
            })
    void otherCudaErrorsLoseTheDevice(String reason) {
        assertThatThrownBy(() -> EngineFailure.of(Stage.VISION, new EngineException(TRACEBACK + reason + CUDA_HINTS)))
                .isInstanceOf(DeviceLostException.class)
                .hasMessage(reason);
    }

    @Test
    void theRestIsTheRowsOwn() {
        RowFailure failure = EngineFailure.of(
                Stage.DECODER, new EngineException(TRACEBACK + "RuntimeError: index 7 is out of bounds"));

        assertThat(failure.kind()).isEqualTo("engine-error");
        assertThat(failure.stage()).isEqualTo(Stage.DECODER);
        assertThat(failure).hasMessage("RuntimeError: index 7 is out of bounds");
    }

    @Test
    void aModelThatDoesNotFitIsTheUsersToChange() {
        EngineException full =
                new EngineException(TRACEBACK + "torch.OutOfMemoryError: CUDA out of memory. Tried 20 MiB.");

        assertThat(EngineFailure.whileLoading("cuda:1", full))
                .isInstanceOf(UnusableInputException.class)
                .hasCause(full)
                .hasMessage(
                        "the model does not fit into the memory of cuda:1; free some of it, or choose another device, dtype "
                                + "or model: torch.OutOfMemoryError: CUDA out of memory. Tried 20 MiB.");
    }

    @Test
    void otherFailuresOfLoadingStayWhatTheyAre() {
        EngineException other = new EngineException(TRACEBACK + "RuntimeError: index 7 is out of bounds");
        RuntimeException unreadable = new UnusableInputException("CUDA out of memory is what the file is called");

        assertThat(EngineFailure.whileLoading("cpu", other)).isSameAs(other);
        assertThat(EngineFailure.whileLoading("cpu", unreadable)).isSameAs(unreadable);
    }
}
