package io.maskroute.job.results;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.byLessThan;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.storage.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunComparisonTest {
    private static final Configuration HADOOP = new Configuration();

    @TempDir
    private Path temp;

    @Test
    void runsStandSideBySide() throws Exception {
        String dense = run("dense", "shapes", 2000, 0.75, 1);
        String routed = run("56", "shapes", 2000, 0.745, 0.56);
        Path output = temp.resolve("deep/table");

        RunComparison.of(List.of(dense, "routed | <b>=" + routed), HADOOP).write(output.toString(), null, HADOOP);

        assertThat(Files.readAllLines(output.resolve(RunComparison.TABLE)))
                .hasSize(4)
                .anySatisfy(
                        line -> assertThat(line).startsWith("| dense | 2,000 | 75.0 % | 70.0 % | 60.0 % | 100.0 % |"))
                .anySatisfy(
                        line -> assertThat(line)
                                .startsWith(
                                        "| routed \\| &lt;b> | 2,000 | 74.5 % | 70.0 % | 60.0 % | 56.0 % | 20.0 % | 3.50 ms |"));
        String svg = Files.readString(output.resolve(RunComparison.FIGURE));
        DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(output.resolve(RunComparison.FIGURE).toFile());
        assertThat(svg).contains("routed | &lt;b&gt;");
        assertThat(Files.readString(output.resolve(RunComparison.PAGE)))
                .contains("made for a test")
                .contains(svg.strip());
    }

    /** The dense point lies at the right end, and a better run higher: smaller y. */
    @Test
    void pointsLieWhereTheirFiguresAre() throws IOException {
        List<String> runs = List.of(
                run("a", "shapes", 10, 0.70, 1), run("b", "shapes", 10, 0.65, 0.5), run("c", "shapes", 10, 0.60, 0.5));

        RunComparison.of(runs, HADOOP).write(temp.resolve("out").toString(), null, HADOOP);

        Matcher circle = Pattern.compile("<circle cx=\"([\\d.]+)\" cy=\"([\\d.]+)\"")
                .matcher(Files.readString(temp.resolve("out").resolve(RunComparison.FIGURE)));
        double[][] points = circle.results()
                .map(found -> new double[] {Double.parseDouble(found.group(1)), Double.parseDouble(found.group(2))})
                .toArray(double[][]::new);
        assertThat(points).hasDimensions(3, 2);
        assertThat(points[1][0]).isEqualTo(points[2][0]).isLessThan(points[0][0]);
        assertThat(points[1][1] - points[0][1])
                .isCloseTo(points[2][1] - points[1][1], byLessThan(0.2))
                .isPositive();
    }

    @Test
    void aFolderWithAnEqualsSignIsNoName() throws IOException {
        String dense = run("dense/split=val", "shapes", 10, 0.7, 1);

        RunComparison.of(List.of(dense), HADOOP).write(temp.resolve("out").toString(), null, HADOOP);

        assertThat(temp.resolve("out").resolve(RunComparison.TABLE)).content().contains("| split=val | 10 |");
    }

    @Test
    void whatCannotBeComparedIsRefused() throws IOException {
        String dense = run("dense", "shapes", 2000, 0.75, 1);
        String other = run("other", "refcoco", 2000, 0.75, 1);
        String fewer = run("fewer", "shapes", 1999, 0.75, 1);
        String drawn = run("drawn", "shapes", 2000, 0.75, 1);
        Path record = Path.of(drawn, RunFolder.RUN);
        Files.writeString(
                record,
                Files.readString(record)
                        .replaceFirst(
                                "\"ground_truth_raster\"\\s*:\\s*null", "\"ground_truth_raster\" : \"opencv-like\""));

        for (String wrong : List.of(other, fewer, drawn)) {
            assertThatThrownBy(() -> RunComparison.of(List.of(dense, wrong), HADOOP))
                    .isInstanceOf(UnusableInputException.class)
                    .hasMessageContaining(wrong)
                    .hasMessageContaining("one dataset");
        }
        assertThatThrownBy(() -> RunComparison.of(List.of(temp.resolve("none").toString()), HADOOP))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("summary.json");
    }

    private String run(String name, String dataset, long samples, double cIoU, double aloneRatio) throws IOException {
        Path folder = Files.createDirectories(temp.resolve("runs").resolve(name));
        RunSummary.Metrics metrics =
                new RunSummary.Metrics(samples, 1, 2, cIoU, 0.7, 0.9, 0.8, 0.6, 0.5, 0.4, 0, null, null);
        Map<String, RunSummary.Latency> latency =
                Map.of("prefix", new RunSummary.Latency(1, 2, 1.5), "prompt", new RunSummary.Latency(2, 3, 2));
        RunSummary summary = new RunSummary(
                "id",
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                List.of("made for a test"),
                0,
                10,
                0,
                samples,
                samples,
                0,
                List.of(),
                List.of(),
                metrics,
                List.of(),
                Map.of(),
                List.of(),
                latency,
                new RunSummary.Flops(20, 100, 0.2, 1, 1, 100 * aloneRatio, aloneRatio),
                null);
        RunRecord record = new RunRecord(
                "id",
                "evaluate",
                "2026-01-01T00:00:00Z",
                "2026-01-01T00:00:01Z",
                new RunRecord.DatasetRecord("data/" + name, dataset, "test", "per-expression", null, null),
                null,
                List.of(),
                Map.of(),
                List.of(),
                Map.of());
        Files.write(folder.resolve(RunFolder.SUMMARY), Json.write(summary));
        Files.write(folder.resolve(RunFolder.RUN), Json.write(record));
        return folder.toString();
    }
}
