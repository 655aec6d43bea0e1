package io.maskroute.job.run;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.prompt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.job.cli.Main;
import io.maskroute.job.testing.Datasets;
import io.maskroute.job.testing.FakeSegmenters;
import io.maskroute.job.testing.StandaloneCluster;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole runs on a real standalone cluster whose workers each offer one "gpu", mapped to the CPU. */
class ClusterRunTest {
    private static final int CORES = 4;

    @TempDir
    private Path home;

    @Test
    void eachExecutorHasItsDeviceAndOneModelAndResultsAreThoseOfOneProcess() throws Exception {
        Random random = new Random(5);
        List<ImageRow> images = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            images.add(image(
                    "i" + i,
                    noise(random, 40 + random.nextInt(60), 40 + random.nextInt(60)),
                    prompt("p" + i, null, "the left one"),
                    prompt("q" + i, null, "a person in a red coat number " + i)));
        }
        Datasets.write(home.resolve("dataset"), 16, images);
        Path model = Path.of("..", "models", "tiny").toAbsolutePath().normalize();

        List<String> logs;
        try (StandaloneCluster cluster = cluster()) {
            run(
                    cluster,
                    Main.class,
                    "distributed",
                    model,
                    Map.of("spark.executor.heartbeatInterval", "200ms"),
                    List.of("--device", "gpu", "-s", "runtime.gpu-device=cpu", "-s", "progress.interval=200ms"));
            assertThat(cluster.log("distributed"))
                    .as("what executors report to the driver")
                    .containsPattern("model busy \\d+ %, time left");
            logs = cluster.executorLogs().lines().toList();
            run(cluster, Main.class, "single", model, Map.of("spark.master", "local[2]"), List.of());
        }

        Map<String, Row> distributed = byPrompt("distributed");
        Map<String, Row> single = byPrompt("single");
        assertThat(distributed).hasSize(64).containsOnlyKeys(single.keySet());
        distributed.forEach((id, row) -> {
            assertThat(row.<String>getAs("status")).isEqualTo("ok");
            Row mask = mask(row);
            Row same = mask(single.get(id));
            assertThat(mask.<Row>getAs("mask").getString(1))
                    .isEqualTo(same.<Row>getAs("mask").getString(1));
            assertThat(mask.<Float>getAs("score")).isCloseTo(same.<Float>getAs("score"), within(1e-6f));
            assertThat(row.<Row>getAs("flops")).isEqualTo(single.get(id).<Row>getAs("flops"));
        });
        assertThat(distributed.values().stream()
                        .collect(Collectors.groupingBy(
                                row -> row.<String>getAs("executor"),
                                Collectors.mapping(row -> row.<String>getAs("device"), Collectors.toSet())))
                        .values()
                        .stream()
                        .flatMap(devices -> {
                            assertThat(devices).hasSize(1);
                            return devices.stream();
                        }))
                .containsExactlyInAnyOrder("cpu for gpu 0", "cpu for gpu 1");
        assertThat(logs.stream().filter(line -> line.contains("ExecutorModels: Loading the model")))
                .as("models loaded by two executors")
                .hasSize(2);
    }

    @Test
    void aRowThatKillsItsExecutorAndOneThatHangsBecomeFailedRows() throws Exception {
        List<ImageRow> images = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            List<PromptRow> prompts = new ArrayList<>();
            for (int j = 0; j < 1 + i % 3; j++) {
                prompts.add(prompt(i + "-" + j, null, "s" + i + j));
            }
            if (i == 5) {
                prompts.add(prompt("killer", null, FakeSegmenters.DEADLY));
            }
            if (i == 17) {
                prompts.add(1, prompt("hanger", null, FakeSegmenters.ENDLESS));
            }
            images.add(image("i" + i, Datasets.png(20, 30), prompts.toArray(PromptRow[]::new)));
        }
        Datasets.write(home.resolve("dataset"), 8, images);
        Files.createDirectory(home.resolve("model"));

        try (StandaloneCluster cluster = cluster()) {
            run(
                    cluster,
                    FakeSegmenters.class,
                    "out",
                    home.resolve("model"),
                    Map.of(),
                    List.of("--device", "gpu", "-s", "runtime.gpu-device=cpu", "-s", "runtime.prompt-timeout=3s"));
        }

        List<Row> rows = Datasets.read(home.resolve("out/predictions"));
        Map<String, Row> byPrompt = rows.stream().collect(Collectors.toMap(r -> r.getAs("prompt_id"), r -> r));
        assertThat(byPrompt.keySet())
                .containsExactlyInAnyOrderElementsOf(images.stream()
                        .flatMap(i -> i.prompts().stream())
                        .map(PromptRow::promptId)
                        .toList());
        assertThat(rows.stream()
                        .filter(row -> row.getAs("status").equals("failed"))
                        .collect(Collectors.toMap(row -> row.<String>getAs("prompt_id"), row -> row.<Row>getAs("error")
                                .<String>getAs("kind"))))
                .containsExactlyInAnyOrderEntriesOf(Map.of("killer", "executor-lost", "hanger", "timeout"));
        assertThat(byPrompt.get("killer").<Integer>getAs("attempt")).isGreaterThanOrEqualTo(3);
        assertThat(home.resolve("out/_suspects")).doesNotExist();
    }

    private StandaloneCluster cluster() throws IOException {
        Path script = home.resolve("gpus.sh");
        // The workers share a machine, and each asks once: the first gets gpu 0, the second gpu 1.
        Files.writeString(
                script,
                """
                #!/bin/sh
                n=0
                while ! mkdir "$0.$n" 2>/dev/null; do n=$((n + 1)); done
                printf '{"name": "gpu", "addresses": ["%s"]}' "$n"
                """);
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        return StandaloneCluster.start(
                home.resolve("cluster"),
                2,
                new StandaloneCluster.Worker(
                        CORES,
                        "1g",
                        Map.of(
                                "spark.worker.resource.gpu.amount",
                                "1",
                                "spark.worker.resource.gpu.discoveryScript",
                                script.toString())));
    }

    private void run(
            StandaloneCluster cluster,
            Class<?> main,
            String output,
            Path model,
            Map<String, String> spark,
            List<String> more)
            throws Exception {
        List<String> jvm = new ArrayList<>(List.of(
                "-Dmaskroute.home=" + home,
                "-Dai.djl.offline=true",
                "-Dspark.executor.memory=512m",
                "-Dspark.sql.shuffle.partitions=2",
                "-Dspark.scheduler.minRegisteredResourcesRatio=1",
                "-Dspark.scheduler.maxRegisteredResourcesWaitingTime=120s",
                "-Dspark.executor.resource.gpu.amount=1",
                "-Dspark.task.resource.gpu.amount=" + 1.0 / CORES,
                "-Dspark.executor.extraJavaOptions=" + cluster.sparkProperties().get("spark.executor.extraJavaOptions")
                        + " -Dai.djl.offline=true"));
        spark.forEach((key, value) -> jvm.add("-D" + key + "=" + value));
        if (spark.containsKey("spark.master")) {
            jvm.removeIf(option -> option.contains(".resource.gpu."));
        }
        List<String> arguments = new ArrayList<>(List.of(
                "segment",
                "--model",
                model.toString(),
                "--dataset",
                home.resolve("dataset").toString(),
                "--output",
                home.resolve(output).toString()));
        arguments.addAll(more);
        Process driver = cluster.driver(output, jvm, main.getName(), arguments);

        assertThat(driver.waitFor(10, TimeUnit.MINUTES))
                .as(() -> tail(cluster, output))
                .isTrue();
        assertThat(driver.exitValue()).as(() -> tail(cluster, output)).isZero();
    }

    private static String tail(StandaloneCluster cluster, String log) {
        String text = cluster.log(log);
        return text.substring(Math.max(0, text.length() - 6000));
    }

    private Map<String, Row> byPrompt(String output) {
        return Datasets.read(home.resolve(output).resolve("predictions")).stream()
                .collect(Collectors.toMap(row -> row.getAs("prompt_id"), row -> row));
    }

    private static Row mask(Row row) {
        return row.<Row>getList(row.fieldIndex("masks")).get(0);
    }

    private static byte[] noise(Random random, int height, int width) throws IOException {
        BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                picture.setRGB(x, y, random.nextInt(1 << 24));
            }
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(picture, "png", bytes);
        return bytes.toByteArray();
    }
}
