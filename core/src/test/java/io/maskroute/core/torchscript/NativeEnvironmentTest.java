package io.maskroute.core.torchscript;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import org.junit.jupiter.api.Test;

class NativeEnvironmentTest {
    @Test
    void librariesSeeWhatIsSetAndWhatTheUserSetStays() {
        assertThat(NativeEnvironment.get("MASKROUTE_TEST")).isNull();
        NativeEnvironment.setUnlessSet("MASKROUTE_TEST", "first");
        NativeEnvironment.setUnlessSet("MASKROUTE_TEST", "second");
        assertThat(NativeEnvironment.get("MASKROUTE_TEST")).isEqualTo("first");
        assertThat(NativeEnvironment.get("PATH")).isEqualTo(System.getenv("PATH"));
    }

    @Test
    void theFirstModelOnAGpuDecidesOnTf32() {
        Tf32.choose(true, "cpu");
        Tf32.choose(false, "cuda:0");
        assertThat(NativeEnvironment.get("NVIDIA_TF32_OVERRIDE")).isEqualTo("0");
        Tf32.choose(false, "cuda:1");
        Tf32.choose(true, "cpu");
        assertThatThrownBy(() -> Tf32.choose(true, "cuda:0"))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("loaded PyTorch with TF32 off");
    }
}
