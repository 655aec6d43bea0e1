package io.maskroute.job.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.config.RuntimeOptions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.spark.resource.ResourceInformation;
import org.junit.jupiter.api.Test;

class AssignedDeviceTest {
    private static final String CUDA = "cuda:{address}";

    @Test
    void theAddressThatSparkAssignedIsTheDevice() {
        AssignedDevice device = AssignedDevice.of(model("gpu"), runtime(CUDA), gpus("3"), false);

        assertThat(device.options().device()).isEqualTo("cuda:3");
        assertThat(device.note()).isEmpty();
    }

    @Test
    void aGpuAskedForAndAbsentIsRefusedNamingBothKeys() {
        assertThatThrownBy(() -> AssignedDevice.of(model("gpu"), runtime(CUDA), Map.of(), false))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("spark.executor.resource.gpu.amount")
                .hasMessageContaining("spark.task.resource.gpu.amount");
        assertThatThrownBy(() -> AssignedDevice.of(model("gpu"), runtime("cpu"), gpus(), false))
                .isInstanceOf(UnusableInputException.class);
        assertThatThrownBy(() -> AssignedDevice.of(model("gpu"), runtime(CUDA), Map.of(), true))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("--device cuda:0");
    }

    @Test
    void anAddressThatIsNoIndexIsRefused() {
        assertThatThrownBy(() -> AssignedDevice.of(model("gpu"), runtime(CUDA), gpus("GPU-8f2a"), false))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("GPU-8f2a")
                .hasMessageContaining("discovery script");
    }

    @Test
    void aRowSaysWhenAnAddressWasMappedElsewhere() {
        AssignedDevice device = AssignedDevice.of(model("gpu"), runtime("cpu"), gpus("1"), false);

        assertThat(device.options().device()).isEqualTo("cpu");
        assertThat(device.note()).isEqualTo(" for gpu 1");
    }

    @Test
    void anotherDeviceNeedsNothingOfSpark() {
        assertThat(AssignedDevice.of(model("cuda:1"), runtime(CUDA), Map.of(), false)
                        .options()
                        .device())
                .isEqualTo("cuda:1");
    }

    private static Map<String, ResourceInformation> gpus(String... addresses) {
        return Map.of("gpu", new ResourceInformation("gpu", addresses));
    }

    private static ModelOptions model(String device) {
        return new ModelOptions("model", ModelOptions.DENSE, "fp32", device, false);
    }

    private static RuntimeOptions runtime(String gpuDevice) {
        return new RuntimeOptions(
                1, 1, 1, 1, Duration.ofHours(1), Duration.ofHours(1), Duration.ofHours(1), 0, gpuDevice, 1, List.of());
    }
}
