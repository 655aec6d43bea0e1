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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AssignedDevicesTest {
    private static final String CUDA = "cuda:{address}";
    private static final List<String> NONE = List.of();
    private static final List<String> TWO = List.of("cuda:0", "cuda:1");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                // asked | assigned by Spark | of the machine | local | devices
                "cpu          |      | 2 | true  | cpu",
                "cuda:1       |      | 0 | false | cuda:1",
                "cuda:1,0,1   |      | 2 | true  | cuda:1 cuda:0",
                "gpu          | 3    | 2 | false | cuda:3",
                "gpu          | 3 1  | 2 | false | cuda:3 cuda:1",
                "gpu          |      | 2 | true  | cuda:0 cuda:1",
                "auto         | 3    | 2 | false | cuda:3",
                "auto         |      | 2 | false | cuda:0 cuda:1",
                "auto         |      | 2 | true  | cuda:0 cuda:1",
                "auto         |      | 0 | true  | cpu",
                "auto         |      | 0 | false | cpu"
            })
    void theDevicesOfATask(String asked, String assigned, int machine, boolean local, String devices) {
        AssignedDevices found = AssignedDevices.of(
                model(asked),
                runtime(CUDA),
                assigned == null ? Map.of() : gpus(assigned.split(" ")),
                local,
                () -> TWO.subList(0, machine));

        assertThat(found.devices()).extracting(d -> d.options().device()).containsExactly(devices.split(" "));
        assertThat(found.devices()).extracting(AssignedDevices.Placed::label).containsExactly(devices.split(" "));
    }

    @Test
    void aGpuAskedForAndAbsentIsRefusedNamingBothKeys() {
        assertThatThrownBy(() -> AssignedDevices.of(model("gpu"), runtime(CUDA), Map.of(), false, () -> TWO))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("spark.executor.resource.gpu.amount")
                .hasMessageContaining("spark.task.resource.gpu.amount");
        assertThatThrownBy(() -> AssignedDevices.of(model("gpu"), runtime("cpu"), gpus(), false, () -> TWO))
                .isInstanceOf(UnusableInputException.class);
        assertThatThrownBy(() -> AssignedDevices.of(model("gpu"), runtime(CUDA), Map.of(), true, () -> NONE))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("--device cpu");
    }

    @Test
    void anAddressThatIsNoIndexIsRefused() {
        assertThatThrownBy(() -> AssignedDevices.of(model("gpu"), runtime(CUDA), gpus("GPU-8f2a"), false, () -> NONE))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("GPU-8f2a")
                .hasMessageContaining("discovery script");
    }

    @Test
    void aRowSaysWhatStandsInForAGpu() {
        AssignedDevices assigned = AssignedDevices.of(model("gpu"), runtime("cpu"), gpus("1"), false, () -> NONE);
        AssignedDevices named = AssignedDevices.of(model("cuda:0,2"), runtime("cpu"), Map.of(), true, () -> NONE);

        assertThat(assigned.first().device()).isEqualTo("cpu");
        assertThat(assigned.devices()).extracting(AssignedDevices.Placed::label).containsExactly("cpu for gpu 1");
        assertThat(named.devices())
                .extracting(AssignedDevices.Placed::label)
                .containsExactly("cpu for gpu 0", "cpu for gpu 2");
    }

    private static Map<String, ResourceInformation> gpus(String... addresses) {
        return Map.of("gpu", new ResourceInformation("gpu", addresses));
    }

    private static ModelOptions model(String device) {
        return new ModelOptions("model", ModelOptions.DENSE, "fp32", device, false);
    }

    static RuntimeOptions runtime(String gpuDevice) {
        return new RuntimeOptions(
                1,
                1,
                1,
                1,
                1,
                Duration.ofHours(1),
                Duration.ofHours(1),
                Duration.ofHours(1),
                0,
                gpuDevice,
                1,
                List.of());
    }
}
