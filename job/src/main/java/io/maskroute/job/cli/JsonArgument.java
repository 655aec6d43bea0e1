package io.maskroute.job.cli;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.storage.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The option of every command with a result that a program can read. */
final class JsonArgument {
    @Option(names = "--json", paramLabel = "FILE", description = "Write the result here as well.")
    private Path file;

    /** To be called before the work. */
    void requireWritable() {
        if (file == null) {
            return;
        }
        Path parent = file.toAbsolutePath().getParent();
        if (Files.isDirectory(file) || parent == null || !Files.isDirectory(parent) || !Files.isWritable(parent)) {
            throw new UnusableInputException(
                    "--json " + file + " cannot be written: name a file in a folder that exists");
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
