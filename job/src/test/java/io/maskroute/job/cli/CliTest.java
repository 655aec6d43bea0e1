package io.maskroute.job.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.FakeSegmenters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What ends before Spark starts: messages and exit codes. */
class CliTest {
    @TempDir
    private Path home;

    @BeforeEach
    void modelAndDataset() throws IOException {
        Files.createDirectory(home.resolve("model"));
        Files.createDirectory(home.resolve("dataset"));
        new DatasetManifest(1, "test", "val", null, null, null, null, "test", null, null)
                .write(home.resolve("dataset").toString(), new Configuration());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "segment",
                "evaluate",
                "import",
                "import refcoco",
                "report",
                "plan",
                "bench",
                "score",
                "score coco"
            })
    void everyCommandHasHelp(String command) {
        CliRun run = CliRun.of(home, command.isEmpty() ? new String[] {"--help"} : (command + " --help").split(" "));

        assertThat(run.code()).isZero();
        assertThat(run.out()).startsWith("Usage: maskroute " + command).contains("--version");
        assertThat(run.err()).isEmpty();
    }

    @Test
    void theVersionIsTheBuilds() {
        CliRun run = CliRun.of(home, "--version");

        assertThat(run.code()).isZero();
        assertThat(run.out().strip()).matches("maskroute \\d+\\.\\d+\\.\\d+.*");
    }

    @Test
    void anUnknownOptionIsRefusedByName() {
        CliRun run = CliRun.of(home, "segment", "--modell", "x");

        assertRefused(run, Cli.BAD_USAGE, "--modell");
        assertThat(run.err()).contains("did you mean --model?");
    }

    @Test
    void anUnknownCommandIsRefusedByName() {
        assertRefused(CliRun.of(home, "sgment"), Cli.BAD_USAGE, "sgment");
    }

    @Test
    void noCommandIsABadCommandLine() {
        assertRefused(CliRun.of(home), Cli.BAD_USAGE, "no command given");
        assertRefused(CliRun.of(home, "import"), Cli.BAD_USAGE, "no format given");
    }

    @Test
    void anUnknownKeyIsRefusedByName() {
        assertRefused(
                run("-s", "runtime.images-ahed=3"),
                Cli.BAD_USAGE,
                "\"runtime.images-ahed\"; did you mean \"runtime.images-ahead\"?");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a..b=1", "$x=1"})
    void aSettingWithoutAProperKeyIsRefused(String setting) {
        assertRefused(run("-s", setting), Cli.BAD_USAGE, "-s " + setting);
    }

    /** Such as a lack of memory, which picocli lets pass. */
    @Test
    void anErrorIsNoBadCommandLine() throws IOException {
        Files.createFile(home.resolve("model/" + FakeSegmenters.FATAL));

        assertRefused(run("--model", path("model")), Cli.BROKEN, "OutOfMemoryError");
    }

    @Test
    void aSettingWithoutValueIsRefused() {
        assertRefused(run("-s", "runtime.images-ahead"), Cli.BAD_USAGE, "-s runtime.images-ahead: expected key=value");
    }

    @Test
    void optionsWinOverSettings() {
        assertRefused(run("-s", "model.path=" + home.resolve("model"), "--model", "gone"), Cli.UNUSABLE_INPUT, "gone");
    }

    @Test
    void aMissingModelIsNamed() {
        assertRefused(run("--model", home.resolve("gone").toString()), Cli.UNUSABLE_INPUT, "no model folder");
    }

    @Test
    void noModelAtAllIsABadCommandLine() {
        assertRefused(
                CliRun.of(home, "segment", "--dataset", path("dataset"), "--output", path("out")),
                Cli.BAD_USAGE,
                "no model named: give --model DIR");
    }

    @Test
    void aMissingDatasetIsNamed() {
        assertRefused(run("--dataset", path("gone")), Cli.UNUSABLE_INPUT, "There is no dataset " + path("gone"));
    }

    @Test
    void aFolderWithoutManifestIsNoDataset() {
        assertRefused(run("--dataset", path("model")), Cli.UNUSABLE_INPUT, "has no _maskroute.json");
    }

    @Test
    void aDatasetWithoutParquetIsRefusedAndLeavesNoOutput() {
        assertRefused(
                CliRun.withSpark(home, arguments("--model", path("model"))),
                Cli.UNUSABLE_INPUT,
                "holds no Parquet files");
        assertThat(home.resolve("out")).doesNotExist();
    }

    @Test
    void aRunThatCannotBeContinuedIsKeptAndTheWayOutNamed() throws IOException {
        Files.createDirectory(home.resolve("out"));
        Path file = Files.writeString(home.resolve("out/run.json"), "{}");

        assertRefused(run("--model", path("model")), Cli.UNUSABLE_INPUT, "--fresh");
        assertThat(file).exists();
    }

    @Test
    void startingOverNeverDeletesWhatIsNoRun() throws IOException {
        Files.createDirectory(home.resolve("out"));
        Path file = Files.writeString(home.resolve("out/thesis.tex"), "years of work");

        assertRefused(run("--model", path("model"), "--fresh"), Cli.UNUSABLE_INPUT, "not a run folder");
        assertThat(file).exists();
    }

    @Test
    void theRunAndTheDatasetStayApart() throws IOException {
        String dataset = path("dataset");
        Files.writeString(home.resolve("run.json"), "{}");
        Files.createSymbolicLink(home.resolve("link"), home.resolve("dataset"));

        for (String inside :
                List.of(dataset, dataset + "/", dataset + "/out", path("model/../dataset"), path("link/out"))) {
            assertRefused(run("--output", inside, "--fresh"), Cli.UNUSABLE_INPUT, "or inside it");
        }
        assertRefused(run("--output", home.toString(), "--fresh"), Cli.UNUSABLE_INPUT, "holds the dataset");
        assertRefused(run("--model", path("gone"), "--output", dataset + "-out"), Cli.UNUSABLE_INPUT, "gone");
    }

    @Test
    void anOutputThatIsAFileIsRefused() throws IOException {
        Files.writeString(home.resolve("out"), "");

        assertRefused(run("--model", path("model"), "--fresh"), Cli.UNUSABLE_INPUT, "is a file");
    }

    @Test
    void startingOverAndGoingOnAreTwoThings() {
        assertRefused(run("--fresh", "--retry-failed"), Cli.BAD_USAGE, "give one of them");
    }

    @Test
    void anOutputBelowAFileIsRefused() throws IOException {
        Files.writeString(home.resolve("out"), "");

        assertRefused(
                run("--model", path("model"), "--output", path("out") + "/deeper"), Cli.UNUSABLE_INPUT, "out/deeper");
    }

    @Test
    void optionsOfAModelHaveNoPlaceInScoringPredictions() {
        assertRefused(
                CliRun.of(home, "evaluate", "--predictions", path("out"), "--dtype", "bf16"),
                Cli.BAD_USAGE,
                "--dtype has no meaning with --predictions");
    }

    @Test
    void aReportNeedsAFinishedRun() {
        assertRefused(CliRun.of(home, "report", path("out")), Cli.UNUSABLE_INPUT, "it has no summary.json");
    }

    /** A run that is refused before anything starts. */
    private CliRun run(String... arguments) {
        return CliRun.of(home, arguments(arguments));
    }

    private String[] arguments(String... more) {
        List<String> all = new ArrayList<>(List.of("segment"));
        List<String> given = List.of(more);
        if (!given.contains("--dataset")) {
            all.addAll(List.of("--dataset", path("dataset")));
        }
        if (!given.contains("--output")) {
            all.addAll(List.of("--output", path("out")));
        }
        all.addAll(given);
        return all.toArray(String[]::new);
    }

    private String path(String name) {
        return home.resolve(name).toString();
    }

    private static void assertRefused(CliRun run, int code, String message) {
        assertThat(run.err()).startsWith("maskroute: ").contains(message).doesNotContain("\tat ");
        assertThat(run.err().strip().lines()).hasSize(1);
        assertThat(run.code()).isEqualTo(code);
    }
}
