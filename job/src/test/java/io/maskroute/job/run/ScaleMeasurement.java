package io.maskroute.job.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Protocol;
import io.maskroute.job.results.RunFolder;
import io.maskroute.job.testing.Datasets;
import io.maskroute.job.testing.MeasuredDriver;
import io.maskroute.job.testing.StandaloneCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run of a million prompts with a model that costs nothing: what is left is what the job itself costs. Not part of the build;
 * {@code docs/scaling.md} has the command and the figures.
 */
class ScaleMeasurement {
    private static final int IMAGES = Integer.getInteger("scale.images", 100_000);
    private static final int PROMPTS_PER_IMAGE = 10;
    private static final int FILES = Integer.getInteger("scale.files", 1_000);
    private static final int GROUPS = Integer.getInteger("scale.groups", 100);

    @TempDir
    private Path folder;

    @Test
    void driverAndLogOfAMillionPrompts() throws Exception {
        Files.createDirectory(folder.resolve("model"));
        writeDataset();
        Path out = folder.resolve("out");
        String log;
        try (StandaloneCluster cluster = StandaloneCluster.start(
                folder.resolve("cluster"), 2, new StandaloneCluster.Worker(1, "1g", Map.of()))) {
            Process driver = cluster.driver(
                    "driver",
                    List.of(
                            "-Dspark.executor.memory=1g",
                            "-Dspark.sql.shuffle.partitions=4",
                            "-Dmeasured.output=" + out),
                    MeasuredDriver.class.getName(),
                    List.of(
                            "segment",
                            "--model",
                            folder.resolve("model").toString(),
                            "--dataset",
                            folder.resolve("dataset").toString(),
                            "--output",
                            out.toString(),
                            "-s",
                            "groups.pictures=" + IMAGES / GROUPS));
            assertThat(driver.waitFor()).as(() -> cluster.log("driver")).isZero();
            log = cluster.log("driver");
        }
        log.lines().filter(line -> line.startsWith("MEASURED")).forEach(System.out::println);
        print("dataset", folder.resolve("dataset"));
        for (String part : List.of("_run/groups", "_run/lease")) {
            print(part, out.resolve(part));
        }
        print("predictions", out.resolve("predictions"));
        long start = System.nanoTime();
        int groups = new RunFolder(out.toString(), new Configuration())
                .groups()
                .refresh()
                .size();
        System.out.printf(Locale.ROOT, "reading %d groups: %.1f ms%n", groups, (System.nanoTime() - start) / 1e6);
        System.out.println(Files.readString(out.resolve("summary.json"))
                .lines()
                .filter(line ->
                        line.contains("per_second") || line.contains("\"seconds\"") || line.contains("\"prompts\""))
                .toList());
        assertThat(groups).isBetween(GROUPS / 4, GROUPS);
    }

    private void writeDataset() {
        byte[] picture = Datasets.png(20, 30);
        Datasets.withSpark(spark -> {
            spark.range(0, IMAGES, 1, FILES)
                    .map(
                            (MapFunction<Long, Row>) id -> DatasetSchema.toRow(row(id, picture)),
                            Encoders.row(DatasetSchema.struct().asNullable()))
                    .write()
                    .parquet(folder.resolve("dataset").toString());
            return null;
        });
        new DatasetManifest(1, "scale", "val", Protocol.JOINED, null, null, null, "test", null, null)
                .write(folder.resolve("dataset").toString(), new Configuration());
    }

    private static ImageRow row(long id, byte[] picture) {
        List<PromptRow> prompts = new ArrayList<>();
        for (int i = 0; i < PROMPTS_PER_IMAGE; i++) {
            prompts.add(PromptRow.referring(id + "-" + i, List.of("prompt " + i + " of " + id), null));
        }
        return new ImageRow(String.valueOf(id), picture, null, prompts, "val", null, null);
    }

    private static void print(String name, Path path) throws IOException {
        try (Stream<Path> files = Files.walk(path)) {
            List<Path> all = files.filter(Files::isRegularFile)
                    .filter(f -> !f.getFileName().toString().endsWith(".crc"))
                    .toList();
            long bytes = 0;
            for (Path file : all) {
                bytes += Files.size(file);
            }
            System.out.printf(Locale.ROOT, "%s: %d files, %d bytes%n", name, all.size(), bytes);
        }
    }
}
