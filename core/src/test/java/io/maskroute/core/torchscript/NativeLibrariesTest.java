package io.maskroute.core.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.pytorch.jni.LibUtils;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes that load PyTorch at the same time, with nothing unpacked yet: executors of one machine after an installation. */
class NativeLibrariesTest {
    private static final int PROCESSES = 4;

    @TempDir
    private Path cache;

    /** What each process does. */
    static final class Loading {
        private Loading() {}

        public static void main(String[] arguments) {
            TorchProgram program = TorchProgram.load("cpu");
            System.out.println("loaded from " + LibUtils.getLibtorchPath());
            program.close();
        }
    }

    @Test
    void oneProcessUnpacksAndAllLoad() throws Exception {
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < PROCESSES; i++) {
            processes.add(start());
        }
        TreeSet<String> unpacking = new TreeSet<>();
        while (processes.stream().anyMatch(Process::isAlive)) {
            unpacking.addAll(names("tmp"));
            Thread.sleep(2);
        }

        for (Process process : processes) {
            String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.exitValue()).as(printed).isZero();
            assertThat(printed).contains("loaded from " + cache.resolve("pytorch"));
        }
        assertThat(unpacking)
                .as("temporary folders of libraries being unpacked")
                .hasSize(1);
        assertThat(names("tmp")).isEmpty();
    }

    private Process start() throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-DENGINE_CACHE_DIR=" + cache,
                        "-cp",
                        System.getProperty("java.class.path"),
                        Loading.class.getName())
                .redirectErrorStream(true)
                .start();
    }

    private List<String> names(String prefix) throws IOException {
        Path folder = cache.resolve("pytorch");
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(path -> path.getFileName().toString())
                    .filter(name -> name.startsWith(prefix))
                    .toList();
        }
    }
}
