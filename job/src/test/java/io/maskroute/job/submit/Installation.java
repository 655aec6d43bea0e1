package io.maskroute.job.submit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The launchers and settings in a folder of their own, which looks built. */
record Installation(Path root) {
    static final Path SOURCES = Path.of("..").toAbsolutePath().normalize();
    private static final List<String> PARTS = List.of("submit", "conf");
    private static final long MINUTES = 10;

    /** What a script did. */
    record Outcome(int code, String out, String err) {}

    static Installation in(Path root) throws IOException {
        for (String part : PARTS) {
            try (Stream<Path> files = Files.walk(SOURCES.resolve(part))) {
                for (Path file : files.toList()) {
                    Path copy = root.resolve(SOURCES.relativize(file).toString());
                    Files.createDirectories(copy.getParent());
                    if (Files.isRegularFile(file)) {
                        Files.copy(file, copy);
                    }
                }
            }
        }
        for (String module : List.of("core", "datasets", "job")) {
            Files.createDirectories(root.resolve(module + "/src/main"));
            Files.copy(SOURCES.resolve(module + "/pom.xml"), root.resolve(module + "/pom.xml"));
        }
        Files.copy(SOURCES.resolve("pom.xml"), root.resolve("pom.xml"));
        Path target = Files.createDirectories(root.resolve("job/target"));
        Files.writeString(target.resolve("launch.classpath"), "/a jar.jar");
        Installation installation = new Installation(root);
        Files.writeString(installation.jar(), "");
        Files.writeString(target.resolve("launch.stamp"), "");
        return installation;
    }

    Path jar() {
        return root.resolve("job/target")
                .resolve(Path.of(System.getProperty("application.jar")).getFileName());
    }

    Path script(String name) {
        return root.resolve("submit").resolve(name);
    }

    /** Writes an executable file. */
    static Path executable(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    Outcome run(Map<String, String> environment, String script, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("bash", script(script).toString()));
        command.addAll(List.of(arguments));
        return run(root, environment, command);
    }

    /** @param environment variables to set, or to remove where the value is empty */
    static Outcome run(Path folder, Map<String, String> environment, List<String> command) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        new HashMap<>(environment).forEach((name, value) -> {
            if (value.isEmpty()) {
                builder.environment().remove(name);
            } else {
                builder.environment().put(name, value);
            }
        });
        Path out = Files.createTempFile("out", ".txt");
        Path err = Files.createTempFile("err", ".txt");
        try {
            Process process = builder.redirectOutput(out.toFile())
                    .redirectError(err.toFile())
                    .start();
            if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                throw new IllegalStateException(command + " does not end: " + Files.readString(err));
            }
            return new Outcome(
                    process.exitValue(),
                    Files.readString(out, StandardCharsets.UTF_8),
                    Files.readString(err, StandardCharsets.UTF_8));
        } finally {
            Files.delete(out);
            Files.delete(err);
        }
    }

    /** The words that a shell makes of a line. */
    static List<String> words(Path folder, String line) throws Exception {
        String words = run(folder, Map.of(), List.of("bash", "-c", "printf '%s\\0' " + line))
                .out();
        return List.of(words.substring(0, words.length() - 1).split("\0", -1));
    }
}
