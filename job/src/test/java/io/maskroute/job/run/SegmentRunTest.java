package io.maskroute.job.run;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.met;
import static io.maskroute.job.testing.Datasets.png;
import static io.maskroute.job.testing.Datasets.prompt;
import static io.maskroute.job.testing.Datasets.truth;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Truth;
import io.maskroute.datasets.schema.TruthMask;
import io.maskroute.job.predictions.PredictionSchema;
import io.maskroute.job.results.AdapterCalibration;
import io.maskroute.job.testing.CapturedLog;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import io.maskroute.job.testing.FakeSegmenters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole runs through the command line on Spark, with a fake model. */
class SegmentRunTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path home;

    private Path out;

    @BeforeEach
    void model() throws IOException {
        Files.createDirectory(home.resolve("model"));
        out = home.resolve("out");
    }

    @Test
    void everyPromptYieldsOneRowWhateverHappensToIt() throws IOException {
        Files.write(home.resolve("linked.png"), png(20, 30));
        Truth half = new Truth(
                false,
                List.of(
                        new TruthMask(encoded(rectangle(20, 30, 10)), 1, false, 1L),
                        new TruthMask(encoded(rectangle(20, 30, 30)), 1, true, 2L)));
        PromptRow panoptic = new PromptRow("e2", "panoptic", List.of(), "coco", List.of(), null);
        PromptRow nameless = new PromptRow(null, "referring", List.of("x"), null, List.of(), null);
        Truth broken = new Truth(false, List.of(new TruthMask(new EncodedMask(20, 30, "~~"), 1, false, 3L)));
        write(
                3,
                image(
                        "a",
                        png(20, 30),
                        prompt("a1", met(20, 30, "left", "the left one"), "left", "the left one"),
                        prompt("a2", half, "right")),
                image(
                        "b",
                        png(20, 30),
                        prompt("b1", null, "x"),
                        prompt("b2", half, FakeSegmenters.BUG),
                        prompt("b3", null, FakeSegmenters.REFUSED),
                        prompt("b4", null, FakeSegmenters.UNTOKENISABLE),
                        prompt("b5", null, "y")),
                image("c", "not a picture".getBytes(), prompt("c1", half, "x"), prompt("c2", null, "y")),
                image("d", png(20, 30)),
                image(
                        "e",
                        png(20, 30),
                        prompt("e1", broken, "x"),
                        panoptic,
                        nameless,
                        prompt("e4", truth(rectangle(21, 30, 5)), "x"),
                        prompt("e5", new Truth(true, List.of()), "x")),
                new ImageRow(
                        "f",
                        null,
                        home.resolve("linked.png").toUri().toString(),
                        List.of(prompt("f1", null, "x")),
                        null,
                        null,
                        null),
                new ImageRow("g", null, "gone.png", List.of(prompt("g1", null, "x")), null, null, null),
                new ImageRow("h", null, "../linked.png", List.of(prompt("h1", null, "x")), null, null, null));

        CliRun run = evaluate();

        assertThat(run.err()).doesNotContain("maskroute: ");
        assertThat(run.code()).isZero();
        List<Row> rows = predictions();
        assertThat(rows).hasSize(17);
        Map<String, String> outcome = rows.stream()
                .collect(Collectors.toMap(
                        row -> row.isNullAt(2) ? "null" : row.getString(2),
                        row -> row.getAs("status").equals("ok")
                                ? "ok"
                                : row.<Row>getAs("error").getString(0) + "/"
                                        + row.<Row>getAs("error").getString(1)));
        assertThat(outcome)
                .containsOnly(
                        Map.entry("a1", "ok"),
                        Map.entry("a2", "ok"),
                        Map.entry("b1", "ok"),
                        Map.entry("b2", "prompt/IndexOutOfBoundsException"),
                        Map.entry("b3", "prompt/refused"),
                        Map.entry("b4", "tokenize/too-long"),
                        Map.entry("b5", "ok"),
                        Map.entry("c1", "decode/unknown-image-format"),
                        Map.entry("c2", "decode/unknown-image-format"),
                        Map.entry("e1", "truth/invalid-rle"),
                        Map.entry("e2", "read/unsupported-task"),
                        Map.entry("null", "read/no-prompt-id"),
                        Map.entry("e4", "truth/size-differs"),
                        Map.entry("e5", "ok"),
                        Map.entry("f1", "ok"),
                        Map.entry("g1", "read/missing-image"),
                        Map.entry("h1", "ok"));
        assertThat(run.out())
                .contains("8 (1 without prompts)")
                .contains("17: 7 ok, 10 failed")
                .contains("random numbers")
                .contains(out.resolve("report.html").toString());
    }

    @Test
    void aRowHoldsMaskCostAndScore() throws IOException {
        Rle truth = rectangle(20, 30, 10);
        write(1, image("a", png(20, 30), prompt("a1", truth(truth), "right"), prompt("a2", null, "left")));

        assertThat(evaluate().code()).isZero();

        Row row = byPrompt(predictions(), r -> r).get("a1");
        Rle mask = Rle.of(FakeSegmenters.mask(List.of("right"), 20, 30));
        Row stored = row.<Row>getList(row.fieldIndex("masks")).get(0);
        assertThat(stored.<Row>getAs("rle").<Integer>getList(0)).containsExactly(20, 30);
        assertThat(stored.<Row>getAs("rle").getString(1)).isEqualTo(mask.compressed());
        assertThat(stored.<Long>getAs("area")).isEqualTo(mask.area());
        assertThat(stored.<Float>getAs("score")).isEqualTo(0.75f);
        assertThat(stored.<Float>getList(stored.fieldIndex("bbox"))).startsWith(0f, 0f);
        Row overlap = row.getAs("truth");
        long intersection = Rle.intersectionArea(mask, truth);
        assertThat(overlap.getLong(0)).isEqualTo(intersection);
        assertThat(overlap.getLong(1)).isEqualTo(mask.area() + truth.area() - intersection);
        assertThat(row.<Row>getAs("flops").<Double>getAs("llm_ratio")).isEqualTo(0.6);
        assertThat(row.<Row>getAs("tokens").getInt(3)).isEqualTo(100);
        Row latency = row.getAs("latency");
        assertThat(latency.<Double>getAs("vision_ms")).isEqualTo(2.0);
        double sum = 0;
        for (String stage : PredictionSchema.STAGES) {
            assertThat(latency.<Double>getAs(stage + "_ms")).isPositive();
            sum += latency.<Double>getAs(stage + "_ms");
        }
        assertThat(latency.<Double>getAs("total_ms")).isCloseTo(sum, within(1e-9));
        assertThat(row.<String>getAs("model_fingerprint")).isEqualTo("fake-model");
        assertThat(row.<Integer>getAs("attempt")).isZero();
    }

    @Test
    void summaryHasTheMetricsOfThePixelsAndFailuresCountAsEmpty() throws IOException {
        Rle whole = rectangle(20, 30, 30);
        write(
                2,
                image("a", png(20, 30), prompt("a1", met(20, 30, "x"), "x"), prompt("a2", truth(whole), "y")),
                image("b", "no picture".getBytes(), prompt("b1", truth(whole), "x")));

        assertThat(evaluate().code()).isZero();

        long x = Rle.of(FakeSegmenters.mask(List.of("x"), 20, 30)).area();
        long y = Rle.of(FakeSegmenters.mask(List.of("y"), 20, 30)).area();
        JsonNode metrics = summary().get("metrics");
        assertThat(metrics.get("samples").asLong()).isEqualTo(3);
        assertThat(metrics.get("intersection").asLong()).isEqualTo(x + y);
        assertThat(metrics.get("union").asLong()).isEqualTo(x + 600 + 600);
        assertThat(metrics.get("cIoU").asDouble()).isEqualTo((double) (x + y) / (x + 1200));
        assertThat(metrics.get("gIoU").asDouble()).isCloseTo((1 + y / 600.0 + 0) / 3, within(1e-15));
        assertThat(metrics.get("Pr@0.9").asDouble()).isEqualTo((y >= 540 ? 2 : 1) / 3.0);
        assertThat(summary().get("flops").get("llm_ratio").asDouble()).isEqualTo(0.6);
        assertThat(summary().get("flops").get("llm_alone_ratio").asDouble()).isEqualTo(0.7);
        assertThat(summary().get("failures").get(0).get("kind").asText()).isEqualTo("unknown-image-format");
        JsonNode run = JSON.readTree(out.resolve("run.json").toFile());
        assertThat(run.get("dataset").get("protocol").asText()).isEqualTo("joined");
        assertThat(run.get("models").get(0).get("model_fingerprint").asText()).isEqualTo("fake-model");
        assertThat(run.get("finished").isTextual()).isTrue();
    }

    @Test
    void scoringStoredPredictionsGivesTheSameMetrics() throws IOException {
        List<ImageRow> images = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            byte[] picture = i % 7 == 3 ? new byte[] {1, 2, 3} : png(20, 30);
            images.add(image(
                    "i" + i,
                    picture,
                    prompt("p" + i, truth(rectangle(20, 30, 1 + i % 29)), "s" + i),
                    prompt(
                            "q" + i,
                            i % 2 == 0 ? null : new Truth(true, List.of()),
                            i % 5 == 0 ? FakeSegmenters.BUG : "t" + i)));
        }
        write(4, images.toArray(ImageRow[]::new));
        assertThat(evaluate("-s", "metrics.empty-union=zero").code()).isZero();

        Path json = home.resolve("again.json");
        CliRun again = CliRun.withSpark(
                home,
                "evaluate",
                "--predictions",
                out.toString(),
                "--dataset",
                dataset(),
                "--json",
                json.toString(),
                "-s",
                "metrics.empty-union=zero");

        assertThat(again.err()).isEmpty();
        assertThat(again.code()).isZero();
        JsonNode rescored = JSON.readTree(json.toFile());
        for (String part : List.of("metrics", "failures", "prompts", "ok", "failed", "images", "flops", "latency_ms")) {
            assertThat(rescored.get(part)).as(part).isEqualTo(summary().get(part));
        }
        assertThat(summary().get("metrics").get("samples").asLong()).isEqualTo(60);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"format\": 1, \"layers\": [",
                "{\"format\": 7}",
                "{\"format\": 1, \"layers\": [{\"layer\": 0, \"fits\": []}], \"model\": {}, \"dataset\":"
                        + " {\"skipped_pictures\": {}, \"skipped_prompts\": {}}, \"projectors\": {}, \"schedule\": {\"strides\": [1, 2]}}"
            })
    void aCalibrationThatCannotBeUnderstoodIsLeftOutOfTheReport(String calibration) throws IOException {
        Path adapter = Files.createDirectory(home.resolve("adapter"));
        Files.writeString(adapter.resolve("calibration.json"), calibration);
        write(1, image("a", png(20, 30), prompt("a1", met(20, 30, "x"), "x")));

        List<LogEvent> warnings = CapturedLog.of(AdapterCalibration.class, () -> assertThat(
                        evaluate("--routing", adapter.toString()).code())
                .isZero());

        assertThat(warnings).hasSize(1);
        assertThat(warnings.get(0).getMessage().getFormattedMessage())
                .contains("calibration.json cannot be understood");

        assertThat(Files.readString(out.resolve("report.html"))).doesNotContain("Where mask tokens look");
        assertThat(out.resolve("calibration.json")).doesNotExist();
    }

    /** Two prompts with a target and three without, one of which fails. */
    private void writeWithoutTargets() {
        Truth nothing = new Truth(true, List.of());
        String doubtful = FakeSegmenters.DOUBTFUL;
        write(
                2,
                image(
                        "a",
                        png(20, 30),
                        prompt("sure", met(20, 30, "x"), "x"),
                        prompt("doubtful", truth(rectangle(20, 30, 30)), doubtful + " y"),
                        prompt("doubtful-nothing", nothing, doubtful + " z"),
                        prompt("sure-nothing", nothing, "w")),
                image("b", "no picture".getBytes(), prompt("failed-nothing", nothing, "x")));
    }

    private static long area(String sentence) {
        return Rle.of(FakeSegmenters.mask(List.of(sentence), 20, 30)).area();
    }

    @Test
    void aMaskThatScoresTooLittleIsAnEmptyAnswer() throws IOException {
        writeWithoutTargets();

        assertThat(evaluate("--min-score", "0.5").code()).isZero();

        Map<String, Row> rows = byPrompt(predictions(), row -> row);
        assertThat(rows).allSatisfy((id, row) -> {
            assertThat(row.<String>getAs("status")).isEqualTo(id.startsWith("failed") ? "failed" : "ok");
            assertThat(row.getList(row.fieldIndex("masks"))).hasSize(id.startsWith("sure") ? 1 : 0);
        });
        assertThat(rows.get("doubtful").<Row>getAs("truth")).isEqualTo(RowFactory.create(0L, 600L, 0.0));
        assertThat(rows.get("doubtful-nothing").<Row>getAs("truth")).isEqualTo(RowFactory.create(0L, 0L, 1.0));
        assertThat(rows.get("doubtful").<Row>getAs("flops")).isNotNull();
        JsonNode metrics = summary().get("metrics");
        assertThat(metrics.get("gIoU").asDouble()).isCloseTo((1 + 0 + 1 + 0 + 0) / 5.0, within(1e-15));
        assertThat(metrics.get("cIoU").asDouble())
                .isEqualTo((double) area("x") / (area("x") + 600 + 0 + area("w") + 0));
        assertThat(metrics.get("no_target").asLong()).isEqualTo(3);
        assertThat(metrics.get("N_acc").asDouble()).isEqualTo(1 / 3.0);
        assertThat(metrics.get("T_acc").asDouble()).isEqualTo(1 / 2.0);
        assertThat(Files.readString(out.resolve("report.html")))
                .contains("N-acc", "no mask", "the least score of a mask");
        assertThat(JSON.readTree(out.resolve("run.json").toFile())
                        .at("/fingerprint/the least score of a mask")
                        .asText())
                .isEqualTo("0.5");

        CliRun otherwise = evaluate("--min-score", "0.25");
        assertThat(otherwise.code()).isEqualTo(2);
        assertThat(otherwise.err()).contains("the least score of a mask was 0.5 and is 0.25");
        CliRun lower = rescored(home.resolve("lower.json"), "--min-score", "0.25");
        assertThat(lower.code()).isZero();
        assertThat(lower.out()).contains("were made with a least score of 0.5");
        assertThat(JSON.readTree(home.resolve("lower.json").toFile()).get("metrics"))
                .isEqualTo(metrics);
    }

    @Test
    void storedPredictionsShowWhatALeastScoreWouldGive() throws IOException {
        writeWithoutTargets();
        assertThat(evaluate().code()).isZero();
        JsonNode best = summary();
        assertThat(best.at("/metrics/N_acc").asDouble()).isZero();
        assertThat(best.at("/metrics/T_acc").asDouble()).isEqualTo(1);
        assertThat(best.get("by_min_score")).hasSize(20);
        JsonNode all = best.at("/by_min_score/16");
        assertThat(all.get("min_score").asDouble()).isEqualTo(0.8);
        assertThat(all.get("gIoU").asDouble()).isCloseTo((0 + 0 + 1 + 1 + 0) / 5.0, within(1e-15));
        assertThat(all.get("cIoU").asDouble()).isZero();
        assertThat(all.get("N_acc").asDouble()).isEqualTo(2 / 3.0);
        assertThat(all.get("T_acc").asDouble()).isZero();

        CliRun scanned = rescored(home.resolve("scanned.json"));

        assertThat(JSON.readTree(home.resolve("scanned.json").toFile()).get("by_min_score"))
                .isEqualTo(best.get("by_min_score"));
        assertThat(scanned.out().lines().filter(line -> line.contains("best gIoU")))
                .hasSize(1);
        for (int i = 0; i < 20; i++) {
            JsonNode row = best.get("by_min_score").get(i);
            if (i % 6 == 0) {
                String least = row.get("min_score").asText();
                CliRun run = rescored(home.resolve("at.json"), "--min-score", least);
                assertThat(run.code()).as(run.err()).isZero();
                JsonNode at = JSON.readTree(home.resolve("at.json").toFile());
                assertThat(at.get("min_score").asText()).isEqualTo(least);
                for (String figure : List.of("gIoU", "cIoU", "N_acc", "T_acc")) {
                    assertThat(at.get("metrics").get(figure)).as(least + figure).isEqualTo(row.get(figure));
                }
            }
        }
    }

    private CliRun rescored(Path json, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "evaluate", "--predictions", out.toString(), "--dataset", dataset(), "--json", json.toString()));
        arguments.addAll(List.of(more));
        return CliRun.withSpark(home, arguments.toArray(String[]::new));
    }

    @Test
    void scoringRefusesPredictionsOfAnotherDataset() throws IOException {
        write(1, image("a", png(20, 30), prompt("a1", null, "x")));
        assertThat(evaluate().code()).isZero();
        Datasets.write(home.resolve("other"), 1, List.of(image("a", png(20, 30), prompt("other", null, "x"))));

        CliRun run = CliRun.withSpark(
                home,
                "evaluate",
                "--predictions",
                out.toString(),
                "--dataset",
                home.resolve("other").toString());

        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("answers the prompt a1, which the dataset does not have");
    }

    @Test
    void promptsWithoutPredictionAreFailedOnes() throws IOException {
        write(1, image("a", png(20, 30), prompt("a1", met(20, 30, "x"), "x")));
        assertThat(evaluate().code()).isZero();
        Datasets.write(
                home.resolve("more"),
                1,
                List.of(image(
                        "a", png(20, 30), prompt("a1", met(20, 30, "x"), "x"), prompt("a2", met(20, 30, "y"), "y"))));

        Path json = home.resolve("more.json");
        CliRun run = CliRun.withSpark(
                home,
                "evaluate",
                "--predictions",
                out.resolve("predictions").toString(),
                "--dataset",
                home.resolve("more").toString(),
                "--json",
                json.toString());

        assertThat(run.code()).isZero();
        JsonNode summary = JSON.readTree(json.toFile());
        assertThat(summary.get("failures").get(0).get("kind").asText()).isEqualTo("no-prediction");
        assertThat(summary.get("metrics").get("gIoU").asDouble()).isEqualTo(0.5);
    }

    @Test
    void promptsOfAPictureGoTogetherAndTheModelIsLoadedOnce() throws IOException {
        PromptRow[] prompts = new PromptRow[10];
        for (int i = 0; i < prompts.length; i++) {
            prompts[i] = prompt("p" + i, null, "s" + i);
        }
        write(2, image("a", png(20, 30), prompts), image("b", png(20, 30), prompt("b1", null, "x")));
        int opened = FakeSegmenters.OPENED.get();
        int calls = FakeSegmenters.CALLS.get();

        assertThat(segment("-s", "runtime.prompts-per-call=4", "-s", "runtime.warm-up-calls=0")
                        .code())
                .isZero();

        assertThat(FakeSegmenters.OPENED.get() - opened).isEqualTo(1);
        assertThat(FakeSegmenters.CALLS.get() - calls).isEqualTo(3 + 1);
        assertThat(predictions()).hasSize(11);
    }

    @Test
    void segmentingDoesNotMindABrokenTruth() throws IOException {
        Truth broken = new Truth(false, List.of(new TruthMask(new EncodedMask(20, 30, "~~"), 1, false, 3L)));
        write(1, image("a", png(20, 30), prompt("a1", broken, "x")));

        assertThat(segment().code()).isZero();

        assertThat(predictions().get(0).<String>getAs("status")).isEqualTo("ok");
        assertThat(predictions().get(0).<Row>getAs("truth")).isNull();
    }

    @Test
    void allRowsFailingIsUnusableInputAndTheRunIsKept() throws IOException {
        write(1, image("a", "no".getBytes(), prompt("a1", null, "x"), prompt("a2", null, "y")));

        CliRun run = segment();

        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("all 2 prompts failed").contains("decode/unknown-image-format");
        assertThat(out.resolve("summary.json")).exists();
    }

    @Test
    void aModelThatDoesNotLoadEndsTheRunInOneLine() throws IOException {
        Files.createFile(home.resolve("model/broken"));
        write(1, image("a", png(20, 30), prompt("a1", null, "x")));

        CliRun run = segment();

        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).isEqualTo("maskroute: the model " + home.resolve("model") + " lacks the weight x.y.z\n");
        assertThat(out).doesNotExist();
    }

    @Test
    void whatNoRowExplainsEndsTheRun() throws IOException {
        write(1, image("a", png(20, 30), prompt("a1", null, "x"), prompt("a2", null, FakeSegmenters.NO_NATIVES)));

        CliRun run = segment();

        assertThat(run.code()).isEqualTo(3);
        assertThat(out).doesNotExist();
    }

    @Test
    void aDamagedParquetFileIsUnusableInput() throws IOException {
        write(1, image("a", png(20, 30), prompt("a1", null, "x")));
        try (var files = Files.list(home.resolve("dataset"))) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".parquet")).toList()) {
                byte[] bytes = Files.readAllBytes(file);
                Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
                Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
            }
        }

        CliRun run = segment();

        assertThat(run.err()).hasLineCount(1).contains("damaged");
        assertThat(run.code()).isEqualTo(2);
        assertThat(out).doesNotExist();
    }

    @Test
    void aFinishedRunIsReplacedOnRequestAndItsReportWrittenAgain() throws IOException {
        write(1, image("a", png(20, 30), prompt("a1", met(20, 30, "x"), "x")));
        assertThat(evaluate().code()).isZero();
        Files.writeString(out.resolve("old"), "");

        assertThat(evaluate("--fresh").code()).isZero();
        assertThat(out.resolve("old")).doesNotExist();

        String report = Files.readString(out.resolve("report.html"));
        Files.delete(out.resolve("report.html"));
        CliRun again = CliRun.withSpark(home, "report", out.toString());
        assertThat(again.code()).isZero();
        assertThat(Files.readString(out.resolve("report.html"))).isEqualTo(report);
        assertThat(report).contains("random numbers").contains("a1");
    }

    private void write(int files, ImageRow... images) {
        Datasets.write(home.resolve("dataset"), files, List.of(images));
    }

    private CliRun evaluate(String... more) {
        return run("evaluate", more);
    }

    private CliRun segment(String... more) {
        return run("segment", more);
    }

    private CliRun run(String command, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                command,
                "--model",
                home.resolve("model").toString(),
                "--dataset",
                dataset(),
                "--output",
                out.toString()));
        arguments.addAll(List.of(more));
        return CliRun.withSpark(home, arguments.toArray(String[]::new));
    }

    private String dataset() {
        return home.resolve("dataset").toString();
    }

    private List<Row> predictions() {
        return Datasets.read(out.resolve("predictions"));
    }

    private JsonNode summary() throws IOException {
        return JSON.readTree(out.resolve("summary.json").toFile());
    }

    private static <T> Map<String, T> byPrompt(List<Row> rows, Function<Row, T> value) {
        return rows.stream().collect(Collectors.toMap(row -> row.getAs("prompt_id"), value));
    }

    private static EncodedMask encoded(Rle mask) {
        return new EncodedMask(mask.height(), mask.width(), mask.compressed());
    }

    /** The left {@code columns} columns. */
    private static Rle rectangle(int height, int width, int columns) {
        byte[] pixels = new byte[height * width];
        Arrays.fill(pixels, 0, height * columns, (byte) 1);
        return Rle.of(new BinaryMask(height, width, pixels));
    }
}
