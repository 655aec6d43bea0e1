package io.maskroute.core.files;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.core.checkpoint.ModelFolder;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.text.PromptTokenizer;
import io.maskroute.core.torchscript.TorchProgram;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes whose folder for native libraries cannot be made, since a file is in its way. */
class NativeCacheTest {
    @TempDir
    private Path temp;

    private Path folder;

    /** What a process does: it prints the message of the refusal that it meets. */
    static final class Loading {
        private Loading() {}

        public static void main(String[] arguments) {
            try {
                if (arguments[0].equals("pytorch")) {
                    TorchProgram.load("cpu").close();
                } else {
                    ModelFolder model = ModelFolder.open(Path.of("../models/tiny"));
                    PromptTokenizer.open(model.tokenizer(), model.config(), 64).close();
                }
            } catch (UnusableInputException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    @BeforeEach
    void aFileInTheWay() throws IOException {
        folder = Files.writeString(temp.resolve("file"), "").resolve("cache");
    }

    @Test
    void ofTheTokenizersLibraryIsNamedAndNotTheTokenizersFile() throws Exception {
        assertThat(message("tokenizers", Map.of("DJL_CACHE_DIR", folder.toString())))
                .isEqualTo("the native library for tokenizers cannot be loaded: " + folder.resolve("tokenizers")
                        + " cannot be written (Not a directory); set DJL_CACHE_DIR to a folder that can");
    }

    @Test
    void ofPyTorchsLibrariesIsNamed() throws Exception {
        assertThat(message("pytorch", Map.of("DJL_CACHE_DIR", temp.toString(), "ENGINE_CACHE_DIR", folder.toString())))
                .isEqualTo("PyTorch cannot be loaded: " + folder.resolve("pytorch")
                        + " cannot be written (Not a directory); set ENGINE_CACHE_DIR to a folder that can");
    }

    private static String message(String libraries, Map<String, String> environment) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Dai.djl.offline=true",
                "-cp",
                System.getProperty("java.class.path"),
                Loading.class.getName(),
                libraries);
        builder.environment().keySet().removeAll(Set.of("DJL_CACHE_DIR", "ENGINE_CACHE_DIR"));
        builder.environment().putAll(environment);
        Process process = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        return printed.strip();
    }
}
