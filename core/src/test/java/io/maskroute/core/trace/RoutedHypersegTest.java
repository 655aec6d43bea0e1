package io.maskroute.core.trace;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.testing.Fixtures;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchType;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Routed HyperSeg against its definition, token by token: the grid is routed, the latents never are, mask tokens come late. */
class RoutedHypersegTest {
    private static final int IMAGE = 36;

    private TensorSource weights;
    private ModelConfig.Llm llm;

    @ParameterizedTest
    @CsvSource({"2, 2", "3, 3", "3, 0", "1, 4"})
    void everyTokenIsAsDefined(int stride, int maskLayer) {
        Path folder = Fixtures.path("hyperseg/public-HA-referring");
        FixtureConfig fixture = FixtureConfig.read(folder.resolve("config.json"));
        llm = fixture.model().llm();
        int side = fixture.model().imageTokenSide();
        RoutingSchedule schedule = new RoutingSchedule(
                maskLayer,
                new RoutingSchedule.ImageTokens(
                        new RoutingSchedule.Proxies(RoutingSchedule.ProxyKind.GRID, stride),
                        RoutingSchedule.LayerSelection.ALL,
                        new RoutingSchedule.Projector(RoutingSchedule.ProjectorKind.LINEAR, 4)),
                List.of());
        try (TorchProgram program = TorchProgram.load("cpu");
                TensorSource opened = Safetensors.open(folder.resolve("weights.safetensors"));
                TensorSource expected = Safetensors.open(folder.resolve("expected.safetensors"))) {
            TorchProgram.enterThread(1);
            weights = opened;
            Trace trace = FixtureTrace.model(program, folder, TorchType.FLOAT32, schedule, Optional.empty());
            float[] embedded = expected.floats("llm.inputs_embeds");
            long[] masks = expected.longs("llm.seg_query_mask");
            // The text behind the mask tokens is nobody's.
            int tokens = embedded.length / llm.hidden() - 1;
            double[][] states = new double[tokens][llm.hidden()];
            for (int t = 0; t < tokens; t++) {
                for (int c = 0; c < llm.hidden(); c++) {
                    states[t][c] = embedded[t * llm.hidden() + c];
                }
            }
            for (int layer = 0; layer < llm.layers(); layer++) {
                int present = layer < maskLayer
                        ? tokens - fixture.model().maskDecoder().queries()
                        : tokens;
                layer(states, layer, present, side, stride);
            }
            double worst = 0;
            int compared = 0;
            double[] found = trace.get("mask_tokens.llm_out").values();
            for (int t = 0; t < tokens; t++) {
                if (masks[t] != 0) {
                    double[] wanted = norm(states[t], "model.final_layernorm");
                    for (double value : wanted) {
                        worst = Math.max(worst, Math.abs(value - found[compared++]));
                    }
                }
            }
            assertThat(compared).isEqualTo(found.length);
            assertThat(worst).isLessThan(1e-5);
        }
    }

    private void layer(double[][] x, int layer, int present, int side, int stride) {
        String name = "model.layers." + layer + ".";
        int d = llm.hidden();
        int heads = llm.heads();
        int width = llm.headDim();
        double[][] h = new double[present][];
        double[][] q = new double[present][];
        double[][] k = new double[present][];
        double[][] v = new double[present][];
        for (int t = 0; t < present; t++) {
            h[t] = norm(x[t], name + "input_layernorm");
            q[t] = rotated(linear(h[t], name + "self_attn.q_proj"), t);
            k[t] = rotated(linear(h[t], name + "self_attn.k_proj"), t);
            v[t] = linear(h[t], name + "self_attn.v_proj");
        }
        double[][] ffn = new double[present][];
        for (int t = 0; t < present; t++) {
            int image = t - IMAGE;
            boolean grid = image >= 0 && image < side * side;
            // The top left token of its cell.
            int row = image / side / stride * stride;
            int column = image % side / stride * stride;
            int of = grid ? IMAGE + row * side + column : t;
            double[] inner = linear(h[of], name + "mlp.fc1");
            ffn[t] = linear(
                    IntStream.range(0, inner.length)
                            .mapToDouble(i -> gelu(inner[i]))
                            .toArray(),
                    name + "mlp.fc2");
        }
        for (int t = 0; t < present; t++) {
            double[] seen = new double[d];
            for (int head = 0; head < heads; head++) {
                double[] weight = new double[t + 1];
                double sum = 0;
                for (int key = 0; key <= t; key++) {
                    double product = 0;
                    for (int c = head * width; c < (head + 1) * width; c++) {
                        product += q[t][c] * k[key][c];
                    }
                    weight[key] = Math.exp(product / Math.sqrt(width));
                    sum += weight[key];
                }
                for (int key = 0; key <= t; key++) {
                    for (int c = head * width; c < (head + 1) * width; c++) {
                        seen[c] += weight[key] / sum * v[key][c];
                    }
                }
            }
            double[] dense = linear(seen, name + "self_attn.dense");
            for (int c = 0; c < d; c++) {
                x[t][c] += dense[c] + ffn[t][c];
            }
        }
    }

    private double[] rotated(double[] x, int position) {
        double[] out = x.clone();
        int half = llm.rotaryDim() / 2;
        for (int head = 0; head < llm.heads(); head++) {
            for (int i = 0; i < half; i++) {
                int left = head * llm.headDim() + i;
                double angle = position / Math.pow(llm.ropeTheta(), 2.0 * i / llm.rotaryDim());
                out[left] = x[left] * Math.cos(angle) - x[left + half] * Math.sin(angle);
                out[left + half] = x[left + half] * Math.cos(angle) + x[left] * Math.sin(angle);
            }
        }
        return out;
    }

    private double[] norm(double[] x, String name) {
        double mean =
                IntStream.range(0, x.length).mapToDouble(i -> x[i]).average().orElseThrow();
        double variance = IntStream.range(0, x.length)
                .mapToDouble(i -> (x[i] - mean) * (x[i] - mean))
                .average()
                .orElseThrow();
        float[] scale = weights.floats(name + ".weight");
        float[] shift = weights.floats(name + ".bias");
        return IntStream.range(0, x.length)
                .mapToDouble(i -> (x[i] - mean) / Math.sqrt(variance + llm.layerNormEps()) * scale[i] + shift[i])
                .toArray();
    }

    private double[] linear(double[] x, String name) {
        float[] weight = weights.floats(name + ".weight");
        float[] bias = weights.floats(name + ".bias");
        return IntStream.range(0, bias.length)
                .mapToDouble(row -> bias[row]
                        + IntStream.range(0, x.length)
                                .mapToDouble(c -> (double) weight[row * x.length + c] * x[c])
                                .sum())
                .toArray();
    }

    private static double gelu(double x) {
        return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }
}
