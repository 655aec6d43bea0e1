package io.maskroute.core.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.testing.Fixtures;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every operation that HyperSeg has beside PSALM's, against values from the original code. */
class HypersegOpsTest {
    private static final double TOLERANCE = 2e-6;
    private static final TorchProgram PROGRAM = TorchProgram.load("cpu");
    private static final double SIGLIP_EPS = 1e-6;

    private TorchScope scope;
    private Safetensors fixture;

    @BeforeEach
    void open() {
        TorchProgram.enterThread(1);
        scope = PROGRAM.scope();
    }

    @AfterEach
    void close() {
        scope.close();
        fixture.close();
    }

    @AfterAll
    static void unload() {
        PROGRAM.close();
    }

    @Test
    void theLevelsOfAPixelAreTheOriginalsToTheBit() {
        use("siglip_preprocess");
        byte[] levels = new byte[3 * 256];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = (byte) i;
        }
        float[] found = scope.floats(scope.run(
                "stretched_pixels", scope.bytes(levels, 1, 3, 16, 16), scope.of(TorchType.FLOAT32), scope.of("cpu")));
        assertThat(Arrays.copyOf(found, 256)).isEqualTo(fixture.floats("level_table"));
    }

    @Test
    void siglipEmbeddings() {
        use("siglip_embeddings");
        IValue weights = scope.dictionary();
        for (String name : fixture.names()) {
            if (name.startsWith("w.")) {
                put(weights, "embeddings." + name.substring(2), name);
            }
        }
        assertClose(scope.run("siglip_embeddings", t("x"), weights, scope.of(7L)), "out");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "small."})
    void siglipLayer(String input) {
        use("siglip_layer");
        assertClose(
                scope.run("siglip_layer", t(input + "x"), weights("w."), scope.of(3L), scope.of(SIGLIP_EPS)),
                input + "out");
    }

    @Test
    void siglipStopsBeforeItsLastLayer() {
        use("siglip_select_layer");
        IValue layers = scope.list(
                weights("w.encoder.layers.0."), weights("w.encoder.layers.1."), weights("w.encoder.layers.2."));
        IValue none = scope.run("no_taps");
        assertClose(
                scope.run(
                        "siglip",
                        t("x"),
                        weights("w."),
                        layers,
                        scope.of(3L),
                        scope.of(7L),
                        scope.of(3L),
                        scope.of(SIGLIP_EPS),
                        none),
                "selected");
    }

    @Test
    void projector() {
        use("mm_projector");
        IValue taps = scope.dictionary();
        assertClose(scope.run("siglip_projector", t("x"), weights("w."), taps), "out");
        assertClose(scope.entries(taps).get("projector.gelu"), "hidden");
    }

    @Test
    void perceiverLevels() {
        use("fvp_levels");
        IValue[] levels = scope.elements(
                scope.run("perceiver_levels", scope.list(t("res3"), t("res4"), t("res5")), weights("w.")));
        for (int i = 0; i < 3; i++) {
            assertClose(levels[i], "x" + i);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "small."})
    void perceiverLayer(String input) {
        use("perceiver_attention");
        IValue weights = scope.dictionary();
        for (String name : fixture.names()) {
            if (name.startsWith("w.")) {
                put(weights, name.replace("w.attn.", "0.").replace("w.ff.", "1."), name);
            }
        }
        IValue norm = scope.dictionary();
        float[] ones = new float[20];
        Arrays.fill(ones, 1);
        put(norm, "norm.weight", ones, 20);
        put(norm, "norm.bias", new float[20], 20);
        IValue taps = scope.dictionary();
        scope.run(
                "perceiver",
                scope.list(batched(input + "x")),
                batched(input + "latents"),
                scope.list(weights),
                norm,
                scope.of(4L),
                taps);
        var traced = scope.entries(taps);
        if (input.isEmpty()) {
            assertClose(traced.get("fvp.layers.0.attn"), "attn");
            assertClose(traced.get("fvp.layers.0.after_attn"), "after");
        }
        assertClose(traced.get("fvp.layers.0.out"), input + "out");
    }

    @Test
    void perceiver() {
        use("perceiver");
        IValue taps = scope.dictionary();
        IValue out = scope.run(
                "perceiver",
                scope.list(t("x0"), t("x1"), t("x2")),
                t("latents"),
                scope.list(weights("w.layers.0."), weights("w.layers.1."), weights("w.layers.2.")),
                weights("w."),
                scope.of(4L),
                taps);
        for (int i = 0; i < 3; i++) {
            assertClose(scope.entries(taps).get("fvp.layers." + i + ".out"), "layer" + i);
        }
        assertClose(out, "out");
    }

    private void use(String name) {
        fixture = Safetensors.open(Fixtures.path("hyperseg/ops/" + name + ".safetensors"));
    }

    private IValue t(String name) {
        return scope.floats(fixture.floats(name), fixture.info(name).shape());
    }

    private IValue batched(String name) {
        long[] shape = fixture.info(name).shape();
        return scope.floats(fixture.floats(name), 1, shape[0], shape[1]);
    }

    private IValue weights(String prefix) {
        IValue weights = scope.dictionary();
        for (String name : fixture.names()) {
            if (name.startsWith(prefix)) {
                put(weights, name.substring(prefix.length()), name);
            }
        }
        return weights;
    }

    private void put(IValue weights, String key, String name) {
        put(weights, key, fixture.floats(name), fixture.info(name).shape());
    }

    private void put(IValue weights, String key, float[] values, long... shape) {
        scope.run(
                "new_weight", weights, scope.of(key), scope.ints(shape), scope.of(TorchType.FLOAT32), scope.of("cpu"));
        scope.run("fill_weight", weights, scope.of(key), scope.of(0L), scope.floats(values, values.length));
    }

    private void assertClose(IValue actual, String expected) {
        float[] found = scope.floats(actual);
        float[] wanted = fixture.floats(expected);
        assertThat(found).hasSameSizeAs(wanted);
        double worst = 0;
        for (int i = 0; i < found.length; i++) {
            worst = Math.max(worst, Math.abs((double) found[i] - wanted[i]));
        }
        assertThat(worst).as(expected).isLessThan(TOLERANCE);
    }
}
