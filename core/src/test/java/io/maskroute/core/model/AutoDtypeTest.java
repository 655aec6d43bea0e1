package io.maskroute.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.jna.Memory;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.PointerByReference;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.model.SegmenterOptions.Dtype;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AutoDtypeTest {
    static final int NO_DEVICE = 100;
    private static final int INVALID_DEVICE = 101;

    @Test
    void aCpuRunsInFp32WithoutAskingADriver() {
        assertThat(AutoDtype.resolve("cpu")).isEqualTo(Dtype.FP32);
        assertThat(AutoDtype.resolve("cpu", "libno-such-driver.so.1")).isEqualTo(Dtype.FP32);
    }

    /** Turing, Ampere and Ada, Hopper, Blackwell. */
    @ParameterizedTest
    @CsvSource({"7, FP32", "8, BF16", "9, BF16", "12, BF16"})
    void aGpuRunsInWhatItIsBuiltFor(int major, Dtype dtype) {
        assertThat(AutoDtype.resolve("cuda:1", () -> new FakeDriver(0, 7, major)))
                .isEqualTo(dtype);
    }

    @Test
    void theGpuThatIsNamedIsAsked() {
        assertThat(AutoDtype.resolve("cuda:0", () -> new FakeDriver(0, 9, 7))).isEqualTo(Dtype.BF16);
        assertThat(AutoDtype.resolve("cuda:1", () -> new FakeDriver(0, 9, 7))).isEqualTo(Dtype.FP32);
    }

    @Test
    void aMachineWithoutADriverIsToldWhatToDo() {
        assertThatThrownBy(() -> AutoDtype.resolve("cuda:0", "libno-such-driver.so.1"))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("cuda:0")
                .hasMessageContaining("libno-such-driver.so.1")
                .hasMessageNotContaining("resource path")
                .hasMessageContaining("--dtype fp32 or --dtype bf16")
                .message()
                .hasLineCount(1);
    }

    @Test
    void whatTheDriverRefusesIsNamed() {
        assertThatThrownBy(() -> AutoDtype.resolve("cuda:0", () -> new FakeDriver(NO_DEVICE, 9)))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("cuda:0")
                .hasMessageContaining("cuInit with CUDA_ERROR_NO_DEVICE")
                .hasMessageContaining("--dtype fp32 or --dtype bf16");
        assertThatThrownBy(() -> AutoDtype.resolve("cuda:2", () -> new FakeDriver(0, 9, 9)))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("cuda:2")
                .hasMessageContaining("cuDeviceGet with error 101");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpu", "cuda", "cuda:", "cuda:-1", "cuda:99999999999", "CPU"})
    void anotherDeviceIsRefused(String device) {
        assertThatThrownBy(() -> AutoDtype.resolve(device, () -> new FakeDriver(0, 9)))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(device + " is not known");
    }

    /** GPUs by their major compute capability. */
    static final class FakeDriver implements CudaDriver {
        private final int init;
        private final int[] majors;
        private boolean ready;

        FakeDriver(int init, int... majors) {
            this.init = init;
            this.majors = majors;
        }

        @Override
        public int cuInit(int flags) {
            ready = init == 0;
            return init;
        }

        @Override
        public int cuDeviceGetCount(IntByReference count) {
            count.setValue(majors.length);
            return ready ? 0 : NO_DEVICE;
        }

        @Override
        public int cuDeviceGet(IntByReference device, int ordinal) {
            if (!ready || ordinal >= majors.length) {
                return INVALID_DEVICE;
            }
            device.setValue(ordinal + 40);
            return 0;
        }

        @Override
        public int cuDeviceGetAttribute(IntByReference value, int attribute, int device) {
            value.setValue(attribute == 75 ? majors[device - 40] : 0);
            return 0;
        }

        /** Knows one of the two by name. */
        @Override
        public int cuGetErrorName(int error, PointerByReference name) {
            if (error != NO_DEVICE) {
                return 1;
            }
            Memory text = new Memory(64);
            text.setString(0, "CUDA_ERROR_NO_DEVICE");
            name.setValue(text);
            return 0;
        }
    }
}
