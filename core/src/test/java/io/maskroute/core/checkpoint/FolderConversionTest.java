package io.maskroute.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.family.psalm.VisionProjector;
import io.maskroute.core.model.TinyModel;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.HalfFloats;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.safetensors.SafetensorsWriter;
import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FolderConversionTest {
    private static final ModelConfig TINY = TinyModel.config(new VisionProjector(VisionProjector.Kind.LINEAR, 4, 0));
    private static final long SHARD = 100_000;

    @TempDir
    Path temp;

    private Path model;
    private Path output;

    @BeforeEach
    void writeModel() throws IOException {
        model = Files.createDirectory(temp.resolve("model"));
        output = temp.resolve("converted");
        RandomCheckpoint.write(model, TINY, DType.F32, 7);
        Files.copy(Path.of("../models/tiny/tokenizer.json"), model.resolve("tokenizer.json"));
    }

    private FolderConversion.Result convert(DType dtype, long shard) {
        return new FolderConversion(ModelFolder.open(model), dtype, output, shard, line -> {}).run();
    }

    private static String fingerprint(ModelFolder folder) {
        try (TensorSource weights = folder.openWeights(false)) {
            return Fingerprint.of(folder, weights);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "F16", "BF16"})
    void theWeightsAreRoundedAndNothingElseChanges(DType dtype) throws IOException {
        FolderConversion.Result result = convert(dtype, SHARD);
        assertThat(result.files()).hasSizeGreaterThan(3).allMatch(name -> name.matches("model-0.*\\.safetensors"));
        assertThat(result.kept()).isZero();
        ModelFolder made = ModelFolder.open(output);
        assertThat(made.config()).isEqualTo(TINY);
        assertThat(fingerprint(made)).isEqualTo(result.fingerprint());
        try (TensorSource before = ModelFolder.open(model).openWeights();
                TensorSource after = made.openWeights()) {
            assertThat(after.names()).containsExactlyInAnyOrderElementsOf(before.names());
            for (String name : before.names()) {
                float[] expected = before.floats(name);
                for (int i = 0; i < expected.length; i++) {
                    expected[i] = switch (dtype) {
                        case F16 -> HalfFloats.fromF16(HalfFloats.toF16(expected[i]));
                        case BF16 -> HalfFloats.fromBf16(HalfFloats.toBf16(expected[i]));
                        default -> expected[i];
                    };
                }
                assertThat(after.info(name))
                        .isEqualTo(new TensorInfo(dtype, before.info(name).shape()));
                assertThat(after.floats(name)).isEqualTo(expected);
            }
        }
        assertThat(Files.list(output).map(Path::toString)).noneMatch(name -> name.endsWith(".partial"));
    }

    /** What {@code --weights-rounding fp16} computes with is what a folder in fp16 holds. */
    @Test
    void roundedWeightsAreThoseOfAConvertedFolder() {
        assertThat(convert(DType.F16, SHARD).fingerprint())
                .isEqualTo(fingerprint(ModelFolder.open(model).withRounding(WeightsRounding.FP16)));
    }

    @Test
    void theSameCallGoesOnBehindFinishedShards() throws IOException {
        FolderConversion.Result whole = convert(DType.BF16, SHARD);
        List<Path> shards = whole.files().stream().map(output::resolve).toList();
        List<FileTime> times = new ArrayList<>();
        for (Path shard : shards) {
            Files.setLastModifiedTime(shard, FileTime.fromMillis(1000));
            times.add(Files.getLastModifiedTime(shard));
        }
        Files.delete(output.resolve("model.safetensors.index.json"));
        Files.delete(output.resolve("tokenizer.json"));
        Files.delete(shards.get(1));
        Files.write(output.resolve(shards.get(1).getFileName() + ".partial"), new byte[7]);

        FolderConversion.Result again = convert(DType.BF16, SHARD);
        assertThat(again.fingerprint()).isEqualTo(whole.fingerprint());
        assertThat(again.kept()).isEqualTo(shards.size() - 1);
        assertThat(Files.getLastModifiedTime(shards.get(0))).isEqualTo(times.get(0));
        assertThat(Files.getLastModifiedTime(shards.get(1))).isNotEqualTo(times.get(1));
        assertThat(fingerprint(ModelFolder.open(output))).isEqualTo(whole.fingerprint());
    }

    @Test
    void whatTheOutputHoldsElseStays() throws IOException {
        Files.createDirectories(output);
        Path mine = Files.writeString(output.resolve("model.safetensors"), "mine");
        assertRefused(DType.BF16, "holds something else than an unfinished conversion");
        assertThat(mine).hasContent("mine");
        Files.delete(mine);
        convert(DType.BF16, SHARD);
        assertRefused(DType.F16, "holds the conversion of another model, or to another type");
        RandomCheckpoint.write(model, TINY, DType.F32, 8);
        assertRefused(DType.BF16, "holds the conversion of another model");
    }

    @Test
    void aShardThatWasChangedIsNoticed() throws IOException {
        FolderConversion.Result whole = convert(DType.F32, SHARD);
        Path shard = output.resolve(whole.files().get(2));
        byte[] bytes = Files.readAllBytes(shard);
        bytes[bytes.length - 1] ^= 1;
        Files.write(shard, bytes);
        assertRefused(DType.F32, "does not read as what was converted");
    }

    @Test
    void onlyAWholeFolderOfFiniteNumbersIsConverted() throws IOException {
        TinyModel.overwrite(model, "seg_query", 5, Float.NaN);
        assertRefused(DType.F32, "tensor 'seg_query' holds NaN, which is not finite (element 5)");
        assertThat(output).doesNotExist();
        TinyModel.overwrite(model, "seg_query", 5, 70_000);
        assertRefused(DType.F16, "tensor 'seg_query' holds 70000.0, which is beyond F16");
        Files.writeString(
                model.resolve("config.json"),
                Files.readString(model.resolve("config.json"))
                        .replace("\"num_hidden_layers\" : 4", "\"num_hidden_layers\" : 5"));
        assertRefused(DType.F32, "missing: model.layers.4.self_attn.query_key_value.weight");
    }

    @Test
    void unknownTensorsAreLeftOutAndSmallFilesComeAlong() throws IOException {
        Files.move(model.resolve("model.safetensors"), model.resolve("a.safetensors"));
        try (SafetensorsWriter writer = SafetensorsWriter.create(
                model.resolve("b.safetensors"), Map.of("dead.alpha", TensorInfo.of(DType.F32, 1)), Map.of())) {
            writer.writeFloats("dead.alpha", new float[1]);
            writer.finish();
        }
        Files.writeString(model.resolve("generation_config.json"), "{}");
        Files.writeString(
                model.resolve("config.json"),
                Files.readString(model.resolve("config.json")).replaceFirst("\\{", "{\"torch_dtype\": \"float64\","));
        FolderConversion.Result result = convert(DType.BF16, Long.MAX_VALUE);
        assertThat(result.unknown()).containsExactly("dead.alpha");
        assertThat(result.files()).containsExactly("model.safetensors");
        try (Safetensors made = Safetensors.open(output.resolve("model.safetensors"))) {
            assertThat(made.names()).contains("seg_query").doesNotContain("dead.alpha");
        }
        assertThat(output.resolve("generation_config.json")).hasContent("{}");
        assertThat(output.resolve("config.json")).content().contains("\"torch_dtype\" : \"bfloat16\"");
    }

    private void assertRefused(DType dtype, String message) {
        assertThatThrownBy(() -> convert(dtype, SHARD))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }
}
