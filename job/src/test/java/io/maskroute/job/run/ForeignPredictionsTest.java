package io.maskroute.job.run;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.png;
import static io.maskroute.job.testing.Datasets.prompt;
import static io.maskroute.job.testing.Datasets.truth;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Truth;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Predictions that another tool wrote, with the contract's names and the types its library happens to use. */
class ForeignPredictionsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Rle HALF = FakeRun.rectangle(20, 30, 15);
    private static final Rle WHOLE = FakeRun.rectangle(20, 30, 30);

    @TempDir
    private Path home;

    private FakeRun run;

    @BeforeEach
    void dataset() throws IOException {
        run = FakeRun.in(home);
        run.write(
                1,
                image(
                        "a",
                        png(20, 30),
                        prompt("1", truth(HALF), "x"),
                        prompt("2", truth(WHOLE), "y"),
                        prompt("3", new Truth(true, List.of()), "z")));
    }

    private static String mask(Rle rle, double score) {
        return mask(rle, "cast('" + score + "' as double)");
    }

    private static String mask(Rle rle, String score) {
        return "named_struct('score', " + score + ", 'mask', named_struct('counts', cast('"
                + rle.compressed().replace("\\", "\\\\") + "' as binary), 'size', array(cast(" + rle.height()
                + " as bigint), cast(" + rle.width() + " as bigint))))";
    }

    private CliRun score(String sql, Path json) {
        Path predictions = home.resolve("foreign");
        Datasets.withSpark(spark -> {
            spark.sql(sql).coalesce(1).write().parquet(predictions.toString());
            return null;
        });
        return CliRun.withSpark(
                home,
                "evaluate",
                "--predictions",
                predictions.toString(),
                "--dataset",
                run.dataset(),
                "--json",
                json.toString());
    }

    @Test
    void theMaskThatScoresHighestIsTheAnswerInWhateverOrderAndTypes() throws IOException {
        Path json = home.resolve("scores.json");

        CliRun done = score(
                "SELECT * FROM VALUES (1, 'ok', array(" + mask(WHOLE, 0.2) + ", " + mask(HALF, 0.9)
                        + "), cast(null as int)), "
                        + "(2, 'ok', array(" + mask(WHOLE, 0.7) + ", " + mask(HALF, 0.1) + "), null), "
                        + "(3, null, array(), null) AS t(prompt_id, status, masks, error)",
                json);

        assertThat(done.code()).as(done.err()).isZero();
        JsonNode summary = JSON.readTree(json.toFile());
        assertThat(summary.get("ok").asLong()).isEqualTo(2);
        assertThat(summary.get("failed").asLong()).isEqualTo(1);
        assertThat(summary.at("/metrics/intersection").asLong()).isEqualTo(HALF.area() + WHOLE.area());
        assertThat(summary.at("/metrics/union").asLong()).isEqualTo(HALF.area() + WHOLE.area());
        assertThat(summary.at("/metrics/gIoU").asDouble()).isEqualTo(2 / 3.0);
        assertThat(summary.get("flops").isNull()).isTrue();
        assertThat(failures(summary))
                .containsExactly("read/unknown-status: the prediction has no status; ok or failed");
    }

    private static List<String> failures(JsonNode summary) {
        List<String> failures = new ArrayList<>();
        summary.get("failures")
                .forEach(failure -> failures.add(failure.get("stage").asText() + "/"
                        + failure.get("kind").asText() + ": "
                        + failure.get("example_message").asText()));
        return failures;
    }

    /** pandas writes a missing score as NaN; the first answers hold {@code HALF}, the second ones {@code WHOLE}. */
    @ParameterizedTest
    @CsvSource({
        "NaN,  0.9,  second",
        "null, 0.9,  second",
        "0.1,  NaN,  first",
        "NaN,  -1.0, second",
        "NaN,  NaN,  first",
        "null, NaN,  first",
        "NaN,  null, first"
    })
    void whatIsNoNumberIsNoScore(String first, String second, String answer) throws IOException {
        Path json = home.resolve("scores.json");
        String masks = "array(" + mask(HALF, "cast('" + first + "' as double)") + ", "
                + mask(WHOLE, "cast('" + second + "' as double)") + ")";

        CliRun done = score(
                "SELECT cast(id as string) AS prompt_id, 'ok' AS status, "
                        + masks.replace("cast('null' as double)", "cast(null as double)")
                        + " AS masks FROM range(1, 3)",
                json);

        assertThat(done.code()).as(done.err()).isZero();
        JsonNode summary = JSON.readTree(json.toFile());
        assertThat(summary.at("/metrics/intersection").asLong())
                .isEqualTo(answer.equals("first") ? 2 * HALF.area() : HALF.area() + WHOLE.area());
    }

    @Test
    void whatIsOddAboutAPredictionIsSaidOfIt() throws IOException {
        Path json = home.resolve("odd.json");
        Rle turned = FakeRun.rectangle(30, 20, 10);

        CliRun done = score(
                "SELECT * FROM VALUES ('1', 'OK', array(" + mask(HALF, 0.9) + "), null), "
                        + "('2', 'ok', array(" + mask(turned, 0.7) + "), null), "
                        + "('3', 'failed', array(), named_struct('stage', cast(null as string), 'kind', cast(null as string),"
                        + " 'message', cast(null as string))) AS t(prompt_id, status, masks, error)",
                json);

        assertThat(done.code()).as(done.err()).isZero();
        JsonNode summary = JSON.readTree(json.toFile());
        assertThat(failures(summary))
                .containsExactlyInAnyOrder(
                        "read/unknown-status: status 'OK' is not known; ok or failed",
                        "read/size-differs: the predicted mask is 20 wide and 30 high, the ground truth 30 and 20",
                        "read/no-reason: the prediction says that it failed, and not why");
        assertThat(done.out()).doesNotContain("null");
        assertThat(summary.at("/metrics/gIoU").asDouble()).isZero();
    }

    @Test
    void aScoreThatIsNoNumberIsNamed() {
        CliRun done = score(
                "SELECT '1' AS prompt_id, 'ok' AS status, array(" + mask(HALF, "'high'") + ") AS masks",
                home.resolve("none.json"));

        assertThat(done.code()).isEqualTo(2);
        assertThat(done.err())
                .contains("the column masks[].score has the type")
                .contains("expected number")
                .hasLineCount(1);
    }

    @Test
    void aPromptThatIsAnsweredTwiceIsNamed() {
        CliRun done = score(
                "SELECT '1' AS prompt_id, 'ok' AS status, array(" + mask(HALF, 0.5) + ") AS masks FROM range(2)",
                home.resolve("none.json"));

        assertThat(done.code()).isEqualTo(2);
        assertThat(done.err()).contains("holds the prompt 1 more than once");
    }

    /** Nobody knows which of them an answer is for. */
    @Test
    void promptsOfOneNameAreNotScored() throws IOException {
        run.write(
                1,
                image("b", png(20, 30), prompt("4", truth(HALF), "x"), prompt("5", truth(WHOLE), "y")),
                image("c", png(20, 30), prompt("4", truth(HALF), "x")));
        Path json = home.resolve("twice.json");

        CliRun done = score(
                "SELECT cast(id as string) AS prompt_id, 'ok' AS status, array(" + mask(HALF, 0.5)
                        + ") AS masks FROM range(1, 6) UNION ALL SELECT '4', 'ok', array(" + mask(HALF, 0.5) + ")",
                json);

        assertThat(done.code()).as(done.err()).isZero();
        JsonNode summary = JSON.readTree(json.toFile());
        assertThat(summary.get("ok").asLong()).isEqualTo(4);
        assertThat(failures(summary))
                .containsExactly("read/duplicate-prompt-id: the dataset has more than one prompt with the prompt_id 4:"
                        + " give each its own");
        assertThat(summary.at("/metrics/samples").asLong()).isEqualTo(6);
        assertThat(summary.at("/metrics/union").asLong())
                .isEqualTo(HALF.area() + WHOLE.area() + HALF.area() + WHOLE.area() + 2 * HALF.area());
    }

    /** As pyarrow writes a list that is empty in every row. */
    @Test
    void emptyAnswersNeedNoTypeOfMask() throws IOException {
        Path json = home.resolve("empty.json");

        CliRun done = score(
                "SELECT cast(id as string) AS prompt_id, 'ok' AS status, cast(array() as array<int>) AS masks,"
                        + " named_struct('llm', 1L, 'llm_dense', 2L, 'vision', 3L, 'decoder', 4L) AS flops FROM range(1, 4)",
                json);

        assertThat(done.code()).as(done.err()).isZero();
        JsonNode summary = JSON.readTree(json.toFile());
        assertThat(summary.get("ok").asLong()).isEqualTo(3);
        assertThat(summary.at("/metrics/gIoU").asDouble()).isEqualTo(1 / 3.0);
    }

    @Test
    void masksWithoutAnRleAreNamed() {
        CliRun done = score(
                "SELECT '1' AS prompt_id, 'ok' AS status, array(named_struct('rle', 'x')) AS masks",
                home.resolve("none.json"));

        assertThat(done.code()).isEqualTo(2);
        assertThat(done.err()).contains("holds no predictions: the column masks[].mask is missing");
    }

    @Test
    void promptsOfOtherTasksAreNoReferringSamples() throws IOException {
        FakeRun mixed = FakeRun.in(Files.createDirectory(home.resolve("mixed")));
        mixed.write(
                1,
                image(
                        "a",
                        png(20, 30),
                        prompt("1", Datasets.met(20, 30, "x"), "x"),
                        new PromptRow("2", "panoptic", List.of(), "coco", List.of(), truth(WHOLE)),
                        new PromptRow("3", "sing", List.of(), null, List.of(), truth(WHOLE))));

        assertThat(mixed.evaluate().code()).isZero();

        // Nobody knows what the third was meant to be.
        assertThat(mixed.summary().at("/metrics/samples").asLong()).isEqualTo(2);
        assertThat(mixed.summary().at("/metrics/gIoU").asDouble()).isEqualTo(0.5);
        assertThat(mixed.summary().get("failed").asLong()).isEqualTo(2);
        Path json = home.resolve("again.json");
        assertThat(mixed.rescored(json).code()).isZero();
        assertThat(JSON.readTree(json.toFile()).get("metrics"))
                .isEqualTo(mixed.summary().get("metrics"));
    }
}
