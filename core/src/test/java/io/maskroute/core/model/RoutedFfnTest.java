package io.maskroute.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.routing.AdapterSpec;
import io.maskroute.core.routing.LayerRouting;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.routing.RoutingSchedule.ImageTokens;
import io.maskroute.core.routing.RoutingSchedule.LayerSelection;
import io.maskroute.core.routing.RoutingSchedule.Projector;
import io.maskroute.core.routing.RoutingSchedule.ProjectorKind;
import io.maskroute.core.routing.RoutingSchedule.Proxies;
import io.maskroute.core.routing.RoutingSchedule.ProxyKind;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.safetensors.RandomTensors;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The routed FFN with the projector's optional terms, against its definition token by token. */
class RoutedFfnTest {
    private static final int D = 6;
    private static final int FFN = 10;
    private static final int SIDE = 5;
    private static final int RANK = 2;
    private static final SegmentLayout LAYOUT = new SegmentLayout(3, SIDE * SIDE, 4);
    private static final ModelConfig.Llm LLM = new ModelConfig.Llm(D, FFN, 1, 2, 2, 50, 1e-5, 10000, 64);

    @ParameterizedTest
    @CsvSource({
        "2, 0, false, LINEAR",
        "2, 0, true, LINEAR",
        "2, 3, false, LINEAR",
        "3, 1, true, LINEAR",
        "4, 2, true, MLP",
        "5, 5, true, LINEAR"
    })
    void everyTokenChangesAsDefined(int stride, int deltaRank, boolean bias, ProjectorKind kind) {
        Random random = new Random(stride * 31L + deltaRank);
        Projector projector = new Projector(kind, RANK, deltaRank);
        RoutingPlan plan = plan(stride, projector);
        LayerRouting layer = plan.layer(0);
        TensorSource adapter = adapter(deltaRank, bias);
        try (TorchProgram program = TorchProgram.load("cpu");
                TorchScope work = program.scope()) {
            TorchProgram.enterThread(1);
            RoutingTensors routing = new RoutingTensors(program, work, plan, Optional.of(adapter), TorchType.FLOAT32);
            IValue weights = ffn(work, random);
            float[] h = normal(random, LAYOUT.tokens() * D);
            IValue input = work.floats(h, 1, LAYOUT.tokens(), D);
            float[] routed = routed(work, routing, layer, input, weights, kind);
            float[] f = work.floats(work.run("llm_ffn", input, weights));

            for (int t = 0; t < LAYOUT.tokens(); t++) {
                int image = t - LAYOUT.leading();
                boolean follows =
                        image >= 0 && image < LAYOUT.image() && !layer.grid().isProxy(image);
                int leader = follows
                        ? LAYOUT.leading()
                                + layer.grid().proxyIndex(layer.grid().proxyOf(image))
                        : t;
                double[] expected = follows
                        ? followed(adapter, row(f, leader), minus(row(h, t), row(h, leader)), deltaRank, bias, kind)
                        : row(f, t);
                assertThat(row(routed, t)).as("token " + t).containsExactly(expected, within(1e-5));
            }
        }
    }

    private static double[] followed(
            TensorSource adapter, double[] z, double[] delta, int deltaRank, boolean bias, ProjectorKind kind) {
        double[] low = times(adapter.floats(AdapterSpec.down(0)), RANK, D, z);
        if (kind == ProjectorKind.MLP) {
            for (int i = 0; i < low.length; i++) {
                low[i] = gelu(low[i]);
            }
        }
        double[] y = times(adapter.floats(AdapterSpec.up(0)), D, RANK, low);
        float[] scale = adapter.floats(AdapterSpec.scale(0));
        for (int i = 0; i < D; i++) {
            y[i] += scale[i] * z[i] + (bias ? adapter.floats(AdapterSpec.bias(0))[i] : 0);
        }
        if (deltaRank > 0) {
            double[] down = times(adapter.floats(AdapterSpec.deltaDown(0)), deltaRank, D, delta);
            double[] first = times(adapter.floats(AdapterSpec.deltaUp(0)), D, deltaRank, down);
            for (int i = 0; i < D; i++) {
                y[i] += first[i];
            }
        }
        return y;
    }

    /** x Phi(x), with the error function summed from its series. */
    private static double gelu(double x) {
        double z = x / Math.sqrt(2);
        double erf = 0;
        double term = z;
        for (int n = 0; n < 60; n++) {
            erf += term / (2 * n + 1);
            term *= -z * z / (n + 1);
        }
        return x * 0.5 * (1 + 2 / Math.sqrt(Math.PI) * erf);
    }

    @Test
    void aBareScheduleLeavesTheDeltaTermOut() {
        RoutingPlan plan = plan(2, new Projector(ProjectorKind.LINEAR, RANK, 3));
        try (TorchProgram program = TorchProgram.load("cpu");
                TorchScope work = program.scope()) {
            TorchProgram.enterThread(1);
            RoutingTensors routing = new RoutingTensors(program, work, plan, Optional.empty(), TorchType.FLOAT32);
            Random random = new Random(1);
            IValue weights = ffn(work, random);
            IValue input = work.floats(normal(random, LAYOUT.tokens() * D), 1, LAYOUT.tokens(), D);

            float[] routed = routed(work, routing, plan.layer(0), input, weights, ProjectorKind.LINEAR);

            int proxy = LAYOUT.leading();
            assertThat(row(routed, proxy + 1)).isEqualTo(row(routed, proxy));
        }
    }

    private static float[] routed(
            TorchScope work,
            RoutingTensors routing,
            LayerRouting layer,
            IValue input,
            IValue weights,
            ProjectorKind kind) {
        IValue route = work.elements(routing.of(LAYOUT).routes())[0];
        return work.floats(work.run(
                "routed_ffn",
                input,
                weights,
                route,
                work.of((long) layer.proxies()),
                work.of(kind == ProjectorKind.MLP)));
    }

    private static TensorSource adapter(int deltaRank, boolean bias) {
        RandomTensors.Builder tensors = RandomTensors.builder("test", 5)
                .uniform(AdapterSpec.scale(0), new long[] {D}, 1, 0.5)
                .uniform(AdapterSpec.down(0), new long[] {RANK, D}, 0, 0.4)
                .uniform(AdapterSpec.up(0), new long[] {D, RANK}, 0, 0.4);
        if (bias) {
            tensors.uniform(AdapterSpec.bias(0), new long[] {D}, 0, 0.4);
        }
        if (deltaRank > 0) {
            tensors.uniform(AdapterSpec.deltaDown(0), new long[] {deltaRank, D}, 0, 0.4)
                    .uniform(AdapterSpec.deltaUp(0), new long[] {D, deltaRank}, 0, 0.4);
        }
        return tensors.build();
    }

    private static IValue ffn(TorchScope work, Random random) {
        IValue weights = work.dictionary();
        work.run("put", weights, work.of("mlp.fc1.weight"), work.floats(weights(random, FFN * D), FFN, D));
        work.run("put", weights, work.of("mlp.fc1.bias"), work.floats(weights(random, FFN), FFN));
        work.run("put", weights, work.of("mlp.fc2.weight"), work.floats(weights(random, D * FFN), D, FFN));
        work.run("put", weights, work.of("mlp.fc2.bias"), work.floats(weights(random, D), D));
        return weights;
    }

    private static RoutingPlan plan(int stride, Projector projector) {
        return RoutingPlan.of(
                new RoutingSchedule(
                        0,
                        new ImageTokens(new Proxies(ProxyKind.GRID, stride), LayerSelection.ALL, projector),
                        List.of()),
                LLM,
                SIDE,
                SIDE);
    }

    private static double[] times(float[] matrix, int rows, int columns, double[] x) {
        double[] y = new double[rows];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                y[i] += matrix[i * columns + j] * x[j];
            }
        }
        return y;
    }

    private static double[] minus(double[] a, double[] b) {
        double[] difference = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            difference[i] = a[i] - b[i];
        }
        return difference;
    }

    private static double[] row(float[] matrix, int row) {
        double[] values = new double[D];
        for (int i = 0; i < D; i++) {
            values[i] = matrix[row * D + i];
        }
        return values;
    }

    /** Small, so that fp32 leaves five digits behind the point. */
    private static float[] weights(Random random, int count) {
        float[] values = normal(random, count);
        for (int i = 0; i < count; i++) {
            values[i] *= 0.3f;
        }
        return values;
    }

    private static float[] normal(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
