package io.maskroute.job.released;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.slice;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.checkpoint.ReleasedFolder;
import io.maskroute.core.checkpoint.ReleasedFolder.Form;
import io.maskroute.core.family.psalm.Psalm;
import io.maskroute.core.model.LoadedModel;
import io.maskroute.core.model.SegmenterOptions;
import io.maskroute.core.model.SegmenterOptions.Dtype;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Folders of the published size in the released layout, through every step a user takes. Each is 6.4 GB; profile {@code full}
 * runs them and prints what they take.
 */
@Tag("full")
class ReleasedSizeTest {
    private static final long SEED = 5;
    private static final String ROUTED = "../conf/routing/psalm-56.json";
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path temp;

    private Path write(Form form) throws IOException {
        Path folder = Files.createDirectory(temp.resolve(form.name().toLowerCase(Locale.ROOT)));
        ReleasedFolder.write(folder, Psalm.published(), form, ReleasedFolder.SHARD_BYTES, SEED);
        return folder;
    }

    /** One photograph with one of its prompts. */
    private Path dataset() throws IOException {
        Path folder = temp.resolve("photograph");
        Path bundled = Path.of("../examples/refcoco-mini");
        Datasets.withSpark(spark -> {
            spark.read()
                    .parquet(bundled.toString())
                    .limit(1)
                    .withColumn("prompts", slice(col("prompts"), 1, 1))
                    .write()
                    .parquet(folder.toString());
            return null;
        });
        Files.copy(bundled.resolve("_maskroute.json"), folder.resolve("_maskroute.json"));
        return folder;
    }

    private static long residentBytes() throws IOException {
        System.gc();
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                .sum();
    }

    private static void say(String format, Object... values) {
        System.out.printf(Locale.ROOT, format + "%n", values);
    }

    @Test
    void itOpensWithinMemory() throws Exception {
        Path folder = write(Form.SAFETENSORS);
        try (var files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                say("%-40s %,14d bytes", file.getFileName(), Files.size(file));
            }
        }
        for (Dtype dtype : List.of(Dtype.FP32, Dtype.BF16)) {
            long start = System.nanoTime();
            try (LoadedModel model = LoadedModel.open(
                    folder, SegmenterOptions.builder().setDtype(dtype).build())) {
                double seconds = (System.nanoTime() - start) / 1e9;
                long resident = residentBytes();
                Runtime heap = Runtime.getRuntime();
                long beyond = resident - (heap.totalMemory() - heap.freeMemory());
                say("%s: opened in %.1f s, %.2f GB beyond the heap", dtype.label(), seconds, beyond / 1e9);
                assertThat(model.info().modelFingerprint()).hasSize(64);
                assertThat(beyond).isLessThan(dtype == Dtype.FP32 ? 6_900_000_000L : 3_600_000_000L);
            }
        }
    }

    @Test
    void everyFormGivesTheSameMasks() throws Exception {
        Path dataset = dataset();
        Map<String, List<Row>> first = new HashMap<>();
        for (Form form : Form.values()) {
            Path folder = write(form);
            inspect(form, folder);
            // The others hold the same tensors: one run shows that they give the same mask.
            for (String routing : form == Form.SAFETENSORS ? List.of(ROUTED, "dense") : List.of(ROUTED)) {
                Path output = temp.resolve("run");
                long start = System.nanoTime();
                CliRun run = CliRun.withModel(
                        temp,
                        2,
                        "evaluate",
                        "--model",
                        folder.toString(),
                        "--dataset",
                        dataset.toString(),
                        "--output",
                        output.toString(),
                        "--routing",
                        routing,
                        "-s",
                        "runtime.warm-up-calls=0",
                        "--fresh");
                say("%s, %s: %.1f s%n%s", form, routing, (System.nanoTime() - start) / 1e9, run.out());
                assertThat(run.code()).as(run.err()).isZero();
                JsonNode record = JSON.readTree(output.resolve("run.json").toFile());
                assertThat(record.at("/unknown_weights")).hasSize(8);
                assertThat(record.at("/config").get("model.dtype").textValue()).isEqualTo("fp32");
                List<Row> answers = Datasets.read(output.resolve("predictions")).stream()
                        .map(row -> RowFactory.create(
                                row.getAs("status"), row.getAs("masks"), row.getAs("model_fingerprint")))
                        .toList();
                assertThat(answers).hasSize(1);
                assertThat(answers.get(0).getString(0)).isEqualTo("ok");
                assertThat(answers).isEqualTo(first.computeIfAbsent(routing, r -> answers));
            }
            try (var files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private void inspect(Form form, Path folder) throws IOException {
        Path json = temp.resolve("inspection.json");
        long start = System.nanoTime();
        CliRun run = CliRun.of(temp, "model", "inspect", folder.toString(), "--json", json.toString());
        say("%s: inspected in %.2f s%n%s", form, (System.nanoTime() - start) / 1e9, run.out());
        assertThat(run.code()).as(run.out()).isZero();
        JsonNode inspection = JSON.readTree(json.toFile());
        assertThat(inspection.get("family").textValue()).isEqualTo("psalm");
        assertThat(inspection.at("/keys/expected").asInt()).isEqualTo(935);
        assertThat(inspection.at("/keys/found").asInt()).isEqualTo(943);
        assertThat(inspection.at("/keys/missing")).isEmpty();
        assertThat(inspection.at("/keys/unknown")).hasSize(8);
        assertThat(inspection.at("/tokenizer/source").textValue()).isEqualTo("vocab+merges");
        assertThat(inspection.get("attention").textValue()).isEqualTo(form == Form.SPLIT ? "split" : "fused");
    }
}
