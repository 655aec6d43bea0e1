package io.maskroute.job.run;

import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.job.cli.Cli;
import io.maskroute.job.testing.Datasets;
import java.awt.image.BufferedImage;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Resident memory of a process that runs the bundled model over many rows in {@code local[2]} with a heap of 1 GB and the
 * launchers' settings of malloc. Figures, not a test:
 * {@code mvn -pl job -am test -Dtest=MemoryBench -Dsurefire.failIfNoSpecifiedTests=false}
 */
class MemoryBench {
    private static final int ROWS = Integer.getInteger("bench.rows", 20_000);
    private static final int PROMPTS = 5;
    private static final int EVERY = ROWS / 10;

    @TempDir
    private Path home;

    @Test
    void residentMemoryOverManyRows() throws Exception {
        Random random = new Random(11);
        List<ImageRow> images = new ArrayList<>();
        for (int i = 0; i < ROWS / PROMPTS; i++) {
            PromptRow[] prompts = new PromptRow[PROMPTS];
            for (int p = 0; p < PROMPTS; p++) {
                prompts[p] = Datasets.prompt(
                        "p" + i + "-" + p, null, "the " + "very ".repeat(random.nextInt(8)) + "left one");
            }
            images.add(Datasets.image("i" + i, noise(random), prompts));
        }
        Datasets.write(home.resolve("dataset"), 20, images);
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // The whole heap from the start, so that its own growth does not look like a leak.
                "-Xms1g",
                "-Xmx1g",
                "-XX:+AlwaysPreTouch",
                "-Dai.djl.offline=true"));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(a -> a.startsWith("--add-opens") || a.startsWith("-Djdk.") || a.startsWith("-Dio.netty."))
                .forEach(command::add);
        command.addAll(List.of("-Dbench.every=" + EVERY, Child.class.getName(), home.toString()));
        ProcessBuilder child = new ProcessBuilder(command).redirectErrorStream(true);
        child.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        child.environment().put("GLIBC_TUNABLES", launcherTunables());
        Process process = child.start();
        // Not inheritIO: Maven talks to this JVM through its output.
        try (BufferedReader lines = process.inputReader()) {
            lines.lines().forEach(System.out::println);
        }
        if (process.waitFor() != 0) {
            throw new IllegalStateException("the run failed");
        }
    }

    private static String launcherTunables() throws IOException {
        return Files.readAllLines(Path.of("..", "submit", "common.sh")).stream()
                .filter(line -> line.startsWith("export GLIBC_TUNABLES="))
                .map(line -> line.substring(line.indexOf(":-") + 2, line.lastIndexOf('}')))
                .findFirst()
                .orElseThrow();
    }

    private static byte[] noise(Random random) throws IOException {
        BufferedImage picture =
                new BufferedImage(60 + random.nextInt(80), 60 + random.nextInt(80), BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < picture.getHeight(); y++) {
            for (int x = 0; x < picture.getWidth(); x++) {
                picture.setRGB(x, y, random.nextInt(1 << 24));
            }
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(picture, "png", bytes);
        return bytes.toByteArray();
    }

    /** The process that is measured. */
    static final class Child {
        public static void main(String[] arguments) throws Exception {
            Path home = Path.of(arguments[0]);
            Thread watch = new Thread(Child::watch);
            watch.setDaemon(true);
            watch.start();
            PrintWriter out = new PrintWriter(System.out, true);
            int code = new Cli(home, new PsalmSegmenterFactory(), out, out)
                    .run(
                            "segment",
                            "--model",
                            Path.of("..", "models", "tiny").toString(),
                            "--dataset",
                            home.resolve("dataset").toString(),
                            "--output",
                            home.resolve("out").toString(),
                            "-s",
                            "spark.master=local[2]",
                            "-s",
                            "progress.interval=60s");
            if (code != 0) {
                throw new IllegalStateException("exit code " + code);
            }
        }

        private static void watch() {
            int every = Integer.getInteger("bench.every");
            long next = every;
            while (true) {
                long prompts = ExecutorModels.stats().stream()
                        .mapToLong(ModelStats::prompts)
                        .sum();
                if (prompts >= next) {
                    long resident = residentKilobytes() / 1024;
                    // What the collector has taken of the 1 GB so far, which says how lazy it is and not what leaks.
                    long heap = Runtime.getRuntime().totalMemory() >> 20;
                    System.out.printf(
                            "after %,d rows: resident %,d MiB, Java heap %,d MiB, the rest %,d MiB, busy %.0f %%%n",
                            prompts,
                            resident,
                            heap,
                            resident - heap,
                            100 * ExecutorModels.stats().get(0).busyShare());
                    next += every;
                }
                try {
                    Thread.sleep(20);
                } catch (InterruptedException e) {
                    return;
                }
            }
        }

        private static long residentKilobytes() {
            try {
                return Files.readAllLines(Path.of("/proc/self/status")).stream()
                        .filter(line -> line.startsWith("VmRSS:"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                        .findFirst()
                        .orElseThrow();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
