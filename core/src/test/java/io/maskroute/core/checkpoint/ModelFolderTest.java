package io.maskroute.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.family.psalm.VisionProjector;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.HalfFloats;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.safetensors.SafetensorsWriter;
import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.safetensors.TensorSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelFolderTest {
    private static final ModelConfig SMALL = new ModelConfig(
            new ModelConfig.Image(64, List.of(0.0, 0.0, 0.0), List.of(1.0, 1.0, 1.0), 128),
            new ModelConfig.Swin(4, List.of(1, 1, 1, 1), List.of(1, 1, 2, 2), 2, 2, 4, 1e-5),
            new VisionProjector(VisionProjector.Kind.MLP, 4, 0),
            new ModelConfig.Llm(12, 20, 2, 3, 2, 30, 1e-5, 10000, 128),
            new ModelConfig.PixelDecoder(32, 32, 4, 1, 16, 2),
            new ModelConfig.MaskDecoder(32, 4, 1, 16, 3),
            new ModelConfig.SpecialTokens(29, 28, 27));

    @TempDir
    Path folder;

    @BeforeEach
    void writeModel() throws IOException {
        RandomCheckpoint.write(folder, SMALL, DType.F32, 7);
        Files.writeString(folder.resolve("tokenizer.json"), "{}");
    }

    private String fingerprint() {
        ModelFolder model = ModelFolder.open(folder);
        try (TensorSource weights = model.openWeights(false)) {
            return Fingerprint.of(model, weights);
        }
    }

    private void assertRefused(String... parts) {
        assertThatThrownBy(() -> ModelFolder.open(folder).openWeights(false).close())
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContainingAll(parts)
                .hasMessageNotContaining("\n");
    }

    /** Writes the tensors that a rule keeps, under the name it gives them, to a file. */
    private void copy(String fileName, java.util.function.UnaryOperator<String> rename) throws IOException {
        try (Safetensors from = Safetensors.open(folder.resolve("model.safetensors"))) {
            Map<String, TensorInfo> infos = new LinkedHashMap<>();
            from.names().forEach(name -> {
                if (rename.apply(name) != null) {
                    infos.put(rename.apply(name), from.info(name));
                }
            });
            try (SafetensorsWriter writer = SafetensorsWriter.create(folder.resolve(fileName), infos, Map.of())) {
                for (String name : from.names()) {
                    if (rename.apply(name) != null) {
                        writer.write(rename.apply(name), ByteBuffer.wrap(from.toByteArray(name)));
                    }
                }
                writer.finish();
            }
        }
    }

    private void shard() throws IOException {
        copy("model-00001-of-00002.safetensors", name -> name.contains("model.") ? name : null);
        copy("model-00002-of-00002.safetensors", name -> name.contains("model.") ? null : name);
        List<String> map = new ArrayList<>();
        for (String name : names()) {
            map.add("\"" + name + "\": \"model-0000" + (name.contains("model.") ? 1 : 2) + "-of-00002.safetensors\"");
        }
        Files.writeString(
                folder.resolve("model.safetensors.index.json"),
                "{\"metadata\": {\"total_size\": 1}, \"weight_map\": {" + String.join(",", map) + "}}");
        Files.delete(folder.resolve("model.safetensors"));
    }

    private List<String> names() {
        try (Safetensors from = Safetensors.open(folder.resolve("model.safetensors"))) {
            return List.copyOf(from.names());
        }
    }

    @Test
    void opensWhatTheGeneratorWrote() {
        ModelFolder model = ModelFolder.open(folder);
        assertThat(model.config()).isEqualTo(SMALL);
        try (TensorSource weights = model.openWeights(false)) {
            assertThat(weights.floats("model.final_layernorm.weight")).containsOnly(1);
            assertThat(weights.floats("model.final_layernorm.bias")).containsOnly(0);
            float[] values = weights.floats("model.layers.1.mlp.fc2.weight");
            double variance = 0;
            for (float value : values) {
                variance += value * value / values.length;
            }
            assertThat(variance).isBetween(0.8 / 20, 1.2 / 20);
            // Head 1 of 4 looks straight down, two points, on each of three levels.
            float[] ring = weights.floats("pixel_decoder.transformer.encoder.layers.0.self_attn.sampling_offsets.bias");
            assertThat(ring).hasSize(4 * 3 * 2 * 2);
            float[] down = Arrays.copyOfRange(ring, 12, 16);
            assertThat(down).containsExactly(new float[] {0, 1, 0, 2}, org.assertj.core.data.Offset.offset(1e-6f));
        }
    }

    @Test
    void fingerprintNamesTheContentNotTheFiles() throws IOException {
        String original = fingerprint();
        assertThat(original).matches("[0-9a-f]{64}");
        shard();
        assertThat(fingerprint()).isEqualTo(original);
        Files.delete(folder.resolve("model.safetensors.index.json"));
        assertThat(fingerprint()).isEqualTo(original);

        Files.writeString(folder.resolve("tokenizer.json"), "{ }");
        assertThat(fingerprint()).isNotEqualTo(original);
        Files.writeString(folder.resolve("tokenizer.json"), "{}");
        RandomCheckpoint.write(folder, SMALL, DType.F32, 7);
        assertThat(fingerprint()).isEqualTo(original);
        RandomCheckpoint.write(folder, SMALL, DType.F32, 8);
        assertThat(fingerprint()).isNotEqualTo(original);
    }

    @Test
    void missingPartsAreNamed() throws IOException {
        assertThatThrownBy(() -> ModelFolder.open(folder.resolve("absent")))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("absent does not exist");
        Files.move(folder.resolve("tokenizer.json"), folder.resolve("t"));
        assertRefused("has no tokenizer; it needs tokenizer.json, or vocab.json and merges.txt", folder.toString());
        Files.move(folder.resolve("t"), folder.resolve("tokenizer.json"));
        Files.delete(folder.resolve("model.safetensors"));
        assertRefused("has no weights", folder.toString());
        Files.delete(folder.resolve("config.json"));
        assertRefused("has no config.json");
    }

    @Test
    void missingShardsAndTensorsAreNamed() throws IOException {
        shard();
        Path second = folder.resolve("model-00002-of-00002.safetensors");
        Path index = folder.resolve("model.safetensors.index.json");
        Files.move(second, folder.resolve("kept"));
        assertRefused("model-00002-of-00002.safetensors is missing", "index.json names it");
        Files.move(index, folder.resolve("kept.json"));
        assertRefused("model-00002-of-00002.safetensors is missing");
        Files.copy(folder.resolve("model-00001-of-00002.safetensors"), second);
        Files.move(folder.resolve("kept.json"), index);
        assertRefused("model-00002-of-00002.safetensors lacks the tensor", "that its index names");

        Files.writeString(index, "{\"weight_map\": {\"a\": \"../a.safetensors\"}}");
        assertRefused("names a file outside its folder");
        Files.writeString(index, "{\"weight_map\": {}}");
        assertRefused("no weight_map");
        Files.writeString(index, "{\"weight_map\": {\"a\": 3}}");
        assertRefused("field 'a' is 3, expected a string");
    }

    @Test
    void numberedShardsAreFoundWhateverDigitsTheLocaleHas() throws IOException {
        shard();
        Files.delete(folder.resolve("model.safetensors.index.json"));
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.forLanguageTag("fa-IR-u-nu-arabext"));
        try {
            assertThat(String.format("%d", 1)).as("a digit of the locale").isNotEqualTo("1");
            ModelFolder.open(folder).openWeights(false).close();
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void keysThatDoNotMatchAreListed() throws IOException {
        copy("other.safetensors", name -> switch (name) {
            case "seg_query" -> "seg_queries";
            case "predictor.decoder_norm.bias" -> null;
            default -> name;
        });
        Files.move(
                folder.resolve("other.safetensors"),
                folder.resolve("model.safetensors"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertRefused(
                "2 missing: seg_query, predictor.decoder_norm.bias;", "1 unknown: seg_queries.", "--allow-partial");
        ModelFolder.open(folder).openWeights(true).close();

        ModelConfig wider = new ModelConfig(
                SMALL.image(),
                SMALL.swin(),
                SMALL.visualTokens(),
                new ModelConfig.Llm(12, 24, 2, 3, 2, 30, 1e-5, 10000, 128),
                SMALL.pixelDecoder(),
                SMALL.maskDecoder(),
                SMALL.specialTokens());
        ModelConfigJson.write(folder.resolve("config.json"), wider);
        assertRefused("6 mis-shaped: model.layers.0.mlp.fc1.weight is F32 [20, 12], expected F32 [24, 12], ");
    }

    @Test
    void allKeysOfAModelAreShown() throws IOException {
        copy("other.safetensors", name -> name.startsWith("model.layers.") ? null : name);
        Files.delete(folder.resolve("model.safetensors"));
        List<String> missing;
        try (TensorSource weights = ModelFolder.open(folder).openWeights()) {
            missing = WeightCoverage.of(StateDict.expected(SMALL), weights).missing();
        }
        assertThat(missing).hasSize(20);
        assertRefused("20 missing: " + String.join(", ", missing) + ". Use the config.json");
    }

    @Test
    void notAllKeysOfAnyOtherFileAreShown() {
        List<String> keys = IntStream.range(0, 1001).mapToObj(i -> "key" + i).toList();
        WeightCoverage coverage = new WeightCoverage("file", List.of(), List.of(), List.of("a"), keys, List.of());
        assertThatThrownBy(() -> coverage.require(false))
                .hasMessageContaining("1 missing: a; 1001 unknown: key0, key1,")
                .hasMessageContaining("key999, …. Use")
                .hasMessageNotContaining("key1000");
        coverage.require(true);
    }

    /** Released checkpoints hold dead weights; PyTorch passes them over, too. */
    @Test
    void unknownKeysArePassedOver() throws IOException {
        String original = fingerprint();
        try (SafetensorsWriter writer = SafetensorsWriter.create(
                folder.resolve("dead.safetensors"),
                Map.of(
                        "model.layers.0.region.f.weight", TensorInfo.of(DType.F32, 2, 2),
                        "predictor.sim_alpha", TensorInfo.of(DType.F32),
                        "model.layers.0.counter", TensorInfo.of(DType.I64, 1)),
                Map.of())) {
            writer.writeFloats("model.layers.0.region.f.weight", new float[4]);
            writer.writeFloats("predictor.sim_alpha", new float[1]);
            writer.writeLongs("model.layers.0.counter", new long[1]);
            writer.finish();
        }
        Files.move(folder.resolve("model.safetensors"), folder.resolve("rest.safetensors"));
        ModelFolder model = ModelFolder.open(folder);
        assertThat(model.config()).isEqualTo(SMALL);
        try (TensorSource weights = model.openWeights()) {
            assertThat(WeightCoverage.of(StateDict.expected(SMALL), weights).unknown())
                    .containsExactlyInAnyOrder(
                            "model.layers.0.region.f.weight", "predictor.sim_alpha", "model.layers.0.counter");
        }
        try (TensorSource weights = model.openWeights(false)) {
            assertThat(weights.names())
                    .containsExactlyElementsOf(StateDict.expected(SMALL).stream()
                            .filter(Parameter::required)
                            .map(Parameter::key)
                            .toList());
        }
        assertThat(fingerprint()).isEqualTo(original);
    }

    @Test
    void whatIsMissingIsZeroWhereThatIsAllowed() throws IOException {
        copy("other.safetensors", name -> name.equals("seg_query") ? null : name);
        Files.delete(folder.resolve("model.safetensors"));
        try (TensorSource weights = ModelFolder.open(folder).openWeights(true)) {
            assertThat(weights.floats("seg_query")).hasSize(3 * 12).containsOnly(0);
            assertThat(weights.floats("model.final_layernorm.weight")).containsOnly(1);
        }
    }

    @Test
    void weightsAreRoundedBeforeAnythingReadsThem() {
        ModelFolder rounded = ModelFolder.open(folder).withRounding(WeightsRounding.FP16);
        try (TensorSource stored = ModelFolder.open(folder).openWeights(false);
                TensorSource weights = rounded.openWeights(false)) {
            float[] expected = stored.floats("seg_query");
            for (int i = 0; i < expected.length; i++) {
                expected[i] = HalfFloats.fromF16(HalfFloats.toF16(expected[i]));
            }
            assertThat(weights.floats("seg_query")).isEqualTo(expected).isNotEqualTo(stored.floats("seg_query"));
            assertThat(Fingerprint.of(rounded, weights)).isNotEqualTo(fingerprint());
        }
    }

    @Test
    void theTableOfEmbeddingsHasTheVocabularysSize() throws IOException {
        Path config = folder.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("\"vocab_size\" : 30", "\"vocab_size\" : 29"));
        ModelFolder model = ModelFolder.open(folder);
        assertThat(model.config()).isEqualTo(SMALL);
        assertThat(model.notes()).singleElement().asString().contains("vocab_size 29", "has 30 rows");
    }

    /** Heads are not to be seen in weights, nor what no tensor depends on. */
    @Test
    void absentSizesAreThoseOfTheWeights() throws IOException {
        Files.writeString(
                folder.resolve("config.json"),
                """
                {"architectures": ["PSALM"], "num_attention_heads": 3, "max_position_embeddings": 128, "mm_hidden_size": 256,
                 "maskroute": {"image": {"size": 64, "mean": [0, 0, 0], "std": [1, 1, 1]},
                  "pixel_decoder": {"heads": 4, "points": 2}, "mask_decoder": {"heads": 4},
                  "special_tokens": {"seg": 29, "end_of_text": 28, "pad": 27}, "vision_projector": {"planes": 0}}}""");
        assertThat(ModelFolder.open(folder).config()).isEqualTo(SMALL);
    }

    @Test
    void numberedBinShardsNeedNoIndex() throws IOException {
        Files.delete(folder.resolve("model.safetensors"));
        Files.write(folder.resolve("training_args.bin"), new byte[] {1, 2, 3});
        assertRefused("has no weights");
        Path first = folder.resolve("pytorch_model-00001-of-00002.bin");
        Files.copy(Path.of("src/test/resources/bin/pytorch_model.bin"), first);
        assertRefused("pytorch_model-00002-of-00002.bin is missing; fetch it as well");
        Files.createFile(folder.resolve("pytorch_model-00002-of-00002.bin.incomplete"));
        assertRefused(
                "pytorch_model-00002-of-00002.bin is missing",
                "pytorch_model-00002-of-00002.bin.incomplete beside it is an unfinished download");
    }

    static Stream<Arguments> downloads() {
        String pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize %s\n";
        return Stream.of(
                arguments(
                        "model.safetensors",
                        pointer.formatted("4980000000"),
                        "is a Git LFS pointer, not the file of 4980000000 bytes"),
                arguments("config.json", pointer.formatted("1260"), "is a Git LFS pointer, not the file of 1260 bytes"),
                arguments(
                        "model.safetensors", "<!DOCTYPE html>\n<html><head><title>Sign in</title>", "is an HTML page"),
                arguments("config.json", "\n <html lang=\"en\">", "is an HTML page"),
                arguments("model.safetensors", "", "has 0 bytes, too few for a header"),
                arguments(
                        "model.safetensors",
                        "Repository not found",
                        "it is no safetensors file, or truncated: fetch it again"));
    }

    @ParameterizedTest
    @MethodSource("downloads")
    void whatADownloadLeavesIsNamed(String name, String content, String reason) throws IOException {
        Files.writeString(folder.resolve(name), content);
        assertRefused(folder.resolve(name).toString(), reason);
    }

    @ParameterizedTest
    @ValueSource(strings = {".part", ".incomplete", ".crdownload", ".aria2", ".tmp"})
    void unfinishedDownloadsAreNamed(String ending) throws IOException {
        Path weights = folder.resolve("model.safetensors");
        Files.move(weights, folder.resolve("model.safetensors" + ending));
        assertRefused("has no weights; model.safetensors" + ending + " is an unfinished download");
        Path config = folder.resolve("config.json");
        Files.move(config, folder.resolve("config.json" + ending));
        assertRefused("has no config.json (config.json" + ending + " is an unfinished download)");
    }

    /** aria2 gives the file its full size at once. */
    @Test
    void aFileThatIsStillFilledIsNotRead() throws IOException {
        Files.createFile(folder.resolve("model.safetensors.aria2"));
        assertRefused("model.safetensors is not whole yet: model.safetensors.aria2 lies beside it");
    }

    @Test
    void truncatedWeightsAreNamed() throws IOException {
        Path weights = folder.resolve("model.safetensors");
        byte[] whole = Files.readAllBytes(weights);
        for (double share : new double[] {0.999, 0.5, 0.01}) {
            Files.write(weights, Arrays.copyOf(whole, (int) (whole.length * share)));
            assertRefused(weights.toString(), "truncated");
        }
    }

    @Test
    void splitAttentionIsShownFused() throws IOException {
        int d = 12;
        int heads = 3;
        int headDim = d / heads;
        String attention = "model.layers.1.self_attn.";
        Map<String, float[]> parts = new LinkedHashMap<>();
        for (int p = 0; p < 3; p++) {
            String name = attention + "qkv".charAt(p) + "_proj.";
            float[] weight = new float[d * d];
            float[] bias = new float[d];
            for (int row = 0; row < d; row++) {
                bias[row] = 100 * p + row;
                for (int col = 0; col < d; col++) {
                    weight[row * d + col] = 1000 * p + 20 * row + col;
                }
            }
            parts.put(name + "weight", weight);
            parts.put(name + "bias", bias);
        }
        Map<String, TensorInfo> infos = new LinkedHashMap<>();
        parts.forEach((name, values) ->
                infos.put(name, values.length == d ? TensorInfo.of(DType.F32, d) : TensorInfo.of(DType.F32, d, d)));
        copy("model-rest.safetensors", name -> name.startsWith(attention + "query_key_value") ? null : name);
        try (SafetensorsWriter writer =
                SafetensorsWriter.create(folder.resolve("model-split.safetensors"), infos, Map.of())) {
            for (String name : parts.keySet()) {
                writer.writeFloats(name, parts.get(name));
            }
            writer.finish();
        }
        Files.delete(folder.resolve("model.safetensors"));

        try (TensorSource weights = ModelFolder.open(folder).openWeights(false)) {
            assertThat(weights.names()).doesNotContainAnyElementsOf(parts.keySet());
            float[] weight = weights.floats(attention + "query_key_value.weight");
            float[] bias = weights.floats(attention + "query_key_value.bias");
            for (int row = 0; row < 3 * d; row++) {
                int head = row / (3 * headDim);
                int part = row / headDim % 3;
                int partRow = head * headDim + row % headDim;
                assertThat(bias[row]).isEqualTo(100 * part + partRow);
                assertThat(weight[row * d + 5]).isEqualTo(1000 * part + 20 * partRow + 5);
            }
            assertThat(weights.bytes(attention + "query_key_value.weight").asFloatBuffer())
                    .isEqualTo(java.nio.FloatBuffer.wrap(weight));
            // Any window of it reads the same.
            for (int from = 0; from < weight.length; from += 7) {
                ByteBuffer window = ByteBuffer.allocate(4 * Math.min(31, weight.length - from))
                        .order(java.nio.ByteOrder.LITTLE_ENDIAN);
                weights.read(attention + "query_key_value.weight", 4L * from, window);
                float[] read = new float[window.capacity() / 4];
                window.flip().asFloatBuffer().get(read);
                assertThat(read).isEqualTo(Arrays.copyOfRange(weight, from, from + read.length));
            }
        }
    }
}
