package io.maskroute.job.run;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.met;
import static io.maskroute.job.testing.Datasets.png;
import static io.maskroute.job.testing.Datasets.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.segmenter.Segmenter;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.job.cli.Cli;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import io.maskroute.job.testing.FakeSegmenters;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that end early, go on, grow, or are not the same run any more; four dataset files, one to a wave. */
class WavesTest {
    private static final int WAVES = 4;
    private static final int IMAGES_PER_WAVE = 3;

    @TempDir
    private Path home;

    private Path out;

    @BeforeEach
    void datasetOfFourFiles() throws IOException {
        Files.createDirectory(home.resolve("model"));
        out = home.resolve("out");
        List<List<ImageRow>> files = new ArrayList<>();
        for (int file = 0; file < WAVES; file++) {
            files.add(images(file));
        }
        Datasets.writeFiles(home.resolve("dataset"), files);
    }

    /** Three pictures with two prompts each; one of the six prompts fails, one as long as the model is in a bad state. */
    private static List<ImageRow> images(int file) {
        List<ImageRow> images = new ArrayList<>();
        for (int i = 0; i < IMAGES_PER_WAVE; i++) {
            String id = file + "-" + i;
            String second = i == 0 ? FakeSegmenters.REFUSED : i == 1 ? FakeSegmenters.FLAKY : "second " + id;
            images.add(image(
                    id,
                    png(20, 30),
                    prompt(id + "-a", met(20, 30, "first " + id), "first " + id),
                    prompt(id + "-b", null, second)));
        }
        return images;
    }

    @Test
    void aWaveIsAFolderWithOneFileAndItsMarker() throws IOException {
        assertThat(evaluate().code()).isZero();

        try (Stream<Path> waves = Files.list(out.resolve("predictions"))) {
            assertThat(waves.map(p -> p.getFileName().toString()).sorted())
                    .containsExactly("wave=000000", "wave=000001", "wave=000002", "wave=000003");
        }
        for (int wave = 0; wave < WAVES; wave++) {
            assertThat(parquetFiles(wave(wave))).hasSize(1);
            assertThat(wave(wave).resolve("_SUCCESS")).exists();
        }
    }

    @Test
    void aSmallDatasetIsOneWaveOfOneFile() throws IOException {
        assertThat(CliRun.withSpark(home, arguments("evaluate")).code()).isZero();

        assertThat(wave(1)).doesNotExist();
        assertThat(parquetFiles(wave(0))).hasSize(1);
        assertThat(rows()).hasSize(WAVES * 6);
    }

    @Test
    void largerWavesAreSplitIntoFilesOfTheSizeAskedFor() throws IOException {
        List<ImageRow> many = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            many.add(image("many-" + i, png(20, 30), prompt("many-" + i, null, "a " + i), prompt("m-" + i, null, "b")));
        }
        Datasets.writeFiles(home.resolve("dataset"), List.of(many));

        List<String> settings = new ArrayList<>();
        for (String setting : List.of(
                "spark.master=local[2]",
                "waves.files=1",
                "output.file-size=16k",
                "spark.sql.shuffle.partitions=32",
                // Spark joins files below 1 MB, whatever the size asked for.
                "spark.sql.adaptive.coalescePartitions.minPartitionSize=1k")) {
            settings.addAll(List.of("-s", setting));
        }
        CliRun run = CliRun.of(home, arguments("evaluate", settings.toArray(String[]::new)));

        assertThat(run.code()).isZero();

        assertThat(parquetFiles(wave(0))).hasSize(1);
        assertThat(parquetFiles(wave(WAVES))).hasSizeBetween(3, 31);
    }

    @Test
    void aFinishedRunWithNothingNewSaysSoAndDoesNothing() throws IOException {
        assertThat(evaluate().code()).isZero();
        String summary = Files.readString(out.resolve("summary.json"));
        int calls = FakeSegmenters.CALLS.get();

        CliRun again = evaluate();

        assertThat(again.code()).isZero();
        assertThat(again.err()).contains("is finished, and its dataset has nothing new");
        assertThat(again.out()).contains("24: 20 ok, 4 failed");
        assertThat(FakeSegmenters.CALLS.get()).isEqualTo(calls);
        assertThat(Files.readString(out.resolve("summary.json"))).isEqualTo(summary);
    }

    @Test
    void aWaveWrittenButNotCheckpointedIsNotDoneTwice() throws IOException {
        Map<String, String> undisturbed = finishedRows();
        int calls = FakeSegmenters.CALLS.get();
        forgetCommit(WAVES - 1);
        Files.delete(out.resolve("summary.json"));

        CliRun again = evaluate();

        assertThat(again.err()).contains("24 of 24 prompts are done, in 4 waves");
        assertThat(again.code()).isZero();
        assertThat(FakeSegmenters.CALLS.get()).isEqualTo(calls);
        assertThat(masks(rows())).isEqualTo(undisturbed);
        assertThat(summary().get("prompts").asInt()).isEqualTo(24);
    }

    @Test
    void aHalfWrittenWaveIsWrittenAnewAndTheRestFollows() throws IOException {
        Map<String, String> undisturbed = finishedRows();
        int calls = FakeSegmenters.CALLS.get();
        // Killed in the middle of wave 2: its files lie there, nothing says that they are all.
        Files.delete(wave(2).resolve("_SUCCESS"));
        delete(wave(3));
        forgetCommit(3);
        forgetCommit(2);
        for (String log : List.of("offsets", "sources/0")) {
            Files.delete(out.resolve("checkpoint/" + log + "/3"));
            Files.delete(out.resolve("checkpoint/" + log + "/.3.crc"));
        }
        Files.delete(out.resolve("summary.json"));
        assertThat(rescored().get("failures").get(0).get("kind").asText()).isEqualTo("no-prediction");
        assertThat(rescored().get("failures").get(0).get("prompts").asInt()).isEqualTo(12);

        CliRun again = evaluate();

        assertThat(again.err()).contains("12 of 24 prompts are done, in 2 waves");
        assertThat(again.code()).isZero();
        assertThat(FakeSegmenters.CALLS.get() - calls).isEqualTo(2 * IMAGES_PER_WAVE + 2 * 2);
        assertThat(masks(rows())).isEqualTo(undisturbed);
        assertThat(rescored().get("metrics")).isEqualTo(summary().get("metrics"));
    }

    @Test
    void aGrownDatasetRunsOnlyWhatIsNew() throws IOException {
        Map<String, String> undisturbed = finishedRows();
        int calls = FakeSegmenters.CALLS.get();
        Datasets.writeFiles(
                home.resolve("dataset"), List.of(List.of(image("new", png(9, 9), prompt("new", null, "x")))));
        try (Stream<Path> files = Files.list(home.resolve("dataset"))) {
            // As copied with its old date: nothing may be taken for old just because it looks it.
            Path added = files.filter(f -> f.toString().endsWith(".parquet"))
                    .max(Comparator.comparing(f -> f.toFile().lastModified()))
                    .orElseThrow();
            Files.setLastModifiedTime(added, FileTime.fromMillis(0));
        }

        CliRun again = evaluate();

        assertThat(again.code()).isZero();
        assertThat(FakeSegmenters.CALLS.get() - calls).isEqualTo(1);
        assertThat(summary().get("prompts").asInt()).isEqualTo(25);
        Map<String, String> rows = masks(rows());
        assertThat(rows.remove("new")).isNotNull();
        assertThat(rows).isEqualTo(undisturbed);
    }

    @Test
    void anotherRunIsRefusedByWhatDiffers() throws IOException {
        assertThat(evaluate().code()).isZero();
        Files.writeString(home.resolve("model/" + FakeSegmenters.FINGERPRINT), "other-model");
        assertRefused(evaluate("--dtype", "bf16"), "the model was fake-model and is other-model; model.dtype was fp32");
        Files.delete(home.resolve("model/" + FakeSegmenters.FINGERPRINT));
        assertRefused(evaluate("--routing", "half.json"), "the routing was dense and is half.json");
        assertRefused(evaluate("-s", "metrics.empty-union=zero"), "metrics.empty-union was one and is zero");
        assertRefused(CliRun.withSpark(home, arguments("segment")), "the command was evaluate and is segment");

        Files.move(home.resolve("dataset"), home.resolve("moved"));
        assertRefused(evaluate("--dataset", home.resolve("moved").toString()), "the dataset's path was");
    }

    /** Fakes that were something else when they were looked at. */
    private static final class Exchanged implements SegmenterFactory {
        @Override
        public ModelSummary inspect(ModelOptions options) {
            return new ModelSummary("the model as it was", options.routing(), 0, true);
        }

        @Override
        public Segmenter open(ModelOptions options) {
            return new FakeSegmenters().open(options);
        }
    }

    @Test
    void aModelThatIsExchangedWhileTheRunGoesOnIsRefused() throws IOException {
        StringWriter err = new StringWriter();

        int code = new Cli(home, new Exchanged(), new PrintWriter(new StringWriter()), new PrintWriter(err))
                .run(arguments("evaluate", "-s", "spark.master=local[2]"));

        assertThat(code).isEqualTo(2);
        assertThat(err.toString())
                .contains("the model " + home.resolve("model"))
                .contains("not what it was");
        assertThat(out).doesNotExist();
    }

    @Test
    void aDatasetWhoseProcessedFilesHaveChangedIsRefused() throws IOException {
        assertThat(evaluate().code()).isZero();
        Path file = parquetFiles(home.resolve("dataset")).get(0);
        FileTime written = Files.getLastModifiedTime(file);

        Files.setLastModifiedTime(file, FileTime.fromMillis(written.toMillis() + 3_600_000));
        assertRefused(evaluate(), file.getFileName() + " has changed since wave");
        Files.move(file, home.resolve("away"));
        assertRefused(evaluate(), file.getFileName() + " is gone since wave");
    }

    /** As when its wave had failed on it at first: the checkpoint knows the date of the damaged one. */
    @Test
    void aFileThatWasRestoredBeforeItsWaveWasMadeIsTheRightOne() throws IOException {
        assertThat(evaluate().code()).isZero();
        Path file = parquetFiles(home.resolve("dataset")).get(0);
        FileTime first = Files.getLastModifiedTime(wave(0).resolve("_SUCCESS"));
        FileTime restored = FileTime.fromMillis(first.toMillis() - 1);
        assertThat(restored).isGreaterThan(Files.getLastModifiedTime(file));
        Files.setLastModifiedTime(file, restored);

        CliRun again = evaluate();

        assertThat(again.code()).as(again.err()).isZero();
        assertThat(again.err()).contains("is finished, and its dataset has nothing new");
    }

    @Test
    void aNewFileWithoutPromptsLeavesTheRunFinished() throws IOException {
        assertThat(evaluate().code()).isZero();
        Datasets.writeFiles(home.resolve("dataset"), List.of(List.of(image("bare", png(20, 30)))));

        assertThat(evaluate().code()).isZero();

        JsonNode summary =
                new ObjectMapper().readTree(out.resolve("summary.json").toFile());
        assertThat(summary.get("images").asInt()).isEqualTo(WAVES * IMAGES_PER_WAVE + 1);
        assertThat(summary.get("prompts").asInt()).isEqualTo(WAVES * 6);
    }

    @Test
    void withoutItsCheckpointARunCannotGoOn() throws IOException {
        assertThat(evaluate().code()).isZero();
        delete(out.resolve("checkpoint"));

        assertRefused(evaluate(), "checkpoint is gone");
        assertThat(evaluate("--fresh").code()).isZero();
        assertThat(rows()).hasSize(24);
    }

    @Test
    void theCheckpointMayBeElsewhere() throws IOException {
        String elsewhere = "waves.checkpoint=" + home.resolve("progress");
        assertThat(evaluate("-s", elsewhere).code()).isZero();
        assertThat(out.resolve("checkpoint")).doesNotExist();
        int calls = FakeSegmenters.CALLS.get();

        // It is where the run was begun, whatever is configured now.
        assertThat(evaluate().code()).isZero();
        assertThat(FakeSegmenters.CALLS.get()).isEqualTo(calls);

        assertThat(evaluate("--fresh").code()).isZero();
        assertThat(home.resolve("progress")).isEmptyDirectory();
        assertThat(rows()).hasSize(24);
    }

    @Test
    void failedPromptsAloneRunAgainAndTheirRowsAreReplaced() throws IOException {
        Path bad = Files.createFile(home.resolve("model/" + FakeSegmenters.FLAKY));
        assertThat(evaluate().code()).isZero();
        assertThat(summary().get("failed").asInt()).isEqualTo(2 * WAVES);
        Map<String, Double> before = latencies(rows());
        Files.delete(bad);
        int calls = FakeSegmenters.CALLS.get();

        CliRun retried = evaluate("--retry-failed");

        assertThat(retried.err()).doesNotContain("maskroute: ");
        assertThat(retried.code()).isZero();
        assertThat(FakeSegmenters.CALLS.get() - calls).isEqualTo(2 * WAVES);
        List<Row> rows = rows();
        assertThat(rows).hasSize(24);
        assertThat(masks(rows)).hasSize(24);
        assertThat(rows.stream().filter(row -> row.getAs("status").equals("failed")))
                .hasSize(WAVES)
                .allSatisfy(row -> assertThat(row.<String>getAs("prompt_id")).endsWith("-0-b"));
        before.forEach((prompt, latency) -> assertThat(latencies(rows)).containsEntry(prompt, latency));
        assertThat(summary().get("failed").asInt()).isEqualTo(WAVES);
        assertThat(rescored().get("metrics")).isEqualTo(summary().get("metrics"));
        assertThat(parquetFiles(out.resolve("predictions/wave=1000002"))).hasSize(1);
        assertThat(wave(2)).doesNotExist();

        assertThat(evaluate().err()).contains("nothing new");
    }

    @Test
    void aRetryCutShortBetweenTwoFoldersLeavesOneRowPerPrompt() throws IOException {
        Map<String, String> undisturbed = finishedRows();
        Path newer = out.resolve("predictions/wave=1000001");
        copy(wave(1), newer);
        Path half = out.resolve("predictions/wave=1000002");
        copy(wave(2), half);
        Files.delete(half.resolve("_SUCCESS"));

        assertThat(rescored().get("prompts").asInt()).isEqualTo(24);
        assertThat(evaluate().code()).isZero();

        assertThat(wave(1)).doesNotExist();
        assertThat(newer).exists();
        assertThat(wave(2)).exists();
        assertThat(rescored().get("prompts").asInt()).isEqualTo(24);
        assertThat(undisturbed).hasSize(24);
    }

    @Test
    void tooManyFailuresStopTheRunAndARetryGoesOn() throws IOException {
        Path bad = Files.createFile(home.resolve("model/" + FakeSegmenters.FLAKY));

        CliRun stopped = evaluate("--max-failure-rate", "0.2");
        assertThat(stopped.code()).isEqualTo(2);
        assertThat(stopped.err()).contains("2 of the first 6 prompts failed").contains("--retry-failed");
        assertThat(wave(0).resolve("_SUCCESS")).exists();
        assertThat(wave(1)).doesNotExist();
        assertThat(out.resolve("summary.json")).doesNotExist();

        // Nothing has changed, so nothing more is tried.
        assertThat(evaluate("--max-failure-rate", "0.2").code()).isEqualTo(2);
        assertThat(wave(1)).doesNotExist();

        Files.delete(bad);
        CliRun retried = evaluate("--max-failure-rate", "0.2", "--retry-failed");
        assertThat(retried.code()).isZero();
        assertThat(summary().get("ok").asInt()).isEqualTo(20);
        assertThat(masks(rows())).hasSize(24);
    }

    private static void assertRefused(CliRun run, String why) {
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err().lines().filter(line -> line.startsWith("maskroute: ")))
                .singleElement()
                .asString()
                .contains(why)
                .contains("--fresh");
    }

    /** The rows of a run that nothing disturbed. */
    private Map<String, String> finishedRows() throws IOException {
        assertThat(evaluate().code()).isZero();
        Map<String, String> rows = masks(rows());
        assertThat(rows).hasSize(24);
        return rows;
    }

    private void forgetCommit(int wave) throws IOException {
        Files.delete(out.resolve("checkpoint/commits/" + wave));
        Files.delete(out.resolve("checkpoint/commits/." + wave + ".crc"));
    }

    private Path wave(int number) {
        return out.resolve(String.format("predictions/wave=%06d", number));
    }

    private static List<Path> parquetFiles(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> f.toString().endsWith(".parquet")).sorted().toList();
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectory(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    private CliRun evaluate(String... more) {
        // Calls are counted here, and a warm-up is one.
        List<String> all = new ArrayList<>(List.of("-s", "waves.files=1", "-s", "runtime.warm-up-calls=0"));
        all.addAll(List.of(more));
        return CliRun.withSpark(home, arguments("evaluate", all.toArray(String[]::new)));
    }

    private String[] arguments(String command, String... more) {
        List<String> all = new ArrayList<>(
                List.of(command, "--model", home.resolve("model").toString()));
        if (!List.of(more).contains("--dataset")) {
            all.addAll(List.of("--dataset", home.resolve("dataset").toString()));
        }
        all.addAll(List.of("--output", out.toString()));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    private List<Row> rows() {
        return Datasets.read(out.resolve("predictions"));
    }

    private static Map<String, String> masks(List<Row> rows) {
        Map<String, String> masks = new HashMap<>();
        for (Row row : rows) {
            String told = row.getAs("status") + " " + row.getList(row.fieldIndex("masks")) + " " + row.getAs("error");
            assertThat(masks.put(row.getAs("prompt_id"), told)).isNull();
        }
        return masks;
    }

    private static Map<String, Double> latencies(List<Row> rows) {
        Map<String, Double> latencies = new HashMap<>();
        for (Row row : rows) {
            if (row.getAs("status").equals("ok")) {
                latencies.put(row.getAs("prompt_id"), row.<Row>getAs("latency").getAs("total_ms"));
            }
        }
        return latencies;
    }

    private JsonNode summary() throws IOException {
        return new ObjectMapper().readTree(out.resolve("summary.json").toFile());
    }

    /** What scoring the stored predictions says now. */
    private JsonNode rescored() throws IOException {
        Path json = home.resolve("rescored.json");
        CliRun run = CliRun.withSpark(
                home,
                "evaluate",
                "--predictions",
                out.toString(),
                "--dataset",
                home.resolve("dataset").toString(),
                "--json",
                json.toString());
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        return new ObjectMapper().readTree(json.toFile());
    }
}
