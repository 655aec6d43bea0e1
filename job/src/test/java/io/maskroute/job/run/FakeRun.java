package io.maskroute.job.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;

/**
 * A dataset, a fake model and what became of it, in a folder.
 *
 * @param out the run's folder
 */
record FakeRun(Path home, Path out) {
    private static final ObjectMapper JSON = new ObjectMapper();

    static FakeRun in(Path home) throws IOException {
        Files.createDirectory(home.resolve("model"));
        return new FakeRun(home, home.resolve("out"));
    }

    void write(int files, ImageRow... images) {
        Datasets.write(home.resolve("dataset"), files, List.of(images));
    }

    CliRun evaluate(String... more) {
        return run("evaluate", more);
    }

    CliRun segment(String... more) {
        return run("segment", more);
    }

    private CliRun run(String command, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                command,
                "--model",
                home.resolve("model").toString(),
                "--dataset",
                dataset(),
                "--output",
                out.toString()));
        arguments.addAll(List.of(more));
        return CliRun.withSpark(home, arguments.toArray(String[]::new));
    }

    String dataset() {
        return home.resolve("dataset").toString();
    }

    List<Row> predictions() {
        return Datasets.read(out.resolve("predictions"));
    }

    JsonNode summary() throws IOException {
        return JSON.readTree(out.resolve("summary.json").toFile());
    }

    static <T> Map<String, T> byPrompt(List<Row> rows, Function<Row, T> value) {
        return rows.stream().collect(Collectors.toMap(row -> row.getAs("prompt_id"), value));
    }

    /** The left {@code columns} columns. */
    static Rle rectangle(int height, int width, int columns) {
        byte[] pixels = new byte[height * width];
        Arrays.fill(pixels, 0, height * columns, (byte) 1);
        return Rle.of(new BinaryMask(height, width, pixels));
    }

    CliRun rescored(Path json, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "evaluate", "--predictions", out.toString(), "--dataset", dataset(), "--json", json.toString()));
        arguments.addAll(List.of(more));
        return CliRun.withSpark(home, arguments.toArray(String[]::new));
    }
}
