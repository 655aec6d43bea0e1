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
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs that end early, go on, grow, or are not the same run any more; four dataset files, one to a group. */
class GroupsTest {
    private static final int FILES = 4;
    private static final int IMAGES_PER_FILE = 3;

    @TempDir
    private Path home;

    private Path out;

    @BeforeEach
    void datasetOfFourFiles() throws IOException {
        Files.createDirectory(home.resolve("model"));
        out = home.resolve("out");
        List<List<ImageRow>> files = new ArrayList<>();
        for (int file = 0; file < FILES; file++) {
            files.add(images(file));
        }
        Datasets.writeFiles(home.resolve("dataset"), files);
    }

    /** Three pictures with two prompts each; one of the six prompts fails, one as long as the model is in a bad state. */
    private static List<ImageRow> images(int file) {
        List<ImageRow> images = new ArrayList<>();
        for (int i = 0; i < IMAGES_PER_FILE; i++) {
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
    void aGroupListsItsFilesAndWhatTheyAreMadeOf() throws IOException {
        assertThat(evaluate().code()).isZero();

        Set<String> listed = new TreeSet<>();
        Map<String, Long> done = new TreeMap<>();
        List<Path> groups = groups();
        for (int i = 0; i < groups.size(); i++) {
            JsonNode group = new ObjectMapper().readTree(groups.get(i).toFile());
            assertThat(groups.get(i).getFileName().toString()).isEqualTo(String.format("%06d.json", i + 1));
            assertThat(group.get("format").asInt()).isEqualTo(1);
            assertThat(group.get("group").asInt()).isEqualTo(i + 1);
            assertThat(group.get("epoch").asInt()).isEqualTo(1);
            assertThat(group.get("fingerprint").asText()).matches("[0-9a-f]{16}");
            for (JsonNode file : group.get("files")) {
                assertThat(listed.add(file.get("path").asText())).isTrue();
                Path path = out.resolve(file.get("path").asText());
                List<Row> rows = Datasets.read(path);
                assertThat(rows).hasSize(file.get("rows").asInt());
                assertThat(rows.stream().filter(row -> row.getAs("status").equals("failed")))
                        .hasSize(file.get("failed").asInt());
                assertThat(Files.size(path)).isEqualTo(file.get("bytes").asLong());
            }
            for (JsonNode unit : group.get("units")) {
                done.merge(
                        unit.get("file").asText() + " " + unit.get("row_group").asInt(),
                        unit.get("count").asLong(),
                        Long::sum);
            }
        }
        assertThat(groups).hasSizeBetween(2, FILES);
        assertThat(done).hasSize(FILES).allSatisfy((unit, count) -> assertThat(count)
                .isEqualTo(IMAGES_PER_FILE));
        try (Stream<Path> shown = Files.list(out.resolve("predictions"))) {
            assertThat(shown.map(file -> "predictions/" + file.getFileName()).toList())
                    .containsExactlyInAnyOrderElementsOf(listed);
        }
        assertThat(out.resolve("_run/lease/000001.json")).content().contains("\"released\" : true");
    }

    @Test
    void aSmallDatasetIsOneGroupOfOneFile() throws IOException {
        assertThat(CliRun.withSpark(home, arguments("evaluate")).code()).isZero();

        assertThat(groups()).hasSize(1);
        assertThat(parquetFiles(out.resolve("predictions"))).hasSize(1);
        assertThat(rows()).hasSize(FILES * 6);
    }

    /** A writer may leave out where the pages are; then large row groups are dealt out. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aFileIsNoUnitOfLossNorATask(boolean indexed) throws IOException {
        List<ImageRow> many = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            many.add(image("many-" + i, png(20, 30), prompt("many-" + i, null, "a " + i)));
        }
        Path one = home.resolve("one");
        Datasets.writeFiles(one, List.of(many));
        if (!indexed) {
            Datasets.removePageIndexes(one);
        }

        CliRun run = evaluate("--dataset", one.toString(), "-s", "groups.pictures=10", "-s", "output.file-size=16k");

        assertThat(run.code()).as(run.err()).isZero();
        assertThat(groups()).hasSizeGreaterThanOrEqualTo(5);
        assertThat(masks(rows())).hasSize(100).allSatisfy((id, told) -> assertThat(told)
                .startsWith("ok"));
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

    /** As when a driver dies between a group's entry and showing its files. */
    @Test
    void filesThatCountAreShownByTheNextDriver() throws IOException {
        Map<String, String> undisturbed = finishedRows();
        int calls = FakeSegmenters.CALLS.get();
        Path hidden = Files.createDirectory(out.resolve("predictions/_new"));
        for (Path file : parquetFiles(out.resolve("predictions")).subList(0, 2)) {
            Files.move(file, hidden.resolve(file.getFileName()));
        }
        Files.writeString(hidden.resolve("half.parquet"), "of a task that was killed");
        Files.delete(out.resolve("summary.json"));
        assertThat(rescored().get("prompts").asInt()).isEqualTo(24);

        CliRun again = evaluate();

        assertThat(again.err()).contains("24 of 24 prompts are done");
        assertThat(again.code()).isZero();
        assertThat(FakeSegmenters.CALLS.get()).isEqualTo(calls);
        assertThat(masks(rows())).isEqualTo(undisturbed);
        assertThat(hidden).doesNotExist();
    }

    /** As when a driver dies between a group's files and its entry. */
    @Test
    void filesWithoutAnEntryDoNotCount() throws IOException {
        Map<String, String> undisturbed = finishedRows();
        int calls = FakeSegmenters.CALLS.get();
        List<Path> groups = groups();
        Path last = groups.get(groups.size() - 1);
        JsonNode group = new ObjectMapper().readTree(last.toFile());
        Path hidden = Files.createDirectory(out.resolve("predictions/_new"));
        long pictures = group.get("pictures").asLong();
        for (JsonNode file : group.get("files")) {
            Path path = out.resolve(file.get("path").asText());
            Files.move(path, hidden.resolve(path.getFileName()));
        }
        Files.delete(last);
        Files.delete(out.resolve("summary.json"));
        int left = (int) (pictures * 2);
        assertThat(rescored().get("failures").get(0).get("kind").asText()).isEqualTo("no-prediction");
        assertThat(rescored().get("failures").get(0).get("prompts").asInt()).isEqualTo(left);

        CliRun again = evaluate();

        assertThat(again.err())
                .contains((24 - left) + " of 24 prompts are done, in " + (groups.size() - 1) + " groups");
        assertThat(again.code()).isZero();
        assertThat(FakeSegmenters.CALLS.get()).isGreaterThan(calls);
        assertThat(masks(rows())).isEqualTo(undisturbed);
        assertThat(rescored().get("metrics")).isEqualTo(summary().get("metrics"));
    }

    @Test
    void whatIsNotTheRunsIsNotCountedAndSaid() throws IOException {
        assertThat(evaluate().code()).isZero();
        Path strange = out.resolve("predictions/strange.parquet");
        Files.copy(parquetFiles(out.resolve("predictions")).get(0), strange);
        Files.delete(out.resolve("summary.json"));

        assertThat(rescored().get("prompts").asInt()).isEqualTo(24);
        CliRun again = evaluate();
        assertThat(again.code()).isEqualTo(2);
        assertThat(again.err()).contains("holds files that no group lists");

        Files.delete(strange);
        assertThat(evaluate().code()).isZero();
    }

    @Test
    void anEntryThatIsMissingIsNamed() throws IOException {
        assertThat(evaluate().code()).isZero();
        Files.delete(groups().get(0));

        assertRefused(evaluate(), "lacks the entry 000001.json");
    }

    @Test
    void aRunOfAnOlderProgramIsNotContinued() throws IOException {
        assertThat(evaluate().code()).isZero();
        delete(out.resolve("_run"));
        Path wave = Files.createDirectory(out.resolve("predictions/wave=000000"));
        for (Path file : parquetFiles(out.resolve("predictions"))) {
            Files.move(file, wave.resolve(file.getFileName()));
        }

        assertRefused(evaluate(), "holds the run of an older maskroute");
        assertThat(rescored().get("prompts").asInt()).isEqualTo(24);
        assertThat(CliRun.withSpark(home, "report", out.toString()).code()).isZero();
        assertThat(evaluate("--fresh").code()).isZero();
    }

    /** A run folder may come from anybody. */
    @Test
    void startingOverDeletesNothingThatThisProgramDidNotMake() throws IOException {
        assertThat(evaluate().code()).isZero();
        Path elsewhere = Files.createDirectory(home.resolve("elsewhere"));
        Files.writeString(elsewhere.resolve("precious"), "data");
        Path record = out.resolve("run.json");
        Files.writeString(
                record, Files.readString(record).replaceFirst("\\{", "{ \"checkpoint\" : \"" + elsewhere + "\","));
        Files.writeString(out.resolve("mine.txt"), "of the user");

        assertThat(evaluate("--fresh").code()).isZero();

        assertThat(elsewhere.resolve("precious")).hasContent("data");
        assertThat(out.resolve("mine.txt")).hasContent("of the user");
        assertThat(rows()).hasSize(24);
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
        assertRefused(evaluate(), file.getFileName() + " has changed since group");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
        assertRefused(evaluate(), file.getFileName() + " has changed since group");
        Files.write(file, bytes);
        Files.move(file, home.resolve("away"));
        assertRefused(evaluate(), file.getFileName() + " is gone since group");
    }

    @Test
    void aNewFileWithoutPromptsLeavesTheRunFinished() throws IOException {
        assertThat(evaluate().code()).isZero();
        Datasets.writeFiles(home.resolve("dataset"), List.of(List.of(image("bare", png(20, 30)))));

        assertThat(evaluate().code()).isZero();

        JsonNode summary =
                new ObjectMapper().readTree(out.resolve("summary.json").toFile());
        assertThat(summary.get("images").asInt()).isEqualTo(FILES * IMAGES_PER_FILE + 1);
        assertThat(summary.get("prompts").asInt()).isEqualTo(FILES * 6);
    }

    @Test
    void failedPromptsAloneRunAgainAndTheirRowsAreReplaced() throws IOException {
        Path bad = Files.createFile(home.resolve("model/" + FakeSegmenters.FLAKY));
        assertThat(evaluate().code()).isZero();
        assertThat(summary().get("failed").asInt()).isEqualTo(2 * FILES);
        Map<String, Double> before = latencies(rows());
        Files.delete(bad);
        int calls = FakeSegmenters.CALLS.get();

        CliRun retried = evaluate("--retry-failed");

        assertThat(retried.err()).doesNotContain("maskroute: ");
        assertThat(retried.code()).isZero();
        assertThat(FakeSegmenters.CALLS.get() - calls).isEqualTo(2 * FILES);
        List<Row> rows = rows();
        assertThat(rows).hasSize(24);
        assertThat(masks(rows)).hasSize(24);
        assertThat(rows.stream().filter(row -> row.getAs("status").equals("failed")))
                .hasSize(FILES)
                .allSatisfy(row -> assertThat(row.<String>getAs("prompt_id")).endsWith("-0-b"));
        before.forEach((prompt, latency) -> assertThat(latencies(rows)).containsEntry(prompt, latency));
        assertThat(summary().get("failed").asInt()).isEqualTo(FILES);
        assertThat(rescored().get("metrics")).isEqualTo(summary().get("metrics"));
        assertThat(out.resolve("predictions/_new")).doesNotExist();

        assertThat(evaluate().err()).contains("nothing new");
    }

    /** As when a driver dies between a retry's entry and showing its files. */
    @Test
    void aRetryCutShortLeavesOneRowPerPrompt() throws IOException {
        Path bad = Files.createFile(home.resolve("model/" + FakeSegmenters.FLAKY));
        assertThat(evaluate().code()).isZero();
        Path before = Files.createDirectory(home.resolve("before"));
        for (Path file : parquetFiles(out.resolve("predictions"))) {
            Files.copy(file, before.resolve(file.getFileName()));
        }
        Files.delete(bad);
        assertThat(evaluate("--retry-failed").code()).isZero();
        Map<String, String> retried = masks(rows());
        Path hidden = Files.createDirectory(out.resolve("predictions/_new"));
        for (Path file : parquetFiles(out.resolve("predictions"))) {
            if (!Files.exists(before.resolve(file.getFileName()))) {
                Files.move(file, hidden.resolve(file.getFileName()));
            }
        }
        for (Path file : parquetFiles(before)) {
            Path shown = out.resolve("predictions").resolve(file.getFileName());
            if (!Files.exists(shown)) {
                Files.copy(file, shown);
            }
        }
        Files.delete(out.resolve("summary.json"));

        assertThat(rescored().get("failed").asInt()).isEqualTo(FILES);
        assertThat(evaluate().code()).isZero();

        assertThat(masks(rows())).isEqualTo(retried);
    }

    @Test
    void tooManyFailuresStopTheRunAndARetryGoesOn() throws IOException {
        Path bad = Files.createFile(home.resolve("model/" + FakeSegmenters.FLAKY));

        CliRun stopped = evaluateInOrder("--max-failure-rate", "0.2");
        assertThat(stopped.code()).isEqualTo(2);
        assertThat(stopped.err()).contains("2 of the first 6 prompts failed").contains("--retry-failed");
        int done = groups().size();
        assertThat(done).isPositive();
        assertThat(out.resolve("summary.json")).doesNotExist();
        // The first three tasks' files are joined, and nobody needs them any more.
        if (Files.exists(out.resolve("predictions/_new"))) {
            assertThat(parquetFiles(out.resolve("predictions/_new")))
                    .extracting(file -> file.getFileName().toString())
                    .noneMatch(name -> name.matches(".*-00000-0000[0-2]-\\d+\\.parquet"));
        }

        // Nothing has changed, so nothing more is tried.
        assertThat(evaluateInOrder("--max-failure-rate", "0.2").code()).isEqualTo(2);
        assertThat(groups()).hasSize(done);

        Files.delete(bad);
        CliRun retried = evaluateInOrder("--max-failure-rate", "0.2", "--retry-failed");
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

    private List<Path> groups() throws IOException {
        try (Stream<Path> files = Files.list(out.resolve("_run/groups"))) {
            return files.sorted().toList();
        }
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

    /** One task at a time, so that each group is a file's pictures. */
    private CliRun evaluateInOrder(String... more) {
        List<String> all = new ArrayList<>(
                List.of("-s", "groups.pictures=3", "-s", "groups.in-flight=1", "-s", "spark.master=local[1]"));
        all.addAll(List.of(more));
        return CliRun.of(home, arguments("evaluate", all.toArray(String[]::new)));
    }

    private CliRun evaluate(String... more) {
        // Calls are counted here, and a warm-up is one.
        List<String> all = new ArrayList<>(List.of("-s", "groups.pictures=3", "-s", "runtime.warm-up-calls=0"));
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
