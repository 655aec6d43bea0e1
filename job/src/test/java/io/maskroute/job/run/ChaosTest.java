package io.maskroute.job.run;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.png;
import static io.maskroute.job.testing.Datasets.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import io.maskroute.job.testing.FakeSegmenters;
import io.maskroute.job.testing.SlowDriver;
import io.maskroute.job.testing.SlowSegmenters;
import io.maskroute.job.testing.StandaloneCluster;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * kill -9 on a real cluster: an executor in the middle of a run, its driver in the middle of a group, and the next driver right when
 * an entry of the log has appeared, before or while its files are shown. Each next driver goes on at once, without any option. The
 * third gets to the end, and nobody can tell.
 */
class ChaosTest {
    private static final int PROMPTS = 500;
    private static final int PROMPTS_PER_IMAGE = 2;
    private static final int HOSTILE = PROMPTS / 20;
    private static final int FILES = 10;
    private static final int GROUP_PICTURES = 20;

    @TempDir
    private static Path folder;

    private static StandaloneCluster cluster;
    private static Map<String, String> undisturbed;

    /** Three by default; {@code -Pchaos} asks for more. */
    static LongStream seeds() {
        return LongStream.rangeClosed(1, Integer.getInteger("chaos.repetitions", 3));
    }

    @BeforeAll
    static void clusterDatasetAndUndisturbedRun() throws IOException {
        List<List<ImageRow>> files = new ArrayList<>();
        Random random = new Random(0);
        int images = PROMPTS / PROMPTS_PER_IMAGE;
        Set<Integer> hostile = new HashSet<>();
        while (hostile.size() < HOSTILE) {
            hostile.add(random.nextInt(PROMPTS));
        }
        for (int file = 0; file < FILES; file++) {
            List<ImageRow> rows = new ArrayList<>();
            for (int i = file * images / FILES; i < (file + 1) * images / FILES; i++) {
                rows.add(row(i, hostile.contains(2 * i), hostile.contains(2 * i + 1)));
            }
            files.add(rows);
        }
        Datasets.writeFiles(folder.resolve("dataset"), files);
        CliRun run = CliRun.withSpark(
                folder, arguments(Files.createDirectory(folder.resolve("model")), folder.resolve("calm")));
        assertThat(run.code()).as(run.err()).isZero();
        undisturbed = rows(folder.resolve("calm"));
        assertThat(undisturbed).hasSize(PROMPTS);
        assertThat(undisturbed.values().stream().filter(told -> told.startsWith("failed")))
                .hasSizeGreaterThanOrEqualTo(HOSTILE);
        cluster =
                StandaloneCluster.start(folder.resolve("cluster"), 2, new StandaloneCluster.Worker(2, "1g", Map.of()));
    }

    /** Two prompts to a picture; a hostile first one spoils the picture, a hostile second one is refused alone. */
    private static ImageRow row(int i, boolean firstHostile, boolean secondHostile) {
        byte[] picture = firstHostile && i % 2 == 0 ? new byte[] {(byte) 0xff, (byte) 0xd8, 1} : png(20, 30);
        String first = firstHostile ? FakeSegmenters.BUG : "first " + i;
        String second = secondHostile ? FakeSegmenters.UNTOKENISABLE : "second " + i;
        return image("i" + i, picture, prompt("i" + i + "-0", null, first), prompt("i" + i + "-1", null, second));
    }

    @AfterAll
    static void endCluster() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void everyPromptHasItsOneRowWhateverIsKilled(long seed) throws Exception {
        Random random = new Random(seed);
        Path model = Files.createDirectory(folder.resolve("model-" + seed));
        Path out = folder.resolve("out-" + seed);

        String name = seed + "-first";
        Process driver = driver(name, model, out, List.of());
        long killExecutorAt = 5 + random.nextInt(60);
        await(name, driver, () -> SlowSegmenters.calls(model) >= killExecutorAt);
        List<ProcessHandle> executors = cluster.executors();
        executors.get(random.nextInt(executors.size())).destroyForcibly();
        long killDriverAt = killExecutorAt + 20 + random.nextInt(100);
        await(name, driver, () -> SlowSegmenters.calls(model) >= killDriverAt);
        kill(driver);

        name = seed + "-second";
        int stop = committed(out) + 1 + random.nextInt(3);
        driver = driver(name, model, out, List.of());
        await(name, driver, () -> committed(out) >= stop);
        kill(driver);

        String last = seed + "-third";
        Process third = driver(last, model, out, List.of());
        assertThat(third.waitFor(5, TimeUnit.MINUTES))
                .as(() -> cluster.log(last))
                .isTrue();
        assertThat(third.exitValue()).as(() -> cluster.log(last)).isZero();

        assertThat(rows(out)).isEqualTo(undisturbed);
        assertThat(new ObjectMapper()
                        .readTree(out.resolve("summary.json").toFile())
                        .get("prompts")
                        .asInt())
                .isEqualTo(PROMPTS);
    }

    private static Process driver(String name, Path model, Path out, List<String> options) throws IOException {
        List<String> all = new ArrayList<>(List.of(
                "-Dspark.executor.memory=512m",
                "-Dspark.executor.cores=2",
                "-Dspark.cores.max=4",
                "-Dspark.sql.shuffle.partitions=2"));
        all.addAll(options);
        return cluster.driver(name, all, SlowDriver.class.getName(), List.of(arguments(model, out)));
    }

    private static String[] arguments(Path model, Path out) {
        return new String[] {
            "segment",
            "--model",
            model.toString(),
            "--dataset",
            folder.resolve("dataset").toString(),
            "--output",
            out.toString(),
            "-s",
            "groups.pictures=" + GROUP_PICTURES
        };
    }

    private static void kill(Process driver) throws InterruptedException {
        assertThat(driver.isAlive()).as("the driver is still at work").isTrue();
        driver.destroyForcibly();
        driver.waitFor();
    }

    /** Groups that are in the log. */
    private static int committed(Path out) {
        try (Stream<Path> groups = Files.list(out.resolve("_run/groups"))) {
            return (int) groups.filter(p -> p.getFileName().toString().matches("\\d+\\.json"))
                    .count();
        } catch (NoSuchFileException e) {
            return 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for what a run reaches sooner or later; a run that ends without it has failed. */
    private static void await(String name, Process driver, BooleanSupplier reached) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
        while (!reached.getAsBoolean()) {
            assertThat(driver.isAlive() && System.nanoTime() < end)
                    .as(() -> cluster.log(name))
                    .isTrue();
            Thread.sleep(5);
        }
    }

    /** What each prompt's row says, times and places left out; there must not be a second one. */
    private static Map<String, String> rows(Path out) {
        Map<String, String> rows = new HashMap<>();
        for (Row row : Datasets.read(out.resolve("predictions"))) {
            String told = row.getAs("status") + " " + row.getList(row.fieldIndex("masks")) + " " + row.getAs("error");
            assertThat(rows.put(row.getAs("prompt_id"), told))
                    .as("a second row for %s", row.<String>getAs("prompt_id"))
                    .isNull();
        }
        return rows;
    }
}
