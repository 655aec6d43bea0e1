package io.maskroute.job.storage;

import static io.maskroute.job.testing.Datasets.met;
import static io.maskroute.job.testing.Datasets.png;
import static io.maskroute.job.testing.Datasets.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import io.maskroute.job.testing.FakeSegmenters;
import io.maskroute.job.testing.S3Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole runs with dataset, pictures, model and output on an S3 server, a good one and a bad one. */
class ObjectStoreTest {
    private static final int WAVES = 6;
    private static final int IMAGES_PER_WAVE = 8;
    private static final int ROWS_PER_WAVE = 2 * IMAGES_PER_WAVE;

    /** What may differ between runs of the same model over the same prompts. */
    private static final String[] OF_THE_RUN = {"run_id", "latency", "executor", "attempt"};

    @TempDir
    private static Path shared;

    private static S3Server server;
    private static Map<String, Row> local;

    @TempDir
    private Path home;

    @BeforeAll
    static void serverWithDatasetAndModel() throws IOException {
        server = S3Server.start(shared.resolve("s3"));
        Path model = Files.createDirectory(shared.resolve("model"));
        Files.writeString(model.resolve(FakeSegmenters.FINGERPRINT), "fake-model of the store");
        Path files = shared.resolve("local");
        dataset(files, files.toUri().toString());
        Path remote = shared.resolve("remote");
        dataset(remote, server.uri("dataset"));
        try (FileSystem s3 = server.client()) {
            s3.copyFromLocalFile(hadoop(remote), new org.apache.hadoop.fs.Path(server.uri("dataset")));
            s3.copyFromLocalFile(hadoop(model), new org.apache.hadoop.fs.Path(server.uri("model")));
        }
        CliRun run = CliRun.withSpark(
                shared,
                arguments(
                        files.toString(),
                        model.toString(),
                        shared.resolve("out").toString(),
                        Map.of()));
        assertThat(run.code()).as(run.err()).isZero();
        local = rows(shared.resolve("out/predictions"));
        assertThat(local).hasSize(WAVES * ROWS_PER_WAVE);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @BeforeEach
    void noOutput() throws IOException {
        try (FileSystem s3 = server.client()) {
            s3.delete(new org.apache.hadoop.fs.Path(server.uri("out")), true);
        }
    }

    /** Pictures in rows, beside the dataset by relative URI, by absolute URI; one is missing. */
    private static void dataset(Path folder, String uri) throws IOException {
        List<List<ImageRow>> files = new ArrayList<>();
        for (int file = 0; file < WAVES; file++) {
            List<ImageRow> images = new ArrayList<>();
            for (int i = 0; i < IMAGES_PER_WAVE; i++) {
                String id = file + "-" + i;
                List<PromptRow> prompts = List.of(
                        prompt(id + "-a", met(20, 30 + i, "first " + id), "first " + id),
                        prompt(id + "-b", null, i == 3 ? FakeSegmenters.REFUSED : "second " + id));
                String picture = "pictures/" + id + ".png";
                images.add(
                        switch (i % 4) {
                            case 0 -> new ImageRow(id, png(20, 30 + i), null, prompts, "val", null, null);
                            case 1 -> new ImageRow(id, null, picture, prompts, "val", null, null);
                            case 2 -> new ImageRow(id, null, uri + "/" + picture, prompts, "val", null, null);
                            default -> new ImageRow(
                                    id, null, i == 7 ? "pictures/none.png" : picture, prompts, "val", null, null);
                        });
                Path target = folder.resolve(picture);
                Files.createDirectories(target.getParent());
                Files.write(target, png(20, 30 + i));
            }
            files.add(images);
        }
        Datasets.writeFiles(folder, files);
    }

    @Test
    void aRunOverS3GivesTheRowsOfALocalRun() throws IOException {
        CliRun run = run(server.port(), Map.of());

        assertThat(run.code()).as(run.err()).isZero();
        assertThat(storedRows()).isEqualTo(local);
    }

    private CliRun run(int port, Map<String, String> more) {
        Map<String, String> settings = new TreeMap<>(S3Server.sparkProperties(port));
        settings.put("model.cache", home.resolve("cache").toString());
        settings.putAll(more);
        return CliRun.withSpark(
                home, arguments(server.uri("dataset"), server.uri("model"), server.uri("out"), settings));
    }

    private static String[] arguments(String dataset, String model, String output, Map<String, String> settings) {
        List<String> arguments = new ArrayList<>(List.of(
                "evaluate",
                "--dataset",
                dataset,
                "--model",
                model,
                "--output",
                output,
                "-s",
                "waves.files=1",
                // Several files to a wave, so that there is such a thing as half a wave.
                "-s",
                "output.file-size=2k",
                "-s",
                "spark.sql.adaptive.coalescePartitions.minPartitionSize=1k"));
        settings.forEach((key, value) -> arguments.addAll(List.of("-s", key + "=" + value)));
        return arguments.toArray(String[]::new);
    }

    private Map<String, Row> storedRows() throws IOException {
        Path copy = home.resolve("copy");
        try (FileSystem s3 = server.client()) {
            s3.copyToLocalFile(new org.apache.hadoop.fs.Path(server.uri("out/predictions")), hadoop(copy));
        }
        return rows(copy);
    }

    private static Map<String, Row> rows(Path predictions) {
        return Datasets.withSpark(spark -> {
            Map<String, Row> rows = new TreeMap<>();
            for (Row row : spark.read()
                    .parquet(predictions.toString())
                    .drop(OF_THE_RUN)
                    .collectAsList()) {
                assertThat(rows.put(row.getAs("prompt_id"), row)).isNull();
            }
            return rows;
        });
    }

    private static org.apache.hadoop.fs.Path hadoop(Path path) {
        return new org.apache.hadoop.fs.Path(path.toUri());
    }
}
