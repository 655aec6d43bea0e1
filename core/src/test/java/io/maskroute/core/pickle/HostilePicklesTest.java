package io.maskroute.core.pickle;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.maskroute.core.error.UnusableInputException;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads all hostile pickles in a process of its own, whose heap is as small as a reader of them should need. */
class HostilePicklesTest {
    /** What may be read; everything else must be refused. */
    private static final Map<String, String> READ = Map.of(
            "huge_memo_index.p", "[]",
            "trailing_second_pickle.p", "[]",
            "dup_keys.p", "{ref_id=2}",
            "bool_none_float.p", "[true, null, 1.5, -3, 1180591620717411303424]");

    /** Prints one line per file: its name and the value, or the error. */
    static final class Reader {
        public static void main(String[] folder) throws IOException {
            try (Stream<Path> files = Files.list(Path.of(folder[0]))) {
                for (Path file : files.sorted().toList()) {
                    String outcome;
                    try {
                        outcome = "read " + PickleReader.read(file);
                    } catch (UnusableInputException e) {
                        outcome = "refused " + e.getMessage();
                    }
                    System.out.println(file.getFileName() + " " + outcome);
                }
            }
        }
    }

    @Test
    void allAreRefusedOrHandledWithinASmallHeap(@TempDir Path workingFolder)
            throws IOException, URISyntaxException, InterruptedException {
        Path folder = Path.of(
                HostilePicklesTest.class.getResource("/data/hostile/pickles").toURI());
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Reader.class.getName(),
                        folder.toString())
                .directory(workingFolder.toFile())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();

        Map<String, String> outcomes = new LinkedHashMap<>();
        output.lines()
                .forEach(line ->
                        outcomes.put(line.substring(0, line.indexOf(' ')), line.substring(line.indexOf(' ') + 1)));
        List<String> names = expected();
        assertThat(outcomes).hasSize(41).containsOnlyKeys(names);
        outcomes.forEach((name, outcome) -> {
            if (READ.containsKey(name)) {
                assertThat(outcome).as(name).isEqualTo("read " + READ.get(name));
            } else {
                assertThat(outcome).as(name).startsWith("refused " + folder.resolve(name) + " is not a usable pickle");
            }
        });
        assertThat(outcomes.get("numpy_ints.p")).contains("numpy._core.multiarray.scalar");
        assertThat(outcomes.get("reduce_nested.p")).contains("posix.system");
        try (Stream<Path> left = Files.list(workingFolder)) {
            assertThat(left).as("nothing was run").isEmpty();
        }
    }

    private static List<String> expected() throws IOException {
        JsonNode table = JsonMapper.builder()
                .build()
                .readTree(HostilePicklesTest.class.getResourceAsStream("/data/hostile/pickles.json"));
        return table.get("files").findValuesAsText("file");
    }
}
