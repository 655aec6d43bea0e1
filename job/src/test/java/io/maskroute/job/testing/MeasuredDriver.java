package io.maskroute.job.testing;

import io.maskroute.job.cli.Cli;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The command line with {@link FakeSegmenters}; prints what the driver's heap holds, as the groups go by. */
public final class MeasuredDriver {
    private static final long SECONDS = 3;

    private MeasuredDriver() {}

    public static void main(String[] arguments) {
        Path groups = Path.of(System.getProperty("measured.output"), "_run", "groups");
        long start = System.nanoTime();
        Thread meter = new Thread(() -> {
            try {
                while (true) {
                    TimeUnit.SECONDS.sleep(SECONDS);
                    System.out.println(line(groups, start));
                }
            } catch (InterruptedException e) {
                return;
            }
        });
        meter.setDaemon(true);
        meter.start();
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        int code = new Cli(Path.of("."), new FakeSegmenters(), out, out).run(arguments);
        System.out.println(line(groups, start));
        System.exit(code);
    }

    private static String line(Path groups, long start) {
        System.gc();
        long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
        long count = 0;
        if (Files.exists(groups)) {
            try (Stream<Path> files = Files.list(groups)) {
                count = files.filter(f -> !f.getFileName().toString().startsWith("."))
                        .count();
            } catch (IOException e) {
                count = -1;
            }
        }
        return String.format(
                Locale.ROOT,
                "MEASURED seconds %.1f groups %d live-heap-MB %.1f",
                (System.nanoTime() - start) / 1e9,
                count,
                heap / 1e6);
    }
}
