package io.maskroute.job.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.job.testing.CliRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path TINY = Path.of("../models/tiny");

    @TempDir
    private Path temp;

    private Path model;

    @BeforeEach
    void copyModel() throws IOException {
        model = Files.createDirectory(temp.resolve("model"));
        for (String name : List.of("config.json", "tokenizer.json", "model.safetensors")) {
            Files.copy(TINY.resolve(name), model.resolve(name));
        }
    }

    private CliRun run(String... arguments) {
        return CliRun.of(
                temp, Stream.concat(Stream.of("model"), Stream.of(arguments)).toArray(String[]::new));
    }

    private JsonNode inspect(int code) throws IOException {
        Path json = temp.resolve("inspection.json");
        CliRun run = run("inspect", model.toString(), "--json", json.toString());
        assertThat(run.code()).as(run.out() + run.err()).isEqualTo(code);
        JsonNode inspection = JSON.readTree(json.toFile());
        assertThat(inspection.get("usable").booleanValue()).isEqualTo(code == 0);
        assertThat(inspection.get("problems").isEmpty()).isEqualTo(code == 0);
        return inspection;
    }

    @Test
    void aWholeFolderIsDescribed() throws IOException {
        JsonNode inspection = inspect(0);
        assertThat(inspection.get("family").textValue()).isEqualTo("psalm");
        assertThat(inspection.get("parameters").longValue()).isBetween(1_000_000L, 5_000_000L);
        assertThat(inspection.get("dtype").textValue()).isEqualTo("bf16");
        assertThat(inspection.get("files")).hasSize(1);
        assertThat(inspection.at("/files/0").textValue()).isEqualTo("model.safetensors");
        assertThat(inspection.get("file_bytes").longValue()).isEqualTo(Files.size(TINY.resolve("model.safetensors")));
        assertThat(inspection.at("/keys/missing")).isEmpty();
        assertThat(inspection.at("/keys/unknown")).isEmpty();
        assertThat(inspection.at("/keys/misshaped")).isEmpty();
        assertThat(inspection.at("/tokenizer/source").textValue()).isEqualTo("tokenizer.json");
        assertThat(inspection.at("/tokenizer/size").intValue()).isPositive();
        assertThat(inspection.get("attention").textValue()).isEqualTo("fused");
        assertThat(inspection.get("tasks").get(0).textValue()).isEqualTo("referring");
        assertThat(inspection.at("/memory_bytes/fp32").longValue())
                .isGreaterThan(inspection.at("/memory_bytes/bf16").longValue());
        assertThat(inspection.get("llm_flops_dense").longValue()).isPositive();
        CliRun run = run("inspect", model.toString());
        assertThat(run.out()).contains("family        psalm", "0 missing, 0 mis-shaped, 0 unknown");
    }

    @Test
    void everythingThatIsWrongIsListedAtOnce() throws IOException {
        Files.delete(model.resolve("tokenizer.json"));
        Files.writeString(
                model.resolve("config.json"),
                Files.readString(model.resolve("config.json"))
                        .replaceFirst("\"num_hidden_layers\" : \\d+", "\"num_hidden_layers\" : 9"));
        JsonNode inspection = inspect(2);
        assertThat(inspection.at("/keys/missing")).isNotEmpty().allMatch(key -> key.textValue()
                .startsWith("model.layers.8."));
        assertThat(inspection.get("tokenizer").isNull()).isTrue();
        assertThat(inspection.get("tasks")).isEmpty();
        assertThat(inspection.get("problems")).hasSize(2);
        assertThat(inspection.at("/problems").toString()).contains("tokenizer", "missing: model.layers.8.");

        Files.writeString(model.resolve("model.safetensors"), "<html>");
        Files.writeString(model.resolve("config.json"), "{");
        JsonNode nothing = inspect(2);
        assertThat(nothing.get("keys").isNull()).isTrue();
        assertThat(nothing.get("parameters").isNull()).isTrue();
        assertThat(nothing.get("problems")).hasSize(3);
    }

    @Test
    void aFolderThatIsNotThereIsOneLine() {
        CliRun run = run("inspect", temp.resolve("absent").toString());
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("absent does not exist");
        assertThat(run("inspect").code()).isEqualTo(1);
        assertThat(run().code()).isEqualTo(1);
    }

    @Test
    void aConvertedFolderIsTheSameModelInAnotherType() throws IOException {
        Path output = temp.resolve("fp16");
        CliRun run = run("convert", model.toString(), "--output", output.toString(), "--dtype", "fp16");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).containsPattern("fingerprint +[0-9a-f]{64}");
        model = output;
        assertThat(inspect(0).get("dtype").textValue()).isEqualTo("fp16");

        CliRun again = run("convert", TINY.toString(), "--output", output.toString(), "--dtype", "fp16");
        assertThat(again.out()).contains("1, 1 of them finished before");
        assertThat(run("convert", TINY.toString(), "--output", output.toString(), "--dtype", "bf16")
                        .code())
                .isEqualTo(2);
        CliRun wrong = run("convert", TINY.toString(), "--output", output.toString(), "--dtype", "int8");
        assertThat(wrong.code()).isEqualTo(1);
        assertThat(wrong.err()).contains("must be fp32, fp16 or bf16, not 'int8'");
        CliRun itself = run("convert", output.toString(), "--output", output.toString(), "--dtype", "fp16");
        assertThat(itself.err()).contains("is the model itself");
    }
}
