package io.maskroute.job.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The model of random weights over the bundled photographs. */
class BundledModelTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String MODEL = "../models/tiny";
    private static final Path DATASET = Path.of("../examples/refcoco-mini");

    /** What may differ between runs of the same model over the same prompts. */
    /** Of the run, and of where its pictures lie. */
    private static final String[] NOT_COMPARED = {"run_id", "latency", "executor", "attempt", "image_name"};

    @TempDir
    private Path home;

    @Test
    void neitherCoresNorFilesNorWhereThePicturesLieChangeAPrediction() throws IOException {
        spread(home.resolve("spread"));
        link(home.resolve("linked"));

        Map<String, Row> bundled = predictions(evaluate(DATASET, 1, "a"));
        Map<String, Row> spread = predictions(evaluate(home.resolve("spread"), 4, "b"));
        Map<String, Row> linked = predictions(evaluate(home.resolve("linked"), 2, "c"));

        assertThat(bundled).hasSize(42);
        assertThat(bundled.values())
                .allSatisfy(row -> assertThat(row.<String>getAs("status")).isEqualTo("ok"));
        assertThat(spread).isEqualTo(bundled);
        assertThat(linked).isEqualTo(bundled);
        JsonNode summary = summary("a");
        for (String part : List.of("metrics", "flops", "images", "prompts", "ok", "failed", "notes")) {
            assertThat(summary("b").get(part)).as(part).isEqualTo(summary.get(part));
        }
        assertThat(scoredAgain("b").get("metrics")).isEqualTo(summary.get("metrics"));
    }

    @ParameterizedTest
    @CsvSource({"bf16, dense", "fp32, ../conf/routing/tiny.json", "bf16, ../conf/routing/tiny.json"})
    void itRunsInBf16AndRouted(String dtype, String routing) throws IOException {
        evaluate(DATASET, 2, "dense");

        evaluate(DATASET, 2, "other", "--dtype", dtype, "--routing", routing);

        assertThat(summary("other").get("ok").asLong()).isEqualTo(42);
        double share = summary("other").get("flops").get("llm").asDouble()
                / summary("dense").get("flops").get("llm").asDouble();
        if (routing.equals("dense")) {
            assertThat(share).isEqualTo(1);
        } else {
            assertThat(share).isBetween(0.6, 0.8);
        }
        JsonNode model = JSON.readTree(home.resolve("other/run.json").toFile())
                .get("models")
                .get(0);
        assertThat(model.get("routing_fingerprint").asText().equals("dense")).isEqualTo(routing.equals("dense"));
    }

    private CliRun evaluate(Path dataset, int cores, String output, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "evaluate",
                "--model",
                MODEL,
                "--dataset",
                dataset.toString(),
                "--output",
                home.resolve(output).toString()));
        arguments.addAll(List.of(more));
        CliRun run = CliRun.withModel(home, cores, arguments.toArray(String[]::new));
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("random numbers").contains(home.resolve(output) + "/report.html");
        return run;
    }

    private Map<String, Row> predictions(CliRun run) {
        String folder = run.out()
                .lines()
                .filter(line -> line.startsWith("run folder"))
                .map(line -> line.substring("run folder".length()).strip())
                .findFirst()
                .orElseThrow();
        return Datasets.withSpark(spark -> {
            Map<String, Row> rows = new TreeMap<>();
            spark.read()
                    .parquet(folder + "/predictions")
                    .drop(NOT_COMPARED)
                    .collectAsList()
                    .forEach(row -> rows.put(row.getAs("prompt_id"), row));
            return rows;
        });
    }

    private JsonNode summary(String output) throws IOException {
        return JSON.readTree(home.resolve(output + "/summary.json").toFile());
    }

    private JsonNode scoredAgain(String output) throws IOException {
        Path json = home.resolve("again.json");
        CliRun run = CliRun.withModel(
                home,
                2,
                "evaluate",
                "--predictions",
                home.resolve(output).toString(),
                "--dataset",
                DATASET.toString(),
                "--json",
                json.toString());
        assertThat(run.code()).as(run.err()).isZero();
        return JSON.readTree(json.toFile());
    }

    private static void spread(Path folder) {
        write(folder, false);
    }

    /** The pictures as files inside the dataset's folder. */
    private static void link(Path folder) throws IOException {
        write(folder, true);
        Files.createDirectory(folder.resolve("pictures"));
        List<Row> pictures = Datasets.withSpark(spark -> spark.read()
                .parquet(DATASET.toString())
                .select("image_id", "image")
                .collectAsList());
        for (Row picture : pictures) {
            Files.write(folder.resolve("pictures/" + picture.getString(0)), picture.<byte[]>getAs(1));
        }
    }

    private static void write(Path folder, boolean linked) {
        Datasets.withSpark(spark -> {
            Dataset<Row> rows = spark.read().parquet(DATASET.toString());
            if (linked) {
                rows = rows.withColumn("image", functions.lit(null).cast("binary"))
                        .withColumn("image_uri", functions.concat(functions.lit("pictures/"), rows.col("image_id")));
            }
            rows.repartition(6).write().parquet(folder.toString());
            DatasetManifest.read(DATASET.toString(), spark.sessionState().newHadoopConf())
                    .write(folder.toString(), spark.sessionState().newHadoopConf());
            return null;
        });
    }
}
