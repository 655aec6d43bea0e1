package io.maskroute.job.testing;

import io.maskroute.job.cli.Cli;
import io.maskroute.job.run.PsalmSegmenterFactory;
import io.maskroute.job.run.SegmenterFactory;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** One run of the command line, as {@code Main} would do it, in this JVM. */
public record CliRun(int code, String out, String err) {
    /** With the fake model, on two local cores. */
    public static CliRun of(Path home, String... arguments) {
        return run(new FakeSegmenters(), home, List.of(arguments));
    }

    /** The same for commands that start Spark: with settings that keep it small. */
    public static CliRun withSpark(Path home, String... arguments) {
        return run(new FakeSegmenters(), home, onCores(2, arguments));
    }

    /** With a model of the test's own. */
    public static CliRun withSpark(SegmenterFactory segmenters, Path home, String... arguments) {
        return run(segmenters, home, onCores(2, arguments));
    }

    /** With real models. */
    public static CliRun withModel(Path home, int cores, String... arguments) {
        return run(new PsalmSegmenterFactory(), home, onCores(cores, arguments));
    }

    private static List<String> onCores(int cores, String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        for (String setting : List.of("spark.master=local[" + cores + "]", "spark.sql.shuffle.partitions=2")) {
            all.add("-s");
            all.add(setting);
        }
        return all;
    }

    private static CliRun run(SegmenterFactory segmenters, Path home, List<String> arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = new Cli(home, segmenters, new PrintWriter(out), new PrintWriter(err))
                .run(arguments.toArray(String[]::new));
        return new CliRun(code, out.toString(), err.toString());
    }
}
