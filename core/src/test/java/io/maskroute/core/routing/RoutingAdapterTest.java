package io.maskroute.core.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.family.psalm.Psalm;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.SafetensorsWriter;
import io.maskroute.core.safetensors.TensorInfo;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RoutingAdapterTest {
    private static final ModelConfig.Llm LLM = new ModelConfig.Llm(8, 16, 3, 2, 2, 50, 1e-5, 10000, 64);
    private static final String SCHEDULE =
            """
            {"format":1,"mask_token_layer":1,"image_tokens":{"proxies":{"kind":"grid","stride":2},"layers":[0,2],\
            "projector":{"kind":"linear","rank":3}}}""";

    @TempDir
    Path folder;

    private final Map<String, TensorInfo> shapes = new LinkedHashMap<>();

    @BeforeEach
    void writeSchedule() throws Exception {
        Files.writeString(folder.resolve("routing.json"), SCHEDULE);
        AdapterSpec.expected(RoutingScheduleReader.parse(SCHEDULE, "test"), LLM)
                .forEach((name, shape) -> shapes.put(
                        name,
                        TensorInfo.of(
                                DType.F32,
                                shape.stream().mapToLong(Long::longValue).toArray())));
    }

    @Test
    void opens_a_folder_whose_tensors_fit() throws Exception {
        writeTensors(0);
        try (RoutingAdapter adapter = RoutingAdapter.open(folder, LLM)) {
            assertThat(adapter.schedule()).isEqualTo(RoutingScheduleReader.parse(SCHEDULE, "test"));
            assertThat(adapter.tensors().orElseThrow().names()).hasSize(6);
            assertThat(adapter.tensors().orElseThrow().floats("layers.2.proj.scale"))
                    .hasSize(8);
            assertThat(adapter.fingerprint()).matches("[0-9a-f]{64}");
        }
    }

    @Test
    void a_bias_may_be_there_and_counts() throws Exception {
        writeTensors(0);
        String without = fingerprint(folder);
        shapes.put("layers.2.proj.bias", TensorInfo.of(DType.F32, 8));
        writeTensors(0);
        String with = fingerprint(folder);
        writeTensors(1);

        assertThat(List.of(without, with, fingerprint(folder))).doesNotHaveDuplicates();
        shapes.put("layers.2.proj.bias", TensorInfo.of(DType.F32, 7));
        writeTensors(0);
        assertThatThrownBy(() -> RoutingAdapter.open(folder, LLM))
                .hasMessageContaining("layers.2.proj.bias has shape [7] instead of [8]");
    }

    @Test
    void the_delta_term_is_there_where_the_schedule_says_so() throws Exception {
        shapes.put("layers.2.proj.delta.down.weight", TensorInfo.of(DType.F32, 2, 8));
        shapes.put("layers.2.proj.delta.up.weight", TensorInfo.of(DType.F32, 8, 2));
        writeTensors(0);
        assertThatThrownBy(() -> RoutingAdapter.open(folder, LLM))
                .hasMessageContaining("layers.2.proj.delta.down.weight is not expected");

        Files.writeString(
                folder.resolve("routing.json"), SCHEDULE.replace("\"rank\":3", "\"rank\":3,\"delta_rank\":2"));
        assertThatThrownBy(() -> RoutingAdapter.open(folder, LLM))
                .hasMessageContaining("layers.0.proj.delta.up.weight is missing");

        shapes.put("layers.0.proj.delta.down.weight", TensorInfo.of(DType.F32, 2, 8));
        shapes.put("layers.0.proj.delta.up.weight", TensorInfo.of(DType.F32, 8, 2));
        writeTensors(0);
        try (RoutingAdapter adapter = RoutingAdapter.open(folder, LLM)) {
            assertThat(adapter.schedule().projector(2).deltaRank()).isEqualTo(2);
        }
    }

    @Test
    void a_bare_schedule_has_untrained_projectors() {
        try (RoutingAdapter adapter = RoutingAdapter.open(folder.resolve("routing.json"), LLM)) {
            assertThat(adapter.tensors()).isEmpty();
            assertThat(adapter.fingerprint()).matches("[0-9a-f]{64}");
        }
    }

    @Test
    void the_fingerprint_covers_schedule_and_tensors() throws Exception {
        String bare = fingerprint(folder.resolve("routing.json"));
        writeTensors(0);
        String trained = fingerprint(folder);
        writeTensors(1);
        String other = fingerprint(folder);
        Files.writeString(
                folder.resolve("routing.json"), SCHEDULE.replace("\"mask_token_layer\":1", "\"mask_token_layer\":2"));
        String later = fingerprint(folder);

        assertThat(List.of(bare, trained, other, later)).doesNotHaveDuplicates();
        Files.writeString(folder.resolve("routing.json"), SCHEDULE.replace(",", ",\n  "));
        writeTensors(0);
        assertThat(fingerprint(folder)).isEqualTo(trained);
    }

    @Test
    void the_identity_is_called_dense() throws Exception {
        Files.writeString(
                folder.resolve("routing.json"),
                SCHEDULE.replace("[0,2]", "[]").replace("\"mask_token_layer\":1", "\"mask_token_layer\":0"));

        assertThat(fingerprint(folder)).isEqualTo("dense");
        assertThat(RoutingAdapter.dense().fingerprint()).isEqualTo("dense");
    }

    @Test
    void tensors_that_do_not_fit_are_all_named() throws Exception {
        shapes.remove("layers.0.proj.scale");
        shapes.put("layers.2.proj.up.weight", TensorInfo.of(DType.F32, 3, 8));
        shapes.put("layers.2.proj.down.weight", TensorInfo.of(DType.I32, 3, 8));
        shapes.put("layers.1.proj.scale", TensorInfo.of(DType.F32, 8));
        writeTensors(0);

        assertThatThrownBy(() -> RoutingAdapter.open(folder, LLM))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("routing.safetensors: does not fit")
                .hasMessageContaining("layers.0.proj.scale is missing")
                .hasMessageContaining("layers.2.proj.up.weight has shape [3, 8] instead of [8, 3]")
                .hasMessageContaining("layers.2.proj.down.weight holds I32")
                .hasMessageContaining("layers.1.proj.scale is not expected");
    }

    @Test
    void missing_parts_are_refused_with_a_remedy() throws Exception {
        assertThatThrownBy(() -> RoutingAdapter.open(folder, LLM))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("no routing.safetensors in this folder; give " + folder.resolve("routing.json"));
        Files.delete(folder.resolve("routing.json"));
        assertThatThrownBy(() -> RoutingAdapter.open(folder, LLM))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("no routing.json in this folder");
        assertThatThrownBy(() -> RoutingAdapter.open(folder.resolve("absent"), LLM))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("no such routing schedule");
    }

    @Test
    void a_schedule_for_another_model_is_refused_by_file() throws Exception {
        Files.writeString(folder.resolve("routing.json"), SCHEDULE.replace("\"rank\":3", "\"rank\":128"));

        assertThatThrownBy(() -> RoutingAdapter.open(folder, LLM))
                .isInstanceOf(UnusableInputException.class)
                .hasMessage(folder.resolve("routing.json")
                        + ": the projector rank of layer 0 is 128, but the model is 8 wide; choose 1 to 8");
    }

    @Test
    void a_fingerprint_covers_how_image_tokens_are_dropped() throws Exception {
        List<String> fingerprints = new ArrayList<>();
        for (String dropping : List.of(
                "\"attention\",\"after_layer\":2,\"keep\":64",
                "\"attention\",\"after_layer\":1,\"keep\":64",
                "\"attention\",\"after_layer\":2,\"keep\":63",
                "\"random\",\"after_layer\":2,\"keep\":64,\"seed\":0",
                "\"random\",\"after_layer\":2,\"keep\":64,\"seed\":1")) {
            writeDropping(dropping);
            fingerprints.add(fingerprint(folder));
        }
        assertThat(fingerprints).doesNotHaveDuplicates().doesNotContain("dense");
    }

    @Test
    void what_cannot_be_dropped_is_refused_by_file() throws Exception {
        writeDropping("\"attention\",\"after_layer\":3,\"keep\":64");
        assertThatThrownBy(() -> RoutingAdapter.open(folder, LLM))
                .isInstanceOf(UnusableInputException.class)
                .hasMessage(folder.resolve("routing.json")
                        + ": drop_image_tokens.after_layer is 3, but the model has 3 layers; choose 1 to 2");
        // PSALM has 16 x 16 image tokens.
        writeDropping("\"attention\",\"after_layer\":3,\"keep\":257");
        assertThatThrownBy(() -> RoutingAdapter.open(folder, Psalm.published()))
                .isInstanceOf(UnusableInputException.class)
                .hasMessage(
                        folder
                                + ": drop_image_tokens.keep is 257, but a picture has 256 image tokens; choose 0 (none) to 256 (all)");
        writeDropping("\"attention\",\"after_layer\":2,\"keep\":1");
        writeTensors(0);
        assertThatThrownBy(() -> RoutingAdapter.open(folder, LLM))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("layers.0.proj.scale is not expected");
    }

    private void writeDropping(String dropping) throws Exception {
        Files.writeString(
                folder.resolve("routing.json"),
                "{\"format\":1,\"drop_image_tokens\":{\"criterion\":" + dropping + "}}");
    }

    private static String fingerprint(Path path) {
        try (RoutingAdapter adapter = RoutingAdapter.open(path, LLM)) {
            return adapter.fingerprint();
        }
    }

    private void writeTensors(float value) throws Exception {
        Path file = folder.resolve("routing.safetensors");
        Files.deleteIfExists(file);
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, shapes, Map.of())) {
            for (Map.Entry<String, TensorInfo> tensor : shapes.entrySet()) {
                float[] values = new float[(int) tensor.getValue().elements()];
                values[0] = value;
                if (tensor.getValue().dtype() == DType.F32) {
                    writer.writeFloats(tensor.getKey(), values);
                } else {
                    writer.write(tensor.getKey(), java.nio.ByteBuffer.allocate(4 * values.length));
                }
            }
            writer.finish();
        }
    }
}
