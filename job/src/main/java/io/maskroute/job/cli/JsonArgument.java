package io.maskroute.job.cli;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.storage.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The option of every command with a result that a program can read. */
final class JsonArgument {
    private static final String STANDARD_OUTPUT = "-";

    @Option(names = "--json", paramLabel = "FILE", description = "Write the result here as well.")
    private Path file;

    /** Whether the result goes to standard output, where nothing else must go then. */
    boolean isStandardOutput() {
        return file != null && file.toString().equals(STANDARD_OUTPUT);
    }

    /** To be called before the work. */
    void requireWritable() {
        if (file == null || isStandardOutput()) {
            return;
        }
        Path parent = file.toAbsolutePath().getParent();
        if (Files.isDirectory(file) || parent == null || !Files.isDirectory(parent) || !Files.isWritable(parent)) {
            throw new UnusableInputException(
                    "--json " + file + " cannot be written: name a file in a folder that exists");
        }
    }

    /** As {@link #write(Object)}, of a command that also takes {@code -}. */
    void write(Object result, PrintWriter out) {
        if (isStandardOutput()) {
            out.print(new String(Json.write(result), StandardCharsets.UTF_8));
        } else {
            write(result);
        }
    }

    void write(Object result) {
        if (file == null) {
            return;
        }
        try {
            Files.write(file, Json.write(result));
        } catch (IOException e) {
            throw new UnusableInputException("--json " + file + " cannot be written: " + Reason.of(e), e);
        }
    }
}
