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
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
        return "named_struct('score', cast(" + score + " as double), 'mask', named_struct('counts', cast('"
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
