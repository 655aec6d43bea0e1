package io.maskroute.job.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.training.Trainer.Trainable;
import io.maskroute.core.training.TrainingSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingFolderTest {
    private static final List<String> OF_A_RUN = List.of(
            "config.json",
            "model.safetensors",
            "routing/routing.json",
            "routing/routing.safetensors",
            "tokenizer.json",
            "training/log.jsonl",
            "training/state.safetensors");

    @TempDir
    private Path temp;

    private Path init;
    private Path output;

    @BeforeEach
    void anEarlierRun() throws IOException {
        init = Files.createDirectory(temp.resolve("init"));
        Files.writeString(init.resolve("config.json"), "{}");
        output = temp.resolve("output");
        for (String file : OF_A_RUN) {
            Files.createDirectories(output.resolve(file).getParent());
            Files.writeString(output.resolve(file), "");
        }
    }

    private static void open(Path output, Path init, String routing, boolean fresh) {
        TrainOptions options = new TrainOptions(
                1000, 4, 8, 1e-3, 100, 0.1, LateMaskTokens.NONE, 1, Trainable.ALL, TrainingSettings.DEFAULT);
        TrainingFolder.open(
                output,
                DType.F16,
                new TrainingFolder.Identity(options, "data", null, init.toString(), false, null, routing),
                fresh);
    }

    private List<String> files() throws IOException {
        try (Stream<Path> paths = Files.walk(output)) {
            return paths.filter(Files::isRegularFile)
                    .map(file -> output.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    @Test
    void aFreshRunLeavesNothingOfAnEarlierOne() throws IOException {
        open(output, init, "dense", true);

        assertThat(files()).containsExactly("tokenizer.json", "training/run.json");
        assertThat(output.resolve("routing")).doesNotExist();
    }

    @Test
    void aFreshRunLeavesWhatIsNoRuns() throws IOException {
        Files.writeString(output.resolve("README.md"), "");
        Files.writeString(output.resolve("routing/notes.txt"), "");

        open(output, init, "dense", true);

        assertThat(files()).containsExactly("README.md", "routing/notes.txt", "tokenizer.json", "training/run.json");
    }

    @Test
    void anythingElseStaysAsItIs() throws IOException {
        open(output, init, "dense", false);

        assertThat(files()).containsAll(OF_A_RUN).hasSize(OF_A_RUN.size() + 1);
    }

    @Test
    void whatARunBeginsFromIsNeitherRemovedNorReplaced() throws IOException {
        Path link = Files.createSymbolicLink(temp.resolve("link"), output);
        for (boolean fresh : new boolean[] {true, false}) {
            assertRefused("is the folder of --init", output, output, "dense", fresh);
            assertRefused("is the folder of --init", link, output, "dense", fresh);
        }
        for (String routing : List.of("routing", "routing/routing.json")) {
            assertRefused(
                    "--fresh would remove the adapter of --routing",
                    output,
                    init,
                    link.resolve(routing).toString(),
                    true);
        }
        assertThat(files()).isEqualTo(OF_A_RUN);
    }

    private static void assertRefused(String message, Path output, Path init, String routing, boolean fresh) {
        assertThatThrownBy(() -> open(output, init, routing, fresh))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(message)
                .hasMessageContaining("give another --output");
    }
}
