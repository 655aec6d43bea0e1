package io.maskroute.job.fetch;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** Fetches one folder and prints where it is, in a JVM of its own. */
final class FetchingProcess {
    private FetchingProcess() {}

    public static void main(String[] arguments) {
        NodeCache cache = new NodeCache(Path.of(arguments[0]), CountedFiles.configuration());
        System.out.println(cache.fetch(new org.apache.hadoop.fs.Path(arguments[1]), List::copyOf, "model"));
    }

    static Process start(Path cache, String uri) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        FetchingProcess.class.getName(),
                        cache.toString(),
                        uri)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    static String result(Process process) throws IOException {
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return printed.strip();
    }
}
