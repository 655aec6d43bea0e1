package io.maskroute.job.submit;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.job.submit.Installation.Outcome;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.resource.ResourceInformation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code submit/gpu-discovery.sh} with an nvidia-smi that says what a test wants. */
class GpuDiscoveryTest {
    private static final String QUERY = "--query-gpu=index --format=csv,noheader";

    @TempDir
    private Path folder;

    @Test
    void sparkUnderstandsWhatItPrints() throws Exception {
        nvidiaSmi("[ \"$*\" = '" + QUERY + "' ] && printf '0\\n1\\n 2\\n'");

        Outcome outcome = discover(Map.of());

        assertThat(outcome.code()).as(outcome.err()).isZero();
        ResourceInformation gpus = ResourceInformation.parseJson(outcome.out());
        assertThat(gpus.name()).isEqualTo("gpu");
        assertThat(gpus.addresses()).containsExactly("0", "1", "2");
    }

    @Test
    void addressesAreThoseThatCudaCountsAmongTheVisible() throws Exception {
        nvidiaSmi("printf '0\\n1\\n2\\n3\\n'");

        Outcome outcome = discover(Map.of("CUDA_VISIBLE_DEVICES", "2,GPU-8932f937"));

        assertThat(ResourceInformation.parseJson(outcome.out()).addresses()).containsExactly("0", "1");
    }

    @Test
    void itFailsByNameWhereThereIsNothingToFind() throws Exception {
        assertFails(Map.of("PATH", "/nowhere"), "no nvidia-smi on the PATH");
        nvidiaSmi("echo 'NVIDIA-SMI has failed: no driver'; exit 9");
        assertFails(Map.of(), "no driver");
        nvidiaSmi("exit 0");
        assertFails(Map.of(), "listed '' where an index was due");
        nvidiaSmi("echo 'No devices were found'");
        assertFails(Map.of(), "listed 'Nodeviceswerefound'");
        nvidiaSmi("echo 0");
        assertFails(Map.of("CUDA_VISIBLE_DEVICES", "0,1"), "names 2 GPUs, but nvidia-smi knows 1");
    }

    private void assertFails(Map<String, String> environment, String message) throws Exception {
        Outcome outcome = discover(environment);

        assertThat(outcome.code()).isEqualTo(1);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err()).startsWith("gpu-discovery: ").contains(message);
    }

    private void nvidiaSmi(String script) throws Exception {
        Installation.executable(folder.resolve("bin/nvidia-smi"), "#!/bin/sh\n" + script + "\n");
    }

    private Outcome discover(Map<String, String> more) throws Exception {
        Map<String, String> environment =
                new HashMap<>(Map.of("PATH", folder.resolve("bin") + ":/usr/bin:/bin", "CUDA_VISIBLE_DEVICES", ""));
        environment.putAll(more);
        return Installation.run(
                folder,
                environment,
                List.of(
                        "/bin/bash",
                        Installation.SOURCES.resolve("submit/gpu-discovery.sh").toString()));
    }
}
