package io.maskroute.job.testing;

import io.maskroute.job.cli.Cli;
import io.maskroute.job.run.Ending;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The command line with {@link SlowSegmenters}, for a JVM of its own. */
public final class SlowDriver {
    private SlowDriver() {}

    public static void main(String[] arguments) {
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        Ending.inOrder();
        int code = new Cli(Path.of("."), new SlowSegmenters(), out, out).run(arguments);
        Ending.finished();
        System.exit(code);
    }
}
