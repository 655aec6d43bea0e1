package io.maskroute.job.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.calibrate.WorkFolder.State;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkFolderTest {
    @TempDir
    private Path temp;

    private static State state(String projectors) {
        return new State(State.FORMAT, "fingerprint", "fp32", "data", null, "images", 4, 1, projectors, 0);
    }

    @Test
    void whatIsLeftOfAStoppedRemovalBelongsToItsCalibration() throws Exception {
        Path folder = temp.resolve("work");
        WorkFolder.open(folder, state("rank 4"), false);
        Path stuck = Files.createDirectories(folder.resolve("layer-0-stride-2.safetensors"));
        Files.writeString(stuck.resolve("file"), "");

        assertThatThrownBy(() -> WorkFolder.open(folder, state("rank 5"), true))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(folder + " cannot be written");
        assertThatThrownBy(() -> WorkFolder.open(folder, state("rank 5"), false))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("holds the work of another calibration");

        Files.delete(stuck.resolve("file"));
        WorkFolder.open(folder, state("rank 5"), true);
        assertThat(stuck).doesNotExist();
    }
}
