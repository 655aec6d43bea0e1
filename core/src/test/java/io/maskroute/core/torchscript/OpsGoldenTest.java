package io.maskroute.core.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.model.AttentionRows;
import io.maskroute.core.safetensors.Safetensors;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every operation of the referring path against values from the original PSALM code (fixtures/ops). */
class OpsGoldenTest {
    private static final double TOLERANCE = 1e-5;
    private static final ModelConfig.Llm PHI = new ModelConfig.Llm(32, 80, 2, 2, 8, 50, 1e-5, 10000, 2048);
    private static final TorchProgram PROGRAM = TorchProgram.load("cpu");

    private TorchScope scope;
    private IValue none;
    private Safetensors fixture;

    @BeforeEach
    void open() {
        TorchProgram.enterThread(0);
        scope = PROGRAM.scope();
        none = scope.run("no_taps");
    }

    @AfterEach
    void close() {
        scope.close();
        if (fixture != null) {
            fixture.close();
        }
    }

    @Test
    void msdeformCore() {
        use("msdeform_core");
        assertClose(
                scope.run("deformable_sampling", t("value"), shapes(), t("sampling_locations"), t("attention_weights")),
                "output");
    }

    @Test
    void samplingForTrainingIsTheSame() {
        use("msdeform_core");
        assertClose(
                scope.run(
                        "differentiable_sampling",
                        t("value"),
                        shapes(),
                        t("sampling_locations"),
                        t("attention_weights")),
                "output");
    }

    @Test
    void msdeformModule() {
        use("msdeform_module");
        IValue reference = scope.run("reference_points", shapes(), anywhere());
        float[] expected = fixture.floats("reference_points");
        float[] actual = scope.floats(reference);
        for (int q = 0; q < actual.length / 2; q++) {
            for (int level = 0; level < 3; level++) {
                assertThat(actual[q * 2]).isCloseTo(expected[(q * 3 + level) * 2], within());
                assertThat(actual[q * 2 + 1]).isCloseTo(expected[(q * 3 + level) * 2 + 1], within());
            }
        }
        IValue weights = scope.dictionary();
        for (String name : fixture.names()) {
            if (name.startsWith("w.")) {
                put(weights, "self_attn." + name.substring(2), name);
            }
        }
        long heads = 4;
        long points = fixture.info("w.attention_weights.bias").shape()[0] / heads / 3;
        assertClose(
                scope.run(
                        "deformable_attention",
                        t("query"),
                        t("input_flatten"),
                        weights,
                        scope.of(heads),
                        scope.of(points),
                        shapes(),
                        reference),
                "output");
    }

    @ParameterizedTest
    @CsvSource({"swin_layer_exact, 4", "swin_layer_pad, 4", "swin_layer_small, 6"})
    void swinLayer(String name, int window) {
        use(name);
        long[] hw = fixture.longs("hw");
        IValue index = scope.run("swin_relative_index", scope.of((long) window), anywhere());
        assertThat(scope.longs(index)).isEqualTo(fixture.longs("relative_position_index"));
        long padded = (hw[0] + window - 1) / window * window;
        long paddedWidth = (hw[1] + window - 1) / window * window;
        IValue mask = scope.run(
                "swin_shift_mask", scope.of(padded), scope.of(paddedWidth), scope.of((long) window), anywhere());
        assertClose(mask, "attn_mask");

        IValue x = scope.floats(fixture.floats("x"), 1, hw[0], hw[1], 12);
        for (int block = 0; block < 2; block++) {
            x = scope.run(
                    "swin_block",
                    x,
                    weights("w.blocks." + block + "."),
                    scope.of(3L),
                    scope.of((long) window),
                    scope.of(block * (window / 2L)),
                    index,
                    mask,
                    scope.of(1e-5));
            assertClose(x, block == 0 ? "block0_out" : "out");
        }
        IValue merged = scope.run("swin_patch_merging", x, weights("w."), scope.of(1e-5));
        long[] mergedHw = fixture.longs("merged_hw");
        assertThat(scope.shape(merged)).containsExactly(1, mergedHw[0], mergedHw[1], 24);
        assertClose(merged, "merged");
    }

    @Test
    void swinWindowAttention() {
        use("swin_window_attention");
        IValue weights = scope.dictionary();
        for (String name : fixture.names()) {
            if (name.startsWith("w.")) {
                put(weights, "attn." + name.substring(2), name);
            }
        }
        IValue index = scope.run("swin_relative_index", scope.of(3L), anywhere());
        assertClose(scope.run("swin_window_attention", t("x"), weights, scope.of(2L), index, t("mask")), "out");
    }

    @Test
    void swinPatchEmbed() {
        use("swin_patch_embed");
        IValue weights = scope.dictionary();
        for (String name : fixture.names()) {
            if (name.startsWith("w.")) {
                put(weights, "patch_embed." + name.substring(2), name);
            }
        }
        IValue out = scope.run("swin_patch_embed", t("x"), weights, scope.of(4L), scope.of(1e-5));
        long[] shape = fixture.info("out").shape();
        long[] nhwc = {shape[0], shape[2], shape[3], shape[1]};
        assertThat(scope.shape(out)).isEqualTo(nhwc);
        float[] actual = scope.floats(out);
        float[] channelsFirst = new float[actual.length];
        int channels = (int) shape[1];
        int positions = actual.length / channels;
        for (int i = 0; i < actual.length; i++) {
            channelsFirst[i % channels * positions + i / channels] = actual[i];
        }
        assertClose(channelsFirst, fixture.floats("out"));
    }

    @Test
    void projector() {
        use("projector");
        IValue taps = scope.dictionary();
        assertClose(scope.run("swin_conv_projector", t("x"), weights("w."), taps), "out");
        assertClose(scope.entries(taps).get("projector.conv_out"), "conv_out");
    }

    @Test
    void phiRotary() {
        use("phi_rotary");
        IValue tables = scope.run("rotary_tables", scope.of(2048L), scope.of(8L), scope.of(10000.0), scope.of("cpu"));
        float[] all = scope.floats(tables);
        long[] positions = fixture.longs("position_ids");
        float[] cosine = new float[6 * 4];
        float[] sine = new float[6 * 4];
        for (int i = 0; i < cosine.length; i++) {
            int at = (int) positions[i / 4] * 4 + i % 4;
            cosine[i] = all[at];
            sine[i] = all[2048 * 4 + at];
        }
        IValue x = t("x");
        scope.run("rotate", x, scope.floats(cosine, 1, 1, 6, 4), scope.floats(sine, 1, 1, 6, 4));
        assertClose(x, "out");
    }

    @Test
    void phiLayer() {
        use("phi_layer");
        IValue taps = scope.dictionary();
        prefix(scope.list(weights("w.")), t("x"), 1, taps);
        var traced = scope.entries(taps);
        assertClose(traced.get("prefix.llm.layers.0.input_layernorm"), "ln");
        assertClose(traced.get("prefix.llm.layers.0.self_attn"), "attn");
        assertClose(traced.get("prefix.llm.layers.0.mlp"), "mlp");
        assertClose(traced.get("prefix.llm.layers.0.out"), "out");
    }

    @Test
    void phiBatchWithRightPadding() {
        use("phi_batch_right_padding");
        IValue layers = scope.list(weights("w.layers.0."), weights("w.layers.1."));
        // A prefix of no tokens: the suffix alone is the whole model.
        IValue empty = scope.floats(new float[0], 1, 2, 0, 16);
        IValue cache = scope.list(empty, empty, empty, empty);
        IValue tables = scope.run("rotary_tables", scope.of(2048L), scope.of(8L), scope.of(10000.0), scope.of("cpu"));
        IValue hidden = scope.run(
                "llm_suffix",
                t("x"),
                scope.floats(new float[0], 0, 32),
                scope.longs(new long[] {11, 7}, 2),
                scope.longs(new long[] {0, 0}, 2),
                cache,
                layers,
                scope.of(0L),
                scope.of(2L),
                tables,
                scope.of(1e-5),
                weights("w."),
                none);
        float[] out = scope.floats(scope.elements(hidden)[0]);
        float[] expected = fixture.floats("out");
        float[] unpadded = fixture.floats("out_sample1_unpadded");
        assertClose(Arrays.copyOf(out, 11 * 32), Arrays.copyOf(expected, 11 * 32));
        assertClose(Arrays.copyOfRange(out, 11 * 32, 18 * 32), unpadded);
    }

    @Test
    void geluTanhAndErf() {
        use("gelu_new");
        assertClose(scope.run("gelu_tanh", t("x")), "gelu_new");
        assertClose(scope.run("gelu_erf", t("x")), "gelu_erf");
    }

    @ParameterizedTest
    @CsvSource({"16, 5, 7", "16, 1, 1", "64, 3, 4", "128, 4, 2"})
    void sinePosition(int features, int height, int width) {
        use("sine_position");
        assertClose(
                scope.run(
                        "sine_position",
                        scope.of((long) features),
                        scope.of((long) height),
                        scope.of((long) width),
                        anywhere()),
                "pos_n" + features + "_" + height + "x" + width);
    }

    @Test
    void maskedCrossAttention() {
        use("masked_cross_attention");
        IValue layer = weights("");
        // [length, batch 1, C] and [batch 1, length, C] are the same numbers.
        IValue x = scope.floats(fixture.floats("tgt"), 1, 5, 16);
        IValue queryPosition = scope.floats(fixture.floats("query_pos"), 5, 16);
        IValue memory = scope.floats(fixture.floats("memory"), 1, 12, 16);
        IValue position = scope.floats(fixture.floats("pos"), 1, 12, 16);
        IValue resized = scope.run("bilinear", t("mask_logits"), scope.of(3L), scope.of(4L));
        IValue blocked = scope.run("blocked_positions", scope.floats(scope.floats(resized), 1, 5, 12));
        assertThat(scope.bytes(blocked)).isEqualTo(fixture.toByteArray("attn_mask_before_reset"));
        IValue heads = scope.of(4L);
        IValue[] kv = scope.elements(scope.run("cross_keys_values", memory, position, layer, heads));
        x = scope.run("decoder_cross_attention", x, queryPosition, layer, kv[0], kv[1], blocked, heads);
        assertClose(x, "after_cross");
        x = scope.run("decoder_self_attention", x, queryPosition, layer, heads);
        assertClose(x, "after_self");
        assertClose(scope.run("decoder_ffn", x, layer), "after_ffn");
    }

    @ParameterizedTest
    @CsvSource({"14, 18", "3, 4", "7, 9", "20, 5", "1, 1", "28, 36"})
    void bilinearResize(int height, int width) {
        use("bilinear_resize");
        assertClose(
                scope.run("bilinear", t("x"), scope.of((long) height), scope.of((long) width)),
                "to_" + height + "x" + width);
    }

    @Test
    void referringScores() {
        use("referring_region_scores");
        assertClose(scope.run("mask_quality", t("mask_logits")), "mask_quality");
        assertClose(
                scope.run("mask_scores", scope.floats(fixture.floats("SEG_logits"), 10), t("mask_logits")),
                "referring_scores_query_order");
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "2", "3", "4", "5"})
    void pixelNormalisation(int example) {
        use("preprocess");
        IValue pixels = scope.bytes(fixture.toByteArray(example + ".padded_u8_chw"), 1, 3, 64, 64);
        assertClose(
                scope.run(
                        "normalize_pixels",
                        pixels,
                        scope.doubles(123.675, 116.28, 103.53),
                        scope.doubles(58.395, 57.12, 57.375),
                        scope.of(TorchType.FLOAT32),
                        scope.of("cpu")),
                example + ".normalised");
    }

    private void prefix(IValue layers, IValue x, int count, IValue taps) {
        IValue[] routes = new IValue[count];
        Arrays.setAll(routes, i -> scope.dictionary());
        IValue tables = scope.run("rotary_tables", scope.of(2048L), scope.of(8L), scope.of(10000.0), scope.of("cpu"));
        scope.run(
                "llm_prefix",
                x,
                layers,
                scope.list(routes),
                scope.ints(new long[count]),
                scope.booleans(new boolean[count]),
                scope.of(2L),
                tables,
                scope.of(1e-5),
                taps);
    }

    private void use(String name) {
        try {
            fixture = Safetensors.open(Path.of(OpsGoldenTest.class
                    .getResource("/fixtures/ops/" + name + ".safetensors")
                    .toURI()));
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private IValue t(String name) {
        return scope.floats(fixture.floats(name), fixture.info(name).shape());
    }

    /** Dictionary of the floating-point tensors below a prefix. */
    private IValue weights(String prefix) {
        IValue weights = scope.dictionary();
        for (String name : fixture.names()) {
            if (name.startsWith(prefix) && fixture.info(name).dtype().isFloating()) {
                String key = name.substring(prefix.length());
                put(weights, key.replace("self_attn.query_key_value.", "self_attn.qkv."), name);
            }
        }
        return weights;
    }

    private void put(IValue weights, String key, String name) {
        long[] shape = fixture.info(name).shape();
        scope.run(
                "new_weight", weights, scope.of(key), scope.ints(shape), scope.of(TorchType.FLOAT32), scope.of("cpu"));
        float[] values = AttentionRows.inMemory(name, fixture.floats(name), PHI);
        scope.run("fill_weight", weights, scope.of(key), scope.of(0L), scope.floats(values, values.length));
    }

    private IValue shapes() {
        long[] flat = fixture.longs("shapes");
        return scope.list(scope.ints(flat[0], flat[1]), scope.ints(flat[2], flat[3]), scope.ints(flat[4], flat[5]));
    }

    private void assertClose(IValue actual, String expected) {
        assertClose(scope.floats(actual), fixture.floats(expected));
    }

    private static void assertClose(float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        double worst = 0;
        for (int i = 0; i < actual.length; i++) {
            worst = Math.max(worst, Math.abs((double) actual[i] - expected[i]));
        }
        assertThat(worst).isLessThan(TOLERANCE);
    }

    private static org.assertj.core.data.Offset<Float> within() {
        return org.assertj.core.data.Offset.offset((float) TOLERANCE);
    }

    /** A tensor that tells which device to work on, and no more. */
    private IValue anywhere() {
        return scope.floats(new float[1], 1);
    }
}
