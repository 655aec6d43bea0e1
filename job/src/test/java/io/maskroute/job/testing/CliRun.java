package io.maskroute.job.testing;

import io.maskroute.job.cli.Cli;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** One run of the command line, as {@code Main} would do it, in this JVM. */
public record CliRun(int code, String out, String err) {
    /** With the fake model, on two local cores. */
    public static CliRun of(Path home, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = new Cli(home, new FakeSegmenters(), new PrintWriter(out), new PrintWriter(err)).run(arguments);
        return new CliRun(code, out.toString(), err.toString());
    }

    /** The same for commands that start Spark: with settings that keep it small. */
    public static CliRun withSpark(Path home, String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        for (String setting : List.of("spark.master=local[2]", "spark.sql.shuffle.partitions=2")) {
            all.add("-s");
            all.add(setting);
        }
        return of(home, all.toArray(String[]::new));
    }
}
