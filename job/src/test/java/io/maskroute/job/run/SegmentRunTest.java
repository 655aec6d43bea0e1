package io.maskroute.job.run;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.met;
import static io.maskroute.job.testing.Datasets.png;
import static io.maskroute.job.testing.Datasets.prompt;
import static io.maskroute.job.testing.Datasets.truth;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

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
import io.maskroute.job.testing.FailingFileSystem;
import io.maskroute.job.testing.FakeSegmenters;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole runs through the command line on Spark, with a fake model. */
class SegmentRunTest {
    @TempDir
    private Path home;

    private FakeRun run;

    @BeforeEach
    void model() throws IOException {
        run = FakeRun.in(home);
    }

    @Test
    void everyPromptYieldsOneRowWhateverHappensToIt() throws IOException {
        Files.write(home.resolve("linked.png"), png(20, 30));
        Files.write(home.resolve("linked 50%.png"), png(20, 30));
        Truth half = new Truth(
                false,
                List.of(
                        new TruthMask(encoded(FakeRun.rectangle(20, 30, 10)), 1, false, 1L),
                        new TruthMask(encoded(FakeRun.rectangle(20, 30, 30)), 1, true, 2L)));
        PromptRow panoptic = new PromptRow("e2", "panoptic", List.of(), "coco", List.of(), null);
        PromptRow nameless = new PromptRow(null, "referring", List.of("x"), null, List.of(), null);
        Truth broken = new Truth(false, List.of(new TruthMask(new EncodedMask(20, 30, "~~"), 1, false, 3L)));
        run.write(
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
                        prompt("e4", truth(FakeRun.rectangle(21, 30, 5)), "x"),
                        prompt("e5", new Truth(true, List.of()), "x")),
                new ImageRow(
                        "f",
                        null,
                        home.resolve("linked 50%.png").toUri().toString(),
                        List.of(prompt("f1", null, "x")),
                        null,
                        null,
                        null),
                new ImageRow("g", null, "gone.png", List.of(prompt("g1", null, "x")), null, null, null),
                new ImageRow("h", null, "../linked.png", List.of(prompt("h1", null, "x")), null, null, null),
                new ImageRow("i", null, "/etc/hostname", List.of(prompt("i1", half, "x")), null, null, null));

        CliRun done = run.evaluate("-s", "dataset.image-roots=" + home);

        assertThat(done.err()).doesNotContain("maskroute: ");
        assertThat(done.code()).isZero();
        List<Row> rows = run.predictions();
        assertThat(rows).hasSize(18);
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
                        Map.entry("c1", "decode/unreadable-image"),
                        Map.entry("c2", "decode/unreadable-image"),
                        Map.entry("e1", "truth/invalid-rle"),
                        Map.entry("e2", "read/unknown-class-set"),
                        Map.entry("null", "read/no-prompt-id"),
                        Map.entry("e4", "truth/size-differs"),
                        Map.entry("e5", "ok"),
                        Map.entry("f1", "ok"),
                        Map.entry("g1", "read/image-not-found"),
                        Map.entry("i1", "read/image-not-allowed"),
                        Map.entry("h1", "ok"));
        assertThat(done.out())
                .contains("9 (1 without prompts)")
                .contains("18: 7 ok, 11 failed")
                .contains("random numbers")
                .contains(run.out().resolve("report.html").toString());
    }

    @Test
    void settingsThatSparkCannotStartWithAreABadConfiguration() {
        run.write(1, image("a", png(20, 30), prompt("a1", null, "x")));

        CliRun done = CliRun.of(
                home,
                "evaluate",
                "--model",
                home.resolve("model").toString(),
                "--dataset",
                run.dataset(),
                "--output",
                run.out().toString(),
                "-s",
                "spark.master=nowhere");

        assertThat(done.code()).isEqualTo(1);
        assertThat(done.err()).contains("Spark does not start").contains("nowhere");
    }

    @Test
    void aRunIsFinishedThoughItsReportCannotBeMade() throws IOException {
        ImageRow[] images = new ImageRow[4];
        for (int i = 0; i < images.length; i++) {
            images[i] = image("i" + i, noise(600, 600, i), prompt("p" + i, null, "x"));
        }
        run.write(1, images);

        CliRun done = run.evaluate("-s", "spark.driver.maxResultSize=2m");

        assertThat(done.code()).as(done.err()).isZero();
        assertThat(done.err()).contains("the report could not be made").contains("report.samples");
        assertThat(run.summary().get("ok").asInt()).isEqualTo(4);
        assertThat(run.out().resolve("report.html")).doesNotExist();
    }

    /** A picture that does not compress. */
    private static byte[] noise(int width, int height, long seed) throws IOException {
        BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(seed);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                picture.setRGB(x, y, random.nextInt());
            }
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(picture, "png", bytes);
        return bytes.toByteArray();
    }

    @Test
    void aRowHoldsMaskCostAndScore() throws IOException {
        Rle truth = FakeRun.rectangle(20, 30, 10);
        run.write(1, image("a", png(20, 30), prompt("a1", truth(truth), "right"), prompt("a2", null, "left")));

        assertThat(run.evaluate().code()).isZero();

        Row row = FakeRun.byPrompt(run.predictions(), r -> r).get("a1");
        Rle mask = Rle.of(FakeSegmenters.mask(List.of("right"), 20, 30));
        Row stored = row.<Row>getList(row.fieldIndex("masks")).get(0);
        assertThat(stored.<Row>getAs("mask").<Integer>getList(0)).containsExactly(20, 30);
        assertThat(stored.<Row>getAs("mask").getString(1)).isEqualTo(mask.compressed());
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
        run.write(1, image("a", png(20, 30), prompt("a1", met(20, 30, "x"), "x")));

        List<LogEvent> warnings = CapturedLog.of(AdapterCalibration.class, () -> assertThat(
                        run.evaluate("--routing", adapter.toString()).code())
                .isZero());

        assertThat(warnings).hasSize(1);
        assertThat(warnings.get(0).getMessage().getFormattedMessage())
                .contains("calibration.json cannot be understood");

        assertThat(Files.readString(run.out().resolve("report.html"))).doesNotContain("Where mask tokens look");
        assertThat(run.out().resolve("calibration.json")).doesNotExist();
    }

    @Test
    void promptsOfAPictureGoTogetherAndTheModelIsLoadedOnce() throws IOException {
        PromptRow[] prompts = new PromptRow[10];
        for (int i = 0; i < prompts.length; i++) {
            prompts[i] = prompt("p" + i, null, "s" + i);
        }
        run.write(2, image("a", png(20, 30), prompts), image("b", png(20, 30), prompt("b1", null, "x")));
        int opened = FakeSegmenters.OPENED.get();
        int calls = FakeSegmenters.CALLS.get();

        assertThat(run.segment("-s", "runtime.prompts-per-call=4", "-s", "runtime.warm-up-calls=0")
                        .code())
                .isZero();

        assertThat(FakeSegmenters.OPENED.get() - opened).isEqualTo(1);
        assertThat(FakeSegmenters.CALLS.get() - calls).isEqualTo(3 + 1);
        assertThat(run.predictions()).hasSize(11);
    }

    @Test
    void segmentingDoesNotMindABrokenTruth() throws IOException {
        Truth broken = new Truth(false, List.of(new TruthMask(new EncodedMask(20, 30, "~~"), 1, false, 3L)));
        run.write(1, image("a", png(20, 30), prompt("a1", broken, "x")));

        assertThat(run.segment().code()).isZero();

        assertThat(run.predictions().get(0).<String>getAs("status")).isEqualTo("ok");
        assertThat(run.predictions().get(0).<Row>getAs("truth")).isNull();
    }

    @Test
    void allRowsFailingIsUnusableInputAndTheRunIsKept() throws IOException {
        run.write(1, image("a", "no".getBytes(), prompt("a1", null, "x"), prompt("a2", null, "y")));

        CliRun done = run.segment();

        assertThat(done.code()).isEqualTo(2);
        assertThat(done.err()).contains("all 2 prompts failed").contains("decode/unreadable-image");
        assertThat(run.out().resolve("summary.json")).exists();
    }

    @Test
    void aModelThatDoesNotLoadEndsTheRunInOneLine() throws IOException {
        Files.createFile(home.resolve("model/broken"));
        run.write(1, image("a", png(20, 30), prompt("a1", null, "x")));

        CliRun done = run.segment();

        assertThat(done.code()).isEqualTo(2);
        assertThat(done.err()).isEqualTo("maskroute: the model " + home.resolve("model") + " lacks the weight x.y.z\n");
        assertThat(run.out()).doesNotExist();
    }

    @Test
    void whatNoRowExplainsEndsTheRun() throws IOException {
        run.write(1, image("a", png(20, 30), prompt("a1", null, "x"), prompt("a2", null, FakeSegmenters.NO_NATIVES)));

        CliRun done = run.segment();

        assertThat(done.code()).isEqualTo(3);
        assertThat(run.out()).doesNotExist();
    }

    @Test
    void picturesMayLieBesideTheParquetFiles() throws IOException {
        run.write(1, new ImageRow("a", null, "a.png", List.of(prompt("a1", null, "x")), null, null, null));
        Files.write(home.resolve("dataset/a.png"), png(20, 30));

        CliRun done = run.segment();

        assertThat(done.err()).doesNotContain("maskroute: ");
        assertThat(run.predictions()).singleElement().satisfies(row -> assertThat(row.<String>getAs("status"))
                .isEqualTo("ok"));
    }

    /** One attempt to a task, so that the first session and the second end at what the third one knows. */
    @Test
    void whatEndedASessionBeforeItsFirstGroupIsKnownToTheNext() throws IOException {
        run.write(1, image("a", png(20, 30), prompt("a1", null, "x"), prompt("a2", null, FakeSegmenters.ENDLESS)));
        String[] settings = {"-s", "spark.task.maxFailures=1", "-s", "runtime.prompt-timeout=1s"};

        CliRun first = run.segment(settings);
        assertThat(first.code()).as(first.err()).isEqualTo(3);
        assertThat(run.out().resolve("_run/suspects")).isNotEmptyDirectory();
        CliRun second = run.segment(settings);
        assertThat(second.code()).as(second.err()).isEqualTo(3);
        CliRun third = run.segment(settings);

        assertThat(third.code()).as(third.err()).isZero();
        assertThat(FakeRun.byPrompt(run.predictions(), row -> row.<String>getAs("status")))
                .containsOnly(Map.entry("a1", "ok"), Map.entry("a2", "failed"));
        assertThat(run.out().resolve("_run/suspects")).doesNotExist();
    }

    @Test
    void promptsOfOneNameKeepTheirRowsInARetry() throws IOException {
        Path bad = Files.createFile(home.resolve("model/" + FakeSegmenters.FLAKY));
        run.write(
                2,
                image("a", png(20, 30), prompt("0", null, "x"), prompt("1", null, FakeSegmenters.FLAKY)),
                image("b", png(20, 30), prompt("0", null, FakeSegmenters.FLAKY), prompt("2", null, "y")),
                image("c", png(20, 30), prompt("3", null, FakeSegmenters.FLAKY), prompt("3", null, "z")));
        assertThat(run.segment("-s", "groups.pictures=1").code()).isZero();
        Files.delete(bad);

        CliRun retried = run.segment("-s", "groups.pictures=1", "--retry-failed");

        assertThat(retried.code()).as(retried.err()).isZero();
        assertThat(run.predictions())
                .extracting(row -> row.getAs("prompt_id") + " " + row.getAs("status"))
                .containsExactlyInAnyOrder("0 failed", "1 ok", "0 failed", "2 ok", "3 failed", "3 failed");
        assertThat(run.summary().at("/throughput/images_per_second").doubleValue())
                .isPositive();
    }

    @Test
    void aFullDiskIsNamedAtOnceAndTheRunEnds() throws IOException {
        run.write(1, image("a", png(20, 30), prompt("a1", null, "x")));

        List<LogEvent> attempts = CapturedLog.of("org.apache.spark.scheduler.TaskSetManager", () -> {
            CliRun done = run.segment(FailingFileSystem.settings("/predictions/", FailingFileSystem.Failure.NO_SPACE));
            assertThat(done.err().lines().filter(line -> line.startsWith("maskroute: ")))
                    .singleElement()
                    .asString()
                    .contains(run.out() + "/predictions/_new/")
                    .contains(" cannot be written: No space left on device; what is committed stays")
                    .doesNotContain("Exception");
            assertThat(done.code()).isEqualTo(2);
        });

        assertThat(attempts.stream()
                        .map(event -> event.getMessage().getFormattedMessage())
                        .filter(message -> message.startsWith("Lost task")))
                .hasSizeBetween(1, 4);
    }

    @Test
    void aFinishedRunMayHaveTooManyFailuresForAnotherRate() throws IOException {
        run.write(1, image("a", png(20, 30), prompt("a1", null, "x"), prompt("a2", null, FakeSegmenters.REFUSED)));
        assertThat(run.segment().code()).isZero();

        CliRun strict = run.segment("--max-failure-rate", "0.1");

        assertThat(strict.code()).isEqualTo(2);
        assertThat(strict.err()).contains("1 of the first 2 prompts failed");
    }

    @Test
    void aRunWithADamagedRecordIsReplacedOnRequest() throws IOException {
        run.write(1, image("a", png(20, 30), prompt("a1", null, "x")));
        assertThat(run.segment().code()).isZero();
        Files.writeString(run.out().resolve("run.json"), "");

        assertThat(run.segment().code()).isEqualTo(2);
        assertThat(run.segment("--fresh").code()).isZero();
    }

    @Test
    void aDamagedParquetFileIsUnusableInput() throws IOException {
        run.write(1, image("a", png(20, 30), prompt("a1", null, "x")));
        try (var files = Files.list(home.resolve("dataset"))) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".parquet")).toList()) {
                byte[] bytes = Files.readAllBytes(file);
                Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
                Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
            }
        }

        CliRun done = run.segment();

        assertThat(done.err())
                .hasLineCount(1)
                .contains(".parquet is no Parquet file: it does not end with PAR1")
                .doesNotContain("Exception");
        assertThat(done.code()).isEqualTo(2);
        assertThat(run.out()).doesNotExist();
    }

    /** That nothing will mend it is known after the first attempt. */
    @Test
    void aDamagedPageEndsTheRunAtOnce() throws IOException {
        run.write(1, image("a", "no picture at all".getBytes(StandardCharsets.US_ASCII), prompt("a1", null, "x")));
        Datasets.damage(home.resolve("dataset"), "no picture at all");

        List<LogEvent> attempts = CapturedLog.of("org.apache.spark.scheduler.TaskSetManager", () -> {
            CliRun done = run.segment();

            assertThat(done.err()
                            .lines()
                            .filter(line -> line.startsWith("maskroute: "))
                            .toList())
                    .singleElement()
                    .asString()
                    .matches(
                            "maskroute: not one picture .* can be read: file:.*\\.parquet cannot be read: row group 0: could not verify page integrity, CRC"
                                    + " checksum verification failed\\. Restore the file or write it again");
            assertThat(done.code()).isEqualTo(2);
        });

        assertThat(attempts.stream()
                        .map(event -> event.getMessage().getFormattedMessage())
                        .filter(message -> message.startsWith("Lost task")))
                .isEmpty();
        assertThat(run.out()).doesNotExist();
    }

    @Test
    void aFinishedRunIsReplacedOnRequestAndItsReportWrittenAgain() throws IOException {
        run.write(1, image("a", png(20, 30), prompt("a1", met(20, 30, "x"), "x")));
        assertThat(run.evaluate().code()).isZero();
        Files.writeString(run.out().resolve("notes"), "of the user");

        assertThat(run.evaluate("--fresh").code()).isZero();
        assertThat(run.out().resolve("notes")).hasContent("of the user");

        String report = Files.readString(run.out().resolve("report.html"));
        Files.delete(run.out().resolve("report.html"));
        CliRun again = CliRun.withSpark(home, "report", run.out().toString());
        assertThat(again.code()).isZero();
        assertThat(Files.readString(run.out().resolve("report.html"))).isEqualTo(report);
        assertThat(report).contains("random numbers").contains("a1");

        // The dataset that the configuration names is for other runs.
        Files.createDirectories(home.resolve("conf"));
        Files.writeString(home.resolve("conf/maskroute.conf"), "dataset.path = \"" + home.resolve("gone") + "\"");
        assertThat(CliRun.withSpark(home, "report", run.out().toString()).code())
                .isZero();
    }

    private static EncodedMask encoded(Rle mask) {
        return new EncodedMask(mask.height(), mask.width(), mask.compressed());
    }
}
