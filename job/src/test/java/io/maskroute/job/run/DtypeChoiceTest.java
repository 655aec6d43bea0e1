package io.maskroute.job.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.results.RunFingerprint;
import io.maskroute.job.results.RunRecord;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DtypeChoiceTest {
    private static ModelOptions model(String dtype, String device) {
        return new ModelOptions("model", ModelOptions.DENSE, dtype, device, false);
    }

    private static Optional<RunRecord> earlier(String dtype) {
        return Optional.of(new RunRecord(
                "id",
                "evaluate",
                null,
                null,
                null,
                new RunFingerprint(Map.of(RunFingerprint.DTYPE, dtype)),
                null,
                Map.of(),
                List.of(),
                Map.of()));
    }

    private static Optional<String> known(ModelOptions model, Optional<RunRecord> earlier) {
        return known(model, earlier, false);
    }

    private static Optional<String> known(ModelOptions model, Optional<RunRecord> earlier, boolean local) {
        return DtypeChoice.known(model, AssignedDevicesTest.runtime("cpu"), earlier, local)
                .map(ModelOptions::dtype);
    }

    @Test
    void whatIsNamedStays() {
        assertThat(known(model("bf16", "gpu"), Optional.empty())).contains("bf16");
        // A run in another dtype is refused by its fingerprint, not continued in its own.
        assertThat(known(model("fp16", "cpu"), earlier("fp32"))).contains("fp16");
    }

    @Test
    void aRunGoesOnInTheDtypeThatItBeganWith() {
        assertThat(known(model("auto", "gpu"), earlier("bf16"))).contains("bf16");
        assertThat(known(model("auto", "cpu"), earlier("bf16"))).contains("bf16");
    }

    @Test
    void aCpuComputesInFp32AndOnlyAnExecutorKnowsItsGpu() {
        assertThat(known(model("auto", "cpu"), Optional.empty())).contains("fp32");
        assertThat(known(model("auto", "gpu"), Optional.empty())).isEmpty();
        assertThat(known(model("auto", "cuda:0"), Optional.empty())).isEmpty();
        assertThat(known(model("auto", "auto"), Optional.empty())).isEmpty();
        assertThat(DtypeChoice.here(model("auto", "cpu")).dtype()).isEqualTo("fp32");
    }

    @Test
    void inOneJvmThereIsNobodyToAsk() {
        assertThat(known(model("auto", "cpu"), Optional.empty(), true)).contains("fp32");
        // A CPU stands in for the GPU here.
        assertThat(known(model("auto", "cuda:0"), Optional.empty(), true)).contains("fp32");
    }
}
