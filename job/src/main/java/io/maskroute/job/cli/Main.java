package io.maskroute.job.cli;

import io.maskroute.job.run.Ending;
import io.maskroute.job.run.PsalmSegmenterFactory;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Where the JVM starts, and the one place that ends it. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        Path home = Path.of(System.getProperty("maskroute.home", "."));
        Ending.inOrder();
        int code = new Cli(home, new PsalmSegmenterFactory(), out, err).run(arguments);
        Ending.finished();
        System.exit(code);
    }
}
