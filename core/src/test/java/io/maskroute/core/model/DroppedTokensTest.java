package io.maskroute.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.checkpoint.RandomWeights;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.psalm.VisionProjector;
import io.maskroute.core.routing.ImageTokenDropping;
import io.maskroute.core.routing.ImageTokenDropping.Criterion;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Dropping image tokens, against the dense LLM and against one sequence at a time whose attention is written out. */
class DroppedTokensTest {
    private static final ModelConfig CONFIG = TinyModel.config(new VisionProjector(VisionProjector.Kind.LINEAR, 4, 0));
    private static final int D = CONFIG.llm().hidden();
    private static final int LAYERS = CONFIG.llm().layers();
    private static final int HEADS = CONFIG.llm().heads();
    private static final int SIDE = 4;
    private static final int IMAGE = SIDE * SIDE;
    private static final int[] BEFORE = {3, 1, 4, 1, 5};
    private static final int[] TASK = {9, 2, 6};
    private static final int[][] OWN = {{5, 3, 5, 8, 9}, {8, 9}, {7, 9, 3}};
    private static final long[] PICTURES = {0, 0, 1};
    private static final int MASKS = 6;

    private static TorchProgram program;
    private static TorchScope scope;
    private static RoutedLlm dense;
    private static TensorSource weights;
    private static IValue[] layers;

    @BeforeAll
    static void load() {
        program = TorchProgram.load("cpu");
        TorchProgram.enterThread(0);
        scope = program.scope();
        weights = RandomWeights.of(CONFIG, 7);
        layers = scope.elements(new WeightLoader(program, weights).llmLayers(scope, CONFIG.llm(), TorchType.FLOAT32));
        dense = RoutedLlm.load(
                program, CONFIG.llm(), weights, TorchType.FLOAT32, plan(RoutingSchedule.dense()), Optional.empty());
    }

    @AfterAll
    static void close() {
        dense.close();
        scope.close();
        program.close();
    }

    @ParameterizedTest
    @CsvSource({"ATTENTION, 1", "ATTENTION, 3", "PICTURE_ATTENTION, 2", "RANDOM, 2"})
    void keepingEveryTokenIsTheDenseModel(Criterion criterion, int after) {
        List<float[]> expected = run(dense);
        List<float[]> actual = run(new ImageTokenDropping(criterion, after, IMAGE, 1));
        for (int r = 0; r < OWN.length; r++) {
            assertClose(actual.get(r), expected.get(r));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "ATTENTION, 1, 5",
        "ATTENTION, 2, 1",
        "ATTENTION, 3, 11",
        "PICTURE_ATTENTION, 1, 5",
        "PICTURE_ATTENTION, 2, 1",
        "PICTURE_ATTENTION, 3, 11",
        "RANDOM, 1, 5",
        "RANDOM, 3, 8",
        "RANDOM, 2, 0"
    })
    void laterLayersAreThoseOfTheShorterSequence(Criterion criterion, int after, int keep) {
        ImageTokenDropping dropping = new ImageTokenDropping(criterion, after, keep, 3);
        List<float[]> actual = run(dropping);
        for (int r = 0; r < OWN.length; r++) {
            assertClose(actual.get(r), writtenOut(dropping, r));
        }
    }

    @Test
    void promptsOfAPictureKeepTokensOfTheirOwn() {
        // Of other tokens in the text the attention of the last one differs; here so much that other image tokens are
        // kept.
        List<int[]> kept = new ArrayList<>();
        for (int r = 0; r < 2; r++) {
            kept.add(kept(new ImageTokenDropping(Criterion.ATTENTION, 2, 5, 0), r));
        }
        assertThat(kept.get(0)).isNotEqualTo(kept.get(1));
    }

    /** Final states of each prompt's own text and its mask tokens. */
    private static List<float[]> run(ImageTokenDropping dropping) {
        try (RoutedLlm llm = dense.withPlan(plan(RoutingSchedule.dropping(dropping)), Optional.empty())) {
            return run(llm);
        }
    }

    private static List<float[]> run(RoutedLlm llm) {
        try (TorchScope work = program.scope()) {
            IValue taps = work.run("no_taps");
            IValue image = work.floats(normal(2 * IMAGE * D, 1), 2, IMAGE, D);
            IValue prefix = llm.prefixInput(work, BEFORE, image, TASK);
            IValue cache = llm.prefix(work, prefix, new SegmentLayout(BEFORE.length, IMAGE, TASK.length), taps);
            int longest = Arrays.stream(OWN).mapToInt(o -> o.length).max().orElseThrow();
            long[] lengths = Arrays.stream(OWN).mapToLong(o -> o.length).toArray();
            IValue text = llm.textInput(work, OWN, longest);
            IValue masks = work.floats(normal(MASKS * D, 2), MASKS, D);
            IValue[] hidden = work.elements(llm.suffix(work, text, masks, lengths, PICTURES, cache, taps));
            float[] own = work.floats(hidden[0]);
            float[] late = work.floats(hidden[1]);
            List<float[]> rows = new ArrayList<>();
            for (int r = 0; r < OWN.length; r++) {
                float[] row = new float[(OWN[r].length + MASKS) * D];
                System.arraycopy(own, r * longest * D, row, 0, OWN[r].length * D);
                System.arraycopy(late, r * MASKS * D, row, OWN[r].length * D, MASKS * D);
                rows.add(row);
            }
            return rows;
        }
    }

    /** A prompt's whole sequence through the layers that see all of it. */
    private record Start(float[] state, float[] q, float[] k) {}

    private static Start start(int row, int after) {
        try (TorchScope work = program.scope()) {
            float[] images = normal(2 * IMAGE * D, 1);
            int from = (int) PICTURES[row] * IMAGE * D;
            IValue image = work.floats(Arrays.copyOfRange(images, from, from + IMAGE * D), 1, IMAGE, D);
            float[] prefix = work.floats(dense.prefixInput(work, BEFORE, image, TASK));
            float[] own = work.floats(dense.textInput(work, new int[][] {OWN[row]}, OWN[row].length));
            float[] x = concat(prefix, own, normal(MASKS * D, 2));
            float[][] qkv = null;
            for (int layer = 0; layer < after; layer++) {
                float[] h = work.floats(work.run("weight", seen(work, layer, x), work.of("ffn_input")));
                qkv = qkv(work, layer, h, IntStream.range(0, x.length / D).toArray());
                x = work.floats(work.run("weight", seen(work, layer, x), work.of("out")));
            }
            return new Start(x, qkv[0], qkv[1]);
        }
    }

    /** Ordinals of the image tokens that a prompt keeps. */
    private static int[] kept(ImageTokenDropping dropping, int row) {
        if (dropping.criterion() == Criterion.RANDOM) {
            return dropping.candidates(IMAGE, 0);
        }
        Start start = start(row, dropping.afterLayer());
        int own = dropping.criterion() == Criterion.ATTENTION ? OWN[row].length : 0;
        int last = BEFORE.length + IMAGE + TASK.length + own - 1;
        double[] paid = new double[IMAGE];
        for (int head = 0; head < HEADS; head++) {
            double[] share = attention(start.q(), start.k(), start.state().length / D, head, last);
            for (int i = 0; i < IMAGE; i++) {
                paid[i] += share[BEFORE.length + i];
            }
        }
        return IntStream.range(0, IMAGE)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -paid[i]))
                .limit(dropping.keep())
                .mapToInt(i -> i)
                .sorted()
                .toArray();
    }

    private static float[] writtenOut(ImageTokenDropping dropping, int row) {
        int[] kept = kept(dropping, row);
        float[] state = start(row, dropping.afterLayer()).state();
        int[] positions = IntStream.range(0, state.length / D)
                .filter(p -> p < BEFORE.length
                        || p >= BEFORE.length + IMAGE
                        || Arrays.binarySearch(kept, p - BEFORE.length) >= 0)
                .toArray();
        int n = positions.length;
        float[] x = new float[n * D];
        for (int t = 0; t < n; t++) {
            System.arraycopy(state, positions[t] * D, x, t * D, D);
        }
        try (TorchScope work = program.scope()) {
            for (int layer = dropping.afterLayer(); layer < LAYERS; layer++) {
                IValue w = layer(layer);
                IValue h = norm(work, x, w, "input_layernorm");
                float[][] qkv = qkv(work, layer, work.floats(h), positions);
                float[] a = new float[n * D];
                int c = D / HEADS;
                for (int head = 0; head < HEADS; head++) {
                    for (int t = 0; t < n; t++) {
                        double[] share = attention(qkv[0], qkv[1], n, head, t);
                        for (int j = 0; j <= t; j++) {
                            for (int i = 0; i < c; i++) {
                                a[t * D + head * c + i] += share[j] * qkv[2][(head * n + j) * c + i];
                            }
                        }
                    }
                }
                float[] changed =
                        work.floats(work.run("linear", work.floats(a, 1, n, D), w, work.of("self_attn.dense")));
                float[] f = work.floats(work.run("llm_ffn", h, w));
                for (int i = 0; i < x.length; i++) {
                    x[i] += changed[i] + f[i];
                }
            }
            IValue norm = new WeightLoader(program, weights)
                    .group(scope, "model.", TorchType.FLOAT32, name -> name.startsWith("final_layernorm."));
            float[] all = work.floats(norm(work, x, norm, "final_layernorm"));
            return Arrays.copyOfRange(all, all.length - (OWN[row].length + MASKS) * D, all.length);
        }
    }

    /** What token t pays to 0..t in one head, q and k [heads, n, d / heads]. */
    private static double[] attention(float[] q, float[] k, int n, int head, int t) {
        int c = D / HEADS;
        double[] share = new double[t + 1];
        double sum = 0;
        for (int j = 0; j <= t; j++) {
            double dot = 0;
            for (int i = 0; i < c; i++) {
                dot += (double) q[(head * n + t) * c + i] * k[(head * n + j) * c + i];
            }
            share[j] = Math.exp(dot / Math.sqrt(c));
            sum += share[j];
        }
        for (int j = 0; j <= t; j++) {
            share[j] /= sum;
        }
        return share;
    }

    private static float[][] qkv(TorchScope work, int layer, float[] h, int[] positions) {
        int n = positions.length;
        int half = CONFIG.llm().rotaryDim() / 2;
        float[] rotary = new float[2 * n * half];
        for (int t = 0; t < n; t++) {
            for (int i = 0; i < half; i++) {
                double angle = positions[t] / Math.pow(CONFIG.llm().ropeTheta(), i / (double) half);
                rotary[t * half + i] = (float) Math.cos(angle);
                rotary[(n + t) * half + i] = (float) Math.sin(angle);
            }
        }
        IValue[] parts = work.elements(work.run(
                "llm_heads",
                work.floats(h, 1, n, D),
                layer(layer),
                work.of((long) HEADS),
                work.floats(rotary, 2, 1, n, half),
                work.of(0L),
                work.of(3L)));
        return new float[][] {work.floats(parts[0]), work.floats(parts[1]), work.floats(parts[2])};
    }

    private static IValue norm(TorchScope work, float[] x, IValue w, String name) {
        return work.run(
                "layer_norm",
                work.floats(x, 1, x.length / D, D),
                w,
                work.of(name),
                work.of(CONFIG.llm().layerNormEps()));
    }

    private static IValue seen(TorchScope work, int layer, float[] x) {
        return dense.observeLayer(work, layer, work.floats(x, 1, x.length / D, D));
    }

    private static IValue layer(int layer) {
        return layers[layer];
    }

    private static void assertClose(float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat(actual[i]).isCloseTo(expected[i], within(1e-5f));
        }
    }

    private static float[] concat(float[]... parts) {
        float[] all = new float[Arrays.stream(parts).mapToInt(p -> p.length).sum()];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    private static float[] normal(int count, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static RoutingPlan plan(RoutingSchedule schedule) {
        return RoutingPlan.of(schedule, CONFIG, SIDE, SIDE);
    }
}
