package io.maskroute.job.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineFactsTest {
    @TempDir
    Path folder;

    @Test
    void gpusHaveTheNamesThatTheDriverGivesThem() throws IOException {
        gpu("0000:00:07.0", "Model: \t\t NVIDIA A10\nIRQ:   \t\t 42\n");
        gpu("0000:00:06.0", "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 41\n");

        assertThat(MachineFacts.gpus(folder)).containsExactly("NVIDIA H100 80GB HBM3", "NVIDIA A10");
    }

    @Test
    void aGpuWithoutANameIsCounted() throws IOException {
        Files.createDirectory(folder.resolve("0000:00:06.0"));

        assertThat(MachineFacts.gpus(folder)).containsExactly("unknown GPU");
    }

    @Test
    void noDriverMeansNoGpus() {
        assertThat(MachineFacts.gpus(folder.resolve("gpus"))).isEmpty();
    }

    private void gpu(String address, String information) throws IOException {
        Files.writeString(Files.createDirectory(folder.resolve(address)).resolve("information"), information);
    }
}
