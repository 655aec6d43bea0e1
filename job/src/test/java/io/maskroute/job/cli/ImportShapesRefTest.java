package io.maskroute.job.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.job.testing.CliRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImportShapesRefTest {
    @TempDir
    private Path home;

    @Test
    void aGeneratedDatasetCanBeEvaluated() throws Exception {
        Files.createDirectory(home.resolve("model"));
        CliRun run =
                generate("--pictures", "3", "--seed", "4", "--level", "hard", "--size", "160x120", "--prompts", "5");

        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .contains("shapesref-hard test, protocol per-expression: 3 images, 15 prompts")
                .contains("1 Parquet file)");
        CliRun evaluated = CliRun.withSpark(
                home,
                "evaluate",
                "--model",
                home.resolve("model").toString(),
                "--dataset",
                home.resolve("dataset").toString(),
                "--output",
                home.resolve("out").toString());
        assertThat(evaluated.code()).isZero();
        assertThat(evaluated.out()).contains(" 0 failed").contains("cIoU");
    }

    @ParameterizedTest
    @CsvSource({
        "--level, medium, easy or relations or standard or hard",
        "--size, 64, between 96 and 2048",
        "--size, 256*256, 320x240",
        "--size, 1024x128, 1024x128",
        "--pictures, 0, pictures",
        "--prompts, 17, between 1 and 16",
        "--split, a/b, a/b"
    })
    void anImpossibleOptionIsABadCommandLine(String option, String value, String message) {
        CliRun run = generate(option, value);

        assertThat(run.code()).isEqualTo(Cli.BAD_USAGE);
        assertThat(run.err()).contains(message).hasLineCount(1);
        assertThat(home.resolve("dataset")).doesNotExist();
    }

    @Test
    void anOutputThatIsThereIsUnusableInput() throws Exception {
        Files.createDirectory(home.resolve("dataset"));
        Files.writeString(home.resolve("dataset/note"), "mine");

        CliRun run = generate();

        assertThat(run.code()).isEqualTo(Cli.UNUSABLE_INPUT);
        assertThat(run.err()).contains("dataset").hasLineCount(1);
        assertThat(home.resolve("dataset/note")).hasContent("mine");
    }

    private CliRun generate(String... options) {
        List<String> arguments = new ArrayList<>(List.of(
                "import", "shapesref", "--output", home.resolve("dataset").toString()));
        List<String> given = List.of(options);
        if (!given.contains("--pictures")) {
            arguments.addAll(List.of("--pictures", "2"));
        }
        if (!given.contains("--split")) {
            arguments.addAll(List.of("--split", "test"));
        }
        arguments.addAll(given);
        return CliRun.withSpark(home, arguments.toArray(String[]::new));
    }
}
