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
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.Truth;
import io.maskroute.datasets.schema.TruthMask;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import io.maskroute.job.testing.FakeSegmenters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the command line makes of masks and truths: metrics of a run, and of stored predictions. */
class ScoredRunTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path home;

    private FakeRun run;

    @BeforeEach
    void model() throws IOException {
        run = FakeRun.in(home);
    }

    @Test
    void summaryHasTheMetricsOfThePixelsAndFailuresCountAsEmpty() throws IOException {
        Rle whole = FakeRun.rectangle(20, 30, 30);
        run.write(
                2,
                image("a", png(20, 30), prompt("a1", met(20, 30, "x"), "x"), prompt("a2", truth(whole), "y")),
                image("b", "no picture".getBytes(), prompt("b1", truth(whole), "x")));

        assertThat(run.evaluate().code()).isZero();

        long x = Rle.of(FakeSegmenters.mask(List.of("x"), 20, 30)).area();
        long y = Rle.of(FakeSegmenters.mask(List.of("y"), 20, 30)).area();
        JsonNode metrics = run.summary().get("metrics");
        assertThat(metrics.get("samples").asLong()).isEqualTo(3);
        assertThat(metrics.get("intersection").asLong()).isEqualTo(x + y);
        assertThat(metrics.get("union").asLong()).isEqualTo(x + 600 + 600);
        assertThat(metrics.get("cIoU").asDouble()).isEqualTo((double) (x + y) / (x + 1200));
        assertThat(metrics.get("gIoU").asDouble()).isCloseTo((1 + y / 600.0 + 0) / 3, within(1e-15));
        assertThat(metrics.get("Pr@0.9").asDouble()).isEqualTo((y >= 540 ? 2 : 1) / 3.0);
        assertThat(run.summary().get("flops").get("llm_ratio").asDouble()).isEqualTo(0.6);
        assertThat(run.summary().get("flops").get("llm_alone_ratio").asDouble()).isEqualTo(0.7);
        assertThat(run.summary().get("failures").get(0).get("kind").asText()).isEqualTo("unreadable-image");
        JsonNode description = JSON.readTree(run.out().resolve("run.json").toFile());
        assertThat(description.get("dataset").get("protocol").asText()).isEqualTo("joined");
        assertThat(description.get("models").get(0).get("model_fingerprint").asText())
                .isEqualTo("fake-model");
        assertThat(description.get("finished").isTextual()).isTrue();
    }

    @Test
    void scoringStoredPredictionsGivesTheSameMetrics() throws IOException {
        List<ImageRow> images = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            byte[] picture = i % 7 == 3 ? new byte[] {1, 2, 3} : png(20, 30);
            images.add(image(
                    "i" + i,
                    picture,
                    prompt("p" + i, truth(FakeRun.rectangle(20, 30, 1 + i % 29)), "s" + i),
                    prompt(
                            "q" + i,
                            i % 2 == 0 ? null : new Truth(true, List.of()),
                            i % 5 == 0 ? FakeSegmenters.BUG : "t" + i)));
        }
        run.write(4, images.toArray(ImageRow[]::new));
        assertThat(run.evaluate("-s", "metrics.empty-union=zero").code()).isZero();

        Path json = home.resolve("again.json");
        CliRun again = run.rescored(json, "-s", "metrics.empty-union=zero");

        assertThat(again.err()).isEmpty();
        assertThat(again.code()).isZero();
        JsonNode rescored = JSON.readTree(json.toFile());
        for (String part : List.of("metrics", "failures", "prompts", "ok", "failed", "images", "flops", "latency_ms")) {
            assertThat(rescored.get(part)).as(part).isEqualTo(run.summary().get(part));
        }
        assertThat(run.summary().get("metrics").get("samples").asLong()).isEqualTo(60);
    }

    @Test
    void aPromptThatCannotBeReadFailsAloneAndIsScoredByTheTruthItHas() throws IOException {
        Truth whole = truth(FakeRun.rectangle(20, 30, 30));
        ImageRow image = image(
                "a",
                png(20, 30),
                prompt("good", met(20, 30, "x"), "x"),
                prompt("null sentence", whole, "y"),
                prompt("null mask", whole, "z"),
                prompt("good too", null, "w"));
        Row broken = Datasets.withNullMask(Datasets.withNullSentence(DatasetSchema.toRow(image), 1), 2);
        Datasets.writeRows(Path.of(run.dataset()), 1, List.of(broken));

        assertThat(run.evaluate().code()).isZero();

        List<Row> rows = run.predictions();
        assertThat(rows)
                .extracting(row -> row.<String>getAs("prompt_id"))
                .containsExactly("good", "null sentence", "null mask", "good too");
        assertThat(rows)
                .extracting(row -> row.<Row>getAs("error"))
                .extracting(e -> e == null ? "ok" : e.mkString("/"))
                .containsExactly(
                        "ok",
                        "read/bad-value/a list holds a null element",
                        "read/bad-value/a truth mask is null",
                        "ok");
        assertThat(rows.get(1).<Row>getAs("truth")).isEqualTo(RowFactory.create(0L, 600L, 0.0));
        assertThat(rows.get(2).<Row>getAs("truth")).isNull();
        assertThat(run.summary().at("/metrics/samples").asLong()).isEqualTo(2);
        assertThat(run.summary().at("/metrics/gIoU").asDouble()).isEqualTo(0.5);

        assertScoringAgainSaysTheSame();
    }

    private void assertScoringAgainSaysTheSame() throws IOException {
        Path json = home.resolve("again.json");
        assertThat(run.rescored(json).code()).isZero();
        for (String part : List.of("metrics", "failures", "prompts", "ok", "failed")) {
            assertThat(JSON.readTree(json.toFile()).get(part))
                    .as(part)
                    .isEqualTo(run.summary().get(part));
        }
    }

    @Test
    void anAnswerToAPromptThatCannotBeReadIsAFailure() throws IOException {
        ImageRow image =
                image("a", png(20, 30), prompt("a1", met(20, 30, "x"), "x"), prompt("a2", met(20, 30, "y"), "y"));
        run.write(1, image);
        assertThat(run.evaluate().code()).isZero();
        Path broken = home.resolve("broken");
        Datasets.writeRows(broken, 1, List.of(Datasets.withNullMask(DatasetSchema.toRow(image), 0)));

        Path json = home.resolve("broken.json");
        CliRun done = scoredOver(broken, json);

        assertThat(done.code()).as(done.err()).isZero();
        JsonNode summary = JSON.readTree(json.toFile());
        assertThat(summary.at("/ok").asLong()).isEqualTo(1);
        assertThat(summary.at("/failed").asLong()).isEqualTo(1);
        assertThat(summary.at("/failures/0/kind").asText()).isEqualTo("bad-value");
    }

    @Test
    void namesThatAreGivenTwiceAndPromptsWithoutWordsFail() throws IOException {
        Truth whole = truth(FakeRun.rectangle(20, 30, 30));
        run.write(
                2,
                image("a", png(20, 30), prompt("a1", met(20, 30, "x"), "x"), prompt("twice", whole, "y")),
                image("b", png(20, 30), prompt("twice", null, "y"), prompt("blank", whole, "x", " \u00a0")),
                image("c", png(20, 30), prompt("c1", whole, "x")),
                image("c", png(20, 30), prompt("c2", null, "x"), prompt("empty", null)));

        assertThat(run.evaluate().code()).isZero();

        assertThat(run.predictions().stream()
                        .map(row -> row.getAs("prompt_id") + " "
                                + (row.getAs("status").equals("ok")
                                        ? "ok"
                                        : row.<Row>getAs("error").getString(0) + "/"
                                                + row.<Row>getAs("error").getString(1))))
                .containsExactlyInAnyOrder(
                        "a1 ok",
                        "twice read/duplicate-prompt-id",
                        "twice read/duplicate-prompt-id",
                        "blank read/empty-prompt",
                        "c1 read/duplicate-image-id",
                        "c2 read/duplicate-image-id",
                        "empty read/duplicate-image-id");
        assertThat(run.summary().at("/metrics/samples").asLong()).isEqualTo(4);
        assertThat(run.summary().at("/metrics/gIoU").asDouble()).isEqualTo(0.25);
        assertScoringAgainSaysTheSame();
    }

    /** Nobody who writes a mask means nothing. */
    @Test
    void crowdsAreLeftOutBesideObjectsAndMeantAlone() throws IOException {
        TruthMask crowd = new TruthMask(EncodedMask.of(FakeRun.rectangle(20, 30, 30)), 1, true, 1L);
        TruthMask met = met(20, 30, "x").masks().get(0);
        run.write(
                1,
                image(
                        "a",
                        png(20, 30),
                        prompt("both", new Truth(false, List.of(crowd, met)), "x"),
                        prompt("crowd", new Truth(false, List.of(crowd)), "y")));

        assertThat(run.evaluate().code()).isZero();

        Map<String, Row> rows = FakeRun.byPrompt(run.predictions(), row -> row.<Row>getAs("truth"));
        assertThat(rows.get("both")).isEqualTo(RowFactory.create(area("x"), area("x"), 1.0));
        assertThat(rows.get("crowd")).isEqualTo(RowFactory.create(area("y"), 600L, area("y") / 600.0));
        assertThat(run.summary().at("/metrics/no_target").asLong()).isZero();
    }

    /** Two prompts with a target and three without, one of which fails. */
    private void writeWithoutTargets() {
        Truth nothing = new Truth(true, List.of());
        String doubtful = FakeSegmenters.DOUBTFUL;
        run.write(
                2,
                image(
                        "a",
                        png(20, 30),
                        prompt("sure", met(20, 30, "x"), "x"),
                        prompt("doubtful", truth(FakeRun.rectangle(20, 30, 30)), doubtful + " y"),
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

        assertThat(run.evaluate("--min-score", "0.5").code()).isZero();

        Map<String, Row> rows = FakeRun.byPrompt(run.predictions(), row -> row);
        assertThat(rows).allSatisfy((id, row) -> {
            assertThat(row.<String>getAs("status")).isEqualTo(id.startsWith("failed") ? "failed" : "ok");
            assertThat(row.getList(row.fieldIndex("masks"))).hasSize(id.startsWith("sure") ? 1 : 0);
        });
        assertThat(rows.get("doubtful").<Row>getAs("truth")).isEqualTo(RowFactory.create(0L, 600L, 0.0));
        assertThat(rows.get("doubtful-nothing").<Row>getAs("truth")).isEqualTo(RowFactory.create(0L, 0L, 1.0));
        assertThat(rows.get("doubtful").<Row>getAs("flops")).isNotNull();
        JsonNode metrics = run.summary().get("metrics");
        assertThat(metrics.get("gIoU").asDouble()).isCloseTo((1 + 0 + 1 + 0 + 0) / 5.0, within(1e-15));
        assertThat(metrics.get("cIoU").asDouble())
                .isEqualTo((double) area("x") / (area("x") + 600 + 0 + area("w") + 0));
        assertThat(metrics.get("no_target").asLong()).isEqualTo(3);
        assertThat(metrics.get("N_acc").asDouble()).isEqualTo(1 / 3.0);
        assertThat(metrics.get("T_acc").asDouble()).isEqualTo(1 / 2.0);
        assertThat(Files.readString(run.out().resolve("report.html")))
                .contains("N-acc", "no mask", "the least score of a mask");
        assertThat(JSON.readTree(run.out().resolve("run.json").toFile())
                        .at("/fingerprint/the least score of a mask")
                        .asText())
                .isEqualTo("0.5");

        CliRun otherwise = run.evaluate("--min-score", "0.25");
        assertThat(otherwise.code()).isEqualTo(2);
        assertThat(otherwise.err()).contains("the least score of a mask was 0.5 and is 0.25");
        CliRun lower = run.rescored(home.resolve("lower.json"), "--min-score", "0.25");
        assertThat(lower.code()).isZero();
        assertThat(lower.out()).contains("were made with a least score of 0.5");
        assertThat(JSON.readTree(home.resolve("lower.json").toFile()).get("metrics"))
                .isEqualTo(metrics);
    }

    @Test
    void storedPredictionsShowWhatALeastScoreWouldGive() throws IOException {
        writeWithoutTargets();
        assertThat(run.evaluate().code()).isZero();
        JsonNode best = run.summary();
        assertThat(best.at("/metrics/N_acc").asDouble()).isZero();
        assertThat(best.at("/metrics/T_acc").asDouble()).isEqualTo(1);
        assertThat(best.get("by_min_score")).hasSize(20);
        JsonNode all = best.at("/by_min_score/16");
        assertThat(all.get("min_score").asDouble()).isEqualTo(0.8);
        assertThat(all.get("gIoU").asDouble()).isCloseTo((0 + 0 + 1 + 1 + 0) / 5.0, within(1e-15));
        assertThat(all.get("cIoU").asDouble()).isZero();
        assertThat(all.get("N_acc").asDouble()).isEqualTo(2 / 3.0);
        assertThat(all.get("T_acc").asDouble()).isZero();

        CliRun scanned = run.rescored(home.resolve("scanned.json"));

        assertThat(JSON.readTree(home.resolve("scanned.json").toFile()).get("by_min_score"))
                .isEqualTo(best.get("by_min_score"));
        assertThat(scanned.out().lines().filter(line -> line.contains("best gIoU")))
                .hasSize(1);
        for (int i = 0; i < 20; i++) {
            JsonNode row = best.get("by_min_score").get(i);
            if (i % 6 == 0) {
                String least = row.get("min_score").asText();
                CliRun done = run.rescored(home.resolve("at.json"), "--min-score", least);
                assertThat(done.code()).as(done.err()).isZero();
                JsonNode at = JSON.readTree(home.resolve("at.json").toFile());
                assertThat(at.get("min_score").asText()).isEqualTo(least);
                for (String figure : List.of("gIoU", "cIoU", "N_acc", "T_acc")) {
                    assertThat(at.get("metrics").get(figure)).as(least + figure).isEqualTo(row.get(figure));
                }
            }
        }
    }

    @Test
    void scoringRefusesPredictionsOfAnotherDataset() throws IOException {
        run.write(1, image("a", png(20, 30), prompt("a1", null, "x")));
        assertThat(run.evaluate().code()).isZero();
        Datasets.write(home.resolve("other"), 1, List.of(image("a", png(20, 30), prompt("other", null, "x"))));

        CliRun done = CliRun.withSpark(
                home,
                "evaluate",
                "--predictions",
                run.out().toString(),
                "--dataset",
                home.resolve("other").toString());

        assertThat(done.code()).isEqualTo(2);
        assertThat(done.err()).contains("answers the prompt a1, which the dataset does not have");
    }

    @Test
    void promptsWithoutPredictionAreFailedOnes() throws IOException {
        run.write(1, image("a", png(20, 30), prompt("a1", met(20, 30, "x"), "x")));
        assertThat(run.evaluate().code()).isZero();
        Datasets.write(
                home.resolve("more"),
                1,
                List.of(image(
                        "a", png(20, 30), prompt("a1", met(20, 30, "x"), "x"), prompt("a2", met(20, 30, "y"), "y"))));

        Path json = home.resolve("more.json");
        CliRun done = scoredOver(home.resolve("more"), json);

        assertThat(done.code()).isZero();
        JsonNode summary = JSON.readTree(json.toFile());
        assertThat(summary.get("failures").get(0).get("kind").asText()).isEqualTo("no-prediction");
        assertThat(summary.get("metrics").get("gIoU").asDouble()).isEqualTo(0.5);
    }

    private CliRun scoredOver(Path dataset, Path json) {
        return CliRun.withSpark(
                home,
                "evaluate",
                "--predictions",
                run.out().resolve("predictions").toString(),
                "--dataset",
                dataset.toString(),
                "--json",
                json.toString());
    }
}
