package io.maskroute.core.calibration;

import static io.maskroute.core.calibration.DefinedSums.D;
import static io.maskroute.core.calibration.DefinedSums.add;
import static io.maskroute.core.calibration.DefinedSums.dot;
import static io.maskroute.core.calibration.DefinedSums.empty;
import static io.maskroute.core.calibration.DefinedSums.minus;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.config.ModelConfig.Llm;
import io.maskroute.core.routing.LayerRouting;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingScheduleReader;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sums against their definition. */
class FollowerSumsTest {
    private static final int SIDE = 5;
    private static final SegmentLayout LAYOUT = new SegmentLayout(3, SIDE * SIDE, 2);

    private static TorchProgram program;

    @BeforeAll
    static void load() {
        program = TorchProgram.load("cpu");
        TorchProgram.enterThread(1);
    }

    @AfterAll
    static void close() {
        program.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5})
    void theSumsAreThoseOfTheDefinition(int stride) {
        Random random = new Random(stride);
        LayerRouting routing = routing(stride);
        float[] h = normal(random, LAYOUT.tokens() * D);
        float[] f = normal(random, LAYOUT.tokens() * D);
        float[] out = normal(random, LAYOUT.tokens() * D);

        Map<String, double[]> sums = sums(h, f, out, routing);

        Map<String, double[]> expected = empty();
        for (int t = 0; t < LAYOUT.image(); t++) {
            double[] x = row(out, LAYOUT.leading() + t);
            expected.get("rest")[1]++;
            expected.get("rest")[2] += dot(x, x);
            if (!routing.grid().isProxy(t)) {
                int proxy = routing.grid().proxyIndex(routing.grid().proxyOf(t));
                add(
                        expected,
                        row(f, LAYOUT.leading() + proxy),
                        minus(row(h, LAYOUT.leading() + t), row(h, LAYOUT.leading() + proxy)),
                        row(f, LAYOUT.leading() + t));
            }
        }
        assertThat(sums.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, values) -> assertThat(sums.get(name)).as(name).containsExactly(values, within(1e-10)));
    }

    @Test
    void sumsOfPartsAddUpToThoseOfTheWhole() {
        Random random = new Random(1);
        LayerRouting routing = routing(2);
        Map<String, double[]> apart = empty();
        Map<String, double[]> together;
        try (FollowerSums whole = new FollowerSums(program, D)) {
            for (int picture = 0; picture < 3; picture++) {
                float[] h = normal(random, LAYOUT.tokens() * D);
                float[] f = normal(random, LAYOUT.tokens() * D);
                sums(h, f, f, routing).forEach((name, values) -> {
                    for (int i = 0; i < values.length; i++) {
                        apart.get(name)[i] += values[i];
                    }
                });
                try (TorchScope work = program.scope()) {
                    whole.add(work, seen(work, h, f, f), LAYOUT, routing);
                }
            }
            together = whole.values();
        }
        apart.forEach((name, values) -> assertThat(together.get(name)).as(name).containsExactly(values, within(1e-10)));
    }

    private static Map<String, double[]> sums(float[] h, float[] f, float[] out, LayerRouting routing) {
        try (FollowerSums sums = new FollowerSums(program, D);
                TorchScope work = program.scope()) {
            sums.add(work, seen(work, h, f, out), LAYOUT, routing);
            return sums.values();
        }
    }

    private static IValue seen(TorchScope work, float[] h, float[] f, float[] out) {
        IValue seen = work.dictionary();
        work.run("put", seen, work.of("ffn_input"), work.floats(h, 1, LAYOUT.tokens(), D));
        work.run("put", seen, work.of("mlp"), work.floats(f, 1, LAYOUT.tokens(), D));
        work.run("put", seen, work.of("out"), work.floats(out, 1, LAYOUT.tokens(), D));
        return seen;
    }

    private static LayerRouting routing(int stride) {
        String schedule =
                """
                {"format":1,"mask_token_layer":0,"image_tokens":{"proxies":{"kind":"grid","stride":%d},"layers":"all",\
                "projector":{"kind":"linear","rank":1}}}"""
                        .formatted(stride);
        return RoutingPlan.of(
                        RoutingScheduleReader.parse(schedule, "test"),
                        new Llm(D, 2 * D, 1, 2, 2, 50, 1e-5, 10000, 64),
                        SIDE,
                        SIDE)
                .layer(0);
    }

    private static double[] row(float[] matrix, int row) {
        double[] values = new double[D];
        for (int i = 0; i < D; i++) {
            values[i] = matrix[row * D + i];
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
