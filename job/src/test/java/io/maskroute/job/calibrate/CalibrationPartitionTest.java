package io.maskroute.job.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.segmenter.DeviceLostException;
import io.maskroute.core.segmenter.DeviceOutOfMemoryException;
import org.junit.jupiter.api.Test;

class CalibrationPartitionTest {
    @Test
    void aPictureThatDoesNotFitTheDeviceFailsAlone() {
        DeviceOutOfMemoryException cause =
                new DeviceOutOfMemoryException(Stage.VISION, "CUDA out of memory. Tried to allocate 2.00 GiB", null);

        assertThatThrownBy(() -> CalibrationPartition.observed(() -> {
                    throw cause;
                }))
                .isInstanceOfSatisfying(RowFailure.class, failure -> {
                    assertThat(failure.stage()).isEqualTo(Stage.VISION);
                    assertThat(failure.kind()).isEqualTo("device-out-of-memory");
                })
                .hasMessage(cause.getMessage());
    }

    @Test
    void aLostDeviceIsNoFailureOfThePicture() {
        DeviceLostException lost =
                new DeviceLostException("CUDA error: an illegal memory access was encountered", null);

        assertThatThrownBy(() -> CalibrationPartition.observed(() -> {
                    throw lost;
                }))
                .isSameAs(lost);
    }
}
