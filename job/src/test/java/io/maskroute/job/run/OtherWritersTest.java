package io.maskroute.job.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same rows written plainly and in many other ways, by {@code src/test/python/other_writers.py}: they give the same
 * predictions, or one line that names the file. By hand, as it needs pyarrow, polars and DuckDB:
 * {@code -Dwritten.datasets=FOLDER}.
 */
@EnabledIfSystemProperty(named = OtherWritersTest.FOLDER, matches = ".+")
class OtherWritersTest {
    static final String FOLDER = "written.datasets";
    private static final List<String> COMPARED =
            List.of("image_id", "prompt_id", "task", "status", "error", "masks", "truth", "tokens");

    @TempDir
    private Path home;

    @TestFactory
    Stream<DynamicTest> everyLayoutGivesTheRowsOfThePlainOne() throws IOException {
        Files.createDirectory(home.resolve("model"));
        return folders(Path.of(System.getProperty(FOLDER))).stream()
                .map(of -> DynamicTest.dynamicTest(of.getFileName().toString(), () -> compare(of)));
    }

    private void compare(Path of) throws IOException {
        CliRun plain = evaluate(of.resolve("plain"));
        assertThat(plain.code()).as(plain.err()).isIn(0, 2);
        List<String> expected = rows(of.resolve("plain"));
        JsonNode metrics = summary(of.resolve("plain")).get("metrics");
        for (Path layout : folders(of)) {
            CliRun run = evaluate(layout);

            if (run.code() == plain.code()) {
                assertThat(rows(layout)).as("%s", layout).isEqualTo(expected);
                assertThat(summary(layout).get("metrics")).as("%s", layout).isEqualTo(metrics);
                continue;
            }
            System.out.printf("%s: %d %s%n", layout, run.code(), run.err().strip());
            assertThat(run.code()).as("%s: %s", layout, run.err()).isIn(1, 2);
            assertThat(run.err().strip().lines().toList()).as("%s", layout).hasSize(1);
            assertThat(run.err()).contains(".parquet").doesNotContain("Exception");
            if (Files.exists(out(layout).resolve("summary.json"))) {
                assertThat(expected).as("%s", layout).containsAll(rows(layout));
                assertThat(summary(layout).get("lost"))
                        .as("%s", layout)
                        .isNotEmpty()
                        .allSatisfy(lost -> {
                            assertThat(lost.get("reason").asText())
                                    .contains(lost.get("file").asText())
                                    .contains(": ");
                        });
            }
        }
    }

    private static List<Path> folders(Path of) throws IOException {
        try (Stream<Path> inside = Files.list(of)) {
            return inside.filter(Files::isDirectory).sorted().toList();
        }
    }

    private Path out(Path dataset) {
        return home.resolve("out-" + dataset.getParent().getFileName() + "-" + dataset.getFileName());
    }

    private List<String> rows(Path dataset) {
        List<String> all = new ArrayList<>();
        for (Row row : Datasets.read(out(dataset).resolve("predictions"))) {
            List<Object> compared = new ArrayList<>();
            COMPARED.forEach(column -> compared.add(row.getAs(column)));
            all.add(compared.toString());
        }
        return all.stream().sorted().toList();
    }

    private JsonNode summary(Path dataset) throws IOException {
        return new ObjectMapper().readTree(out(dataset).resolve("summary.json").toFile());
    }

    private CliRun evaluate(Path dataset) {
        return CliRun.withSpark(
                home,
                "evaluate",
                "--model",
                home.resolve("model").toString(),
                "--dataset",
                dataset.toString(),
                "--output",
                out(dataset).toString());
    }
}
