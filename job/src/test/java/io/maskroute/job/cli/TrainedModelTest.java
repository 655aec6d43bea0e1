package io.maskroute.job.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.job.testing.CliRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The trained model over generated pictures, as the first command of the README runs them, and under its adapters. */
class TrainedModelTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path MODEL = Path.of("../models/shapes");

    @TempDir
    private Path home;

    @Test
    void itFindsWhatIsMeantMoreOftenThanChanceDenseAndRouted() throws IOException {
        JsonNode dense = evaluate("dense");
        List<Path> adapters;
        try (Stream<Path> folders = Files.list(MODEL.resolve("routing"))) {
            adapters = folders.sorted().toList();
        }

        // A perfect mask of an object that is drawn at random would reach 0.38 on these pictures.
        assertThat(dense.at("/metrics/gIoU").asDouble()).isGreaterThan(0.8);
        assertThat(dense.at("/flops/llm_alone_ratio").asDouble()).isEqualTo(1);
        assertThat(dense.get("notes")).isEmpty();
        assertThat(adapters).isNotEmpty();
        for (Path adapter : adapters) {
            JsonNode routed = evaluate(adapter.getFileName().toString(), "--routing", adapter.toString());
            // The folder's name is its budget in percent.
            double budget = Integer.parseInt(adapter.getFileName().toString()) / 100.0;
            assertThat(routed.at("/flops/llm_alone_ratio").asDouble()).isBetween(budget - 0.03, budget + 0.005);
            assertThat(routed.at("/metrics/gIoU").asDouble()).isGreaterThan(0.8);
            assertThat(Files.readString(home.resolve(adapter.getFileName()).resolve("report.html")))
                    .contains("Where mask tokens look");
        }
    }

    private JsonNode evaluate(String output, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "evaluate",
                "--model",
                MODEL.toString(),
                "--dataset",
                "../examples/shapesref-sample",
                "--output",
                home.resolve(output).toString()));
        arguments.addAll(List.of(more));
        CliRun run = CliRun.withModel(home, 2, arguments.toArray(String[]::new));
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode summary =
                JSON.readTree(home.resolve(output).resolve("summary.json").toFile());
        assertThat(summary.get("ok").asLong()).isEqualTo(48);
        return summary;
    }
}
