package io.maskroute.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.model.AutoDtypeTest.FakeDriver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DevicesTest {
    @Test
    void theDriverCountsTheGpus() {
        assertThat(Devices.gpus(() -> new FakeDriver(0, 9, 8))).containsExactly("cuda:0", "cuda:1");
        assertThat(Devices.gpus(() -> new FakeDriver(0))).isEmpty();
    }

    @Test
    void withoutADriverOrWithOneThatRefusesThereAreNone() {
        assertThat(Devices.gpus(() -> new FakeDriver(AutoDtypeTest.NO_DEVICE, 9)))
                .isEmpty();
        assertThat(Devices.gpus(() -> {
                    throw new UnsatisfiedLinkError("libcuda.so.1: cannot open shared object file");
                }))
                .isEmpty();
    }

    @Test
    void oneDeviceIsTakenAsItIsNamed() {
        assertThat(Devices.one("cpu")).isEqualTo("cpu");
        assertThat(Devices.one("cuda:3")).isEqualTo("cuda:3");
        assertThat(Devices.one("auto")).isIn("cpu", "cuda:0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"cuda:0,1", "cuda", "CPU", ""})
    void whatIsNotOneDeviceIsRefused(String device) {
        assertThatThrownBy(() -> Devices.one(device))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("use auto, cpu, gpu or cuda:N");
    }
}
