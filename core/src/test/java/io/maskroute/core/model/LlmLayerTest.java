package io.maskroute.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.safetensors.RandomTensors;
import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What the layer can do beyond what Phi needs of it, and how its weights come into memory. */
class LlmLayerTest {
    private static final ModelConfig.Llm LLM = new ModelConfig.Llm(16, 24, 2, 4, 2, 50, 1e-5, 10000, 64);
    private static final int D = LLM.hidden();
    private static final int TOKENS = 7;

    @Test
    void aLayerWithASecondNormFeedsItsFfnWithWhatAttentionLeft() {
        try (TorchProgram program = TorchProgram.load("cpu");
                TorchScope work = program.scope()) {
            TorchProgram.enterThread(1);
            IValue layer = layer(program, work);
            float[] x = numbers("x", TOKENS * D);
            Map<String, float[]> parallel = run(work, layer, x);
            float[] scale = numbers("scale", D);
            float[] shift = numbers("shift", D);
            work.run("put", layer, work.of("post_attention_layernorm.weight"), work.floats(scale, D));
            work.run("put", layer, work.of("post_attention_layernorm.bias"), work.floats(shift, D));

            Map<String, float[]> sequential = run(work, layer, x);

            float[] attended = sequential.get("self_attn");
            assertThat(attended).isEqualTo(parallel.get("self_attn"));
            assertThat(parallel.get("ffn_input")).isEqualTo(parallel.get("input_layernorm"));
            float[] read = sequential.get("ffn_input");
            float[] mlp = work.floats(work.run("llm_ffn", work.floats(read, 1, TOKENS, D), layer));
            for (int t = 0; t < TOKENS; t++) {
                double[] state = new double[D];
                for (int c = 0; c < D; c++) {
                    state[c] = x[t * D + c] + attended[t * D + c];
                }
                double[] normal = normal(state);
                for (int c = 0; c < D; c++) {
                    int i = t * D + c;
                    assertThat((double) read[i]).isCloseTo(normal[c] * scale[c] + shift[c], within(1e-5));
                    assertThat((double) sequential.get("out")[i]).isCloseTo(state[c] + mlp[i], within(1e-5));
                }
            }
            assertThat(sequential.get("out")).isNotEqualTo(parallel.get("out"));
        }
    }

    /** Rotated as all of them are. */
    @Test
    void queriesAloneAndKeysAndValuesAloneAreThoseOfAll() {
        try (TorchProgram program = TorchProgram.load("cpu");
                TorchScope work = program.scope()) {
            TorchProgram.enterThread(1);
            IValue layer = layer(program, work);
            float[][] all = heads(work, layer, 0, 3);

            assertThat(heads(work, layer, 0, 1)[0]).containsExactly(all[0], within(1e-6f));
            float[][] cached = heads(work, layer, 1, 3);
            assertThat(cached[0]).containsExactly(all[1], within(1e-6f));
            assertThat(cached[1]).containsExactly(all[2], within(1e-6f));
        }
    }

    /** Some checkpoints have three matrices with the rows [head][channel], some one with the rows [head][q, k, v][channel]. */
    @Test
    void separateAndFusedAttentionAreTheSameInMemory() {
        try (TorchProgram program = TorchProgram.load("cpu");
                TorchScope work = program.scope()) {
            TorchProgram.enterThread(1);
            IValue fused = layer(program, work);
            IValue separate = work.elements(new WeightLoader(program, new SeparateParts(weights()))
                    .llmLayers(work, LLM, TorchType.FLOAT32))[0];

            for (String kind : new String[] {"weight", "bias"}) {
                assertThat(weight(work, separate, kind)).isEqualTo(weight(work, fused, kind));
            }
            float[] stored = weights().floats("model.layers.0.self_attn.query_key_value.weight");
            String name = "model.layers.0.self_attn.query_key_value.weight";
            assertThat(AttentionRows.inMemory(name, stored, LLM)).isEqualTo(weight(work, fused, "weight"));
            assertThat(AttentionRows.stored(name, weight(work, fused, "weight"), LLM))
                    .isEqualTo(stored);
        }
    }

    private static float[] weight(TorchScope work, IValue layer, String kind) {
        return work.floats(work.run("weight", layer, work.of("self_attn.qkv." + kind)));
    }

    private static IValue layer(TorchProgram program, TorchScope work) {
        return work.elements(new WeightLoader(program, weights()).llmLayers(work, LLM, TorchType.FLOAT32))[0];
    }

    private static Map<String, float[]> run(TorchScope work, IValue layer, float[] x) {
        IValue taps = work.dictionary();
        work.run(
                "llm_layer",
                work.floats(x, 1, TOKENS, D),
                layer,
                work.of((long) LLM.heads()),
                rotary(work),
                work.of(LLM.layerNormEps()),
                work.run("no_tensors"),
                work.run("no_taps"),
                work.dictionary(),
                work.of(0L),
                work.of(false),
                taps,
                work.of(""));
        Map<String, float[]> read = new HashMap<>();
        work.entries(taps).forEach((name, tensor) -> read.put(name, work.floats(tensor)));
        return read;
    }

    private static float[][] heads(TorchScope work, IValue layer, int first, int end) {
        IValue[] parts = work.elements(work.run(
                "llm_heads",
                work.floats(numbers("x", TOKENS * D), 1, TOKENS, D),
                layer,
                work.of((long) LLM.heads()),
                rotary(work),
                work.of((long) first),
                work.of((long) end)));
        float[][] read = new float[parts.length][];
        for (int i = 0; i < parts.length; i++) {
            read[i] = work.floats(parts[i]);
        }
        return read;
    }

    /** Of positions 0, 1, 2 …: one angle each, for two rotated channels. */
    private static IValue rotary(TorchScope work) {
        float[] tables = new float[2 * TOKENS];
        for (int t = 0; t < TOKENS; t++) {
            tables[t] = (float) Math.cos(t);
            tables[TOKENS + t] = (float) Math.sin(t);
        }
        return work.floats(tables, 2, 1, TOKENS, 1);
    }

    private static double[] normal(double[] x) {
        double mean = Arrays.stream(x).average().orElseThrow();
        double variance =
                Arrays.stream(x).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
        return Arrays.stream(x)
                .map(v -> (v - mean) / Math.sqrt(variance + LLM.layerNormEps()))
                .toArray();
    }

    private static TensorSource weights() {
        RandomTensors.Builder weights = RandomTensors.builder("random", 5);
        for (int i = 0; i < LLM.layers(); i++) {
            String layer = "model.layers." + i + ".";
            linear(weights, layer + "self_attn.query_key_value", D, 3 * D);
            linear(weights, layer + "self_attn.dense", D, D);
            linear(weights, layer + "mlp.fc1", D, LLM.ffn());
            linear(weights, layer + "mlp.fc2", LLM.ffn(), D);
            weights.uniform(layer + "input_layernorm.weight", new long[] {D}, 1, 0.1);
            weights.uniform(layer + "input_layernorm.bias", new long[] {D}, 0, 0.1);
        }
        return weights.build();
    }

    private static void linear(RandomTensors.Builder weights, String name, int in, int out) {
        weights.uniform(name + ".weight", new long[] {out, in}, 0, 0.5);
        weights.uniform(name + ".bias", new long[] {out}, 0, 0.5);
    }

    private static float[] numbers(String name, int count) {
        return RandomTensors.builder("random", 6)
                .uniform(name, new long[] {count}, 0, 1)
                .build()
                .floats(name);
    }

    /** Shows fused attention as three tensors. */
    private static final class SeparateParts extends DelegatingTensors {
        private static final List<String> PARTS = List.of("q_proj", "k_proj", "v_proj");

        SeparateParts(TensorSource fused) {
            super(fused);
        }

        @Override
        public Set<String> names() {
            Set<String> names = new TreeSet<>();
            for (String name : super.names()) {
                if (name.contains("query_key_value")) {
                    PARTS.forEach(part -> names.add(name.replace("query_key_value", part)));
                } else {
                    names.add(name);
                }
            }
            return names;
        }

        @Override
        public TensorInfo info(String name) {
            int part = part(name);
            if (part < 0) {
                return super.info(name);
            }
            TensorInfo fused = super.info(fused(name));
            long[] shape = fused.shape();
            shape[0] /= 3;
            return new TensorInfo(fused.dtype(), shape);
        }

        @Override
        public void read(String name, long offset, ByteBuffer target) {
            int part = part(name);
            if (part < 0) {
                super.read(name, offset, target);
                return;
            }
            float[] all = super.floats(fused(name));
            int row = all.length / (3 * D);
            for (long at = offset / 4; target.hasRemaining(); at++) {
                int channel = (int) (at / row);
                int head = channel / LLM.headDim();
                int stored = (3 * head + part) * LLM.headDim() + channel % LLM.headDim();
                target.putFloat(all[stored * row + (int) (at % row)]);
            }
        }

        private static int part(String name) {
            for (int i = 0; i < PARTS.size(); i++) {
                if (name.contains(PARTS.get(i))) {
                    return i;
                }
            }
            return -1;
        }

        private static String fused(String name) {
            return name.replaceAll("[qkv]_proj", "query_key_value");
        }
    }
}
