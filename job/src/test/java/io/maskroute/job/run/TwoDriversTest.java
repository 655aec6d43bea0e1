package io.maskroute.job.run;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.png;
import static io.maskroute.job.testing.Datasets.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.job.testing.Datasets;
import io.maskroute.job.testing.SlowDriver;
import io.maskroute.job.testing.SlowSegmenters;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Two drivers, each a process of its own, on one output. */
class TwoDriversTest {
    private static final int PICTURES = 60;
    /** So many that a signal which takes a second or two comes in time. */
    private static final int MANY = 240;

    @TempDir
    private Path home;

    private final List<Process> started = new ArrayList<>();

    static LongStream seeds() {
        return LongStream.rangeClosed(1, Integer.getInteger("chaos.repetitions", 3));
    }

    @AfterEach
    void end() {
        started.forEach(process -> process.descendants().forEach(ProcessHandle::destroyForcibly));
        started.forEach(Process::destroyForcibly);
    }

    private Process driver(String name, String... more) throws IOException {
        // What a shell starts in the background ignores SIGINT, and so do its children unless told otherwise.
        List<String> command = new ArrayList<>(List.of(
                "env",
                "--default-signal=INT",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx768m",
                "-Djava.io.tmpdir=" + home));
        command.addAll(jvmOptions());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), SlowDriver.class.getName()));
        command.addAll(List.of(
                "segment",
                "--model",
                home.resolve("model").toString(),
                "--dataset",
                home.resolve("dataset").toString(),
                "--output",
                home.resolve("out").toString(),
                "-s",
                "spark.master=local[2]",
                "-s",
                "groups.pictures=6",
                "-s",
                "output.lease=3s"));
        command.addAll(List.of(more));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(home.resolve(name + ".log").toFile())
                .start();
        started.add(process);
        return process;
    }

    /** What Spark needs on this JDK; Spark's launcher would add it. */
    private static List<String> jvmOptions() {
        return List.of(org.apache.spark.launcher.JavaModuleOptions.defaultModuleOptions()
                .split("\\s+"));
    }

    private String log(String name) {
        try {
            return Files.readString(home.resolve(name + ".log"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    private void write() throws IOException {
        write(PICTURES);
    }

    private void write(int pictures) throws IOException {
        Files.createDirectory(home.resolve("model"));
        List<ImageRow> rows = new ArrayList<>();
        for (int i = 0; i < pictures; i++) {
            rows.add(image("i" + i, png(20, 30), prompt("a" + i, null, "a"), prompt("b" + i, null, "b")));
        }
        Datasets.writeFiles(home.resolve("dataset"), List.of(rows));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void oneIsRefusedAndTheOthersRowsAreExact(long seed) throws Exception {
        write();
        Random random = new Random(seed);
        Process first = driver("first");
        Thread.sleep(random.nextInt(4000));
        Process second = seed % 2 == 0 ? driver("second", "--fresh") : driver("second");

        assertEnds(first, "first");
        assertEnds(second, "second");

        List<Integer> codes =
                Stream.of(first, second).map(Process::exitValue).sorted().toList();
        // The later one may also have come when the earlier had finished, or had not begun.
        assertThat(codes).as(() -> log("first") + log("second")).isIn(List.of(0, 2), List.of(0, 0));
        String refused = first.exitValue() == 2 ? "first" : "second";
        if (codes.get(1) == 2) {
            assertThat(log(refused)).contains("is in use by process ");
        }
        assertRowsAreExact();
    }

    @Test
    void aDriverThatWasStoppedAndContinuedChangesNothing() throws Exception {
        write();
        Process first = driver("first");
        await(first, "first", () -> groups() >= 2);
        signal(first, "STOP");
        try {
            Process second = driver("second");
            assertEnds(second, "second");
            assertThat(second.exitValue()).as(() -> log("second")).isZero();
            assertThat(log("second")).contains("has not been heard of for 3 s").contains("continuing");
        } finally {
            signal(first, "CONT");
        }
        assertEnds(first, "first");

        assertThat(first.exitValue()).as(() -> log("first")).isEqualTo(2);
        assertThat(log("first")).contains("was taken over by process");
        assertRowsAreExact();
    }

    @Test
    void aKilledDriversCommandGoesOnAtOnceEachTime() throws Exception {
        write();
        for (int i = 0; i < 3; i++) {
            int before = groups();
            String name = "killed-" + i;
            Process driver = driver(name);
            await(driver, name, () -> groups() > before);
            driver.destroyForcibly().waitFor();
        }

        Process last = driver("last");
        assertEnds(last, "last");

        assertThat(last.exitValue()).as(() -> log("last")).isZero();
        assertThat(log("last")).contains("has ended").contains("continuing").doesNotContain("waiting up to");
        assertRowsAreExact();
    }

    /** What tasks have finished is committed, though it is no group yet. */
    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143"})
    void aSignalEndsARunInOrder(String signal, int code) throws Exception {
        write(MANY);
        Process driver = driver("ended", "-s", "groups.pictures=1000");
        await(driver, "ended", () -> SlowSegmenters.calls(home.resolve("model")) >= 30);

        signal(driver, signal);
        assertEnds(driver, "ended");

        assertThat(driver.exitValue()).as(() -> log("ended")).isEqualTo(code);
        assertThat(log("ended"))
                .containsPattern("ended by a signal: [1-9]\\d* of " + 2 * MANY
                        + " prompts are done and stay; the same command goes on")
                .doesNotContain("Exception")
                .doesNotContain("\tat ");
        assertThat(groups()).isEqualTo(1);
        Process next = driver("next");
        assertEnds(next, "next");
        assertThat(next.exitValue()).as(() -> log("next")).isZero();
        assertThat(log("next")).contains("continuing").doesNotContain("has ended");
        assertRowsAreExact(MANY);
    }

    private int groups() {
        String[] names = new File(home.toFile(), "out/_run/groups").list((folder, name) -> name.endsWith(".json"));
        return names == null ? 0 : names.length;
    }

    private void await(Process process, String name, BooleanSupplier reached) throws InterruptedException {
        while (!reached.getAsBoolean()) {
            assertThat(process.isAlive()).as(() -> log(name)).isTrue();
            Thread.sleep(5);
        }
    }

    private void assertEnds(Process process, String name) throws InterruptedException {
        assertThat(process.waitFor(3, TimeUnit.MINUTES)).as(() -> log(name)).isTrue();
    }

    private static void signal(Process process, String signal) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    private void assertRowsAreExact() {
        assertRowsAreExact(PICTURES);
    }

    private void assertRowsAreExact(int pictures) {
        assertThat(Datasets.read(home.resolve("out/predictions")))
                .extracting(row -> row.<String>getAs("prompt_id"))
                .doesNotHaveDuplicates()
                .hasSize(2 * pictures);
    }
}
