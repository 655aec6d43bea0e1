package io.maskroute.core.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.checkpoint.RandomWeights;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.psalm.VisionProjector;
import io.maskroute.core.routing.AdapterSpec;
import io.maskroute.core.routing.RandomProjectors;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.routing.RoutingSchedule.ImageTokens;
import io.maskroute.core.routing.RoutingSchedule.LayerSelection;
import io.maskroute.core.routing.RoutingSchedule.Projector;
import io.maskroute.core.routing.RoutingSchedule.ProjectorKind;
import io.maskroute.core.routing.RoutingSchedule.Proxies;
import io.maskroute.core.routing.RoutingSchedule.ProxyKind;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Several plans over the weights of one LLM. */
class RoutedLlmTest {
    private static final ModelConfig CONFIG = TinyModel.config(new VisionProjector(VisionProjector.Kind.LINEAR, 4, 0));
    private static final int SIDE = 8;
    private static final int[] BEFORE = {3, 1, 4, 1, 5};
    private static final int[] TASK = {9, 2, 6};
    private static final int[][] OWN = {{5, 3, 5}, {8, 9, 7}};

    private static TorchProgram program;
    private static RoutedLlm dense;

    @BeforeAll
    static void load() {
        program = TorchProgram.load("cpu");
        TorchProgram.enterThread(0);
        dense = RoutedLlm.load(
                program,
                CONFIG.llm(),
                RandomWeights.of(CONFIG, 7),
                TorchType.FLOAT32,
                plan(RoutingSchedule.dense()),
                Optional.empty());
    }

    @AfterAll
    static void close() {
        dense.close();
        program.close();
    }

    @Test
    void theIdentityScheduleOverSharedWeightsIsTheDenseModel() {
        float[] expected = run(dense);
        try (RoutedLlm identity = dense.withPlan(plan(schedule(0, 1)), Optional.empty())) {
            assertThat(run(identity)).isEqualTo(expected);
        }
        assertThat(run(dense)).isEqualTo(expected);
    }

    @Test
    void closingAPlanLeavesTheWeights() {
        float[] expected = run(dense);
        RoutingSchedule schedule = schedule(2, 2);
        float[] untrained;
        try (RoutedLlm routed = dense.withPlan(plan(schedule), Optional.empty())) {
            untrained = run(routed);
        }
        float[] projected;
        TensorSource adapter = RandomProjectors.of(schedule, CONFIG.llm(), 3);
        try (RoutedLlm routed = dense.withPlan(plan(schedule), Optional.of(adapter))) {
            projected = run(routed);
        }
        assertThat(untrained).isNotEqualTo(expected);
        assertThat(projected).isNotEqualTo(untrained);
        assertThat(run(dense)).isEqualTo(expected);
    }

    @Test
    void randomProjectorsAreACompleteAdapter() {
        RoutingSchedule schedule = schedule(2, 2);
        TensorSource adapter = RandomProjectors.of(schedule, CONFIG.llm(), 3);

        AdapterSpec.expected(schedule, CONFIG.llm()).forEach((name, shape) -> assertThat(
                        adapter.info(name).shape())
                .as(name)
                .containsExactly(shape.stream().mapToLong(Long::longValue).toArray()));
        assertThat(adapter.names())
                .hasSameSizeAs(AdapterSpec.expected(schedule, CONFIG.llm()).keySet());
    }

    /** Final states of the prompts' text and the mask tokens. */
    private static float[] run(RoutedLlm llm) {
        int d = CONFIG.llm().hidden();
        try (TorchScope work = program.scope()) {
            IValue taps = work.run("no_taps");
            IValue image = work.floats(normal(SIDE * SIDE * d, 1), 1, SIDE * SIDE, d);
            IValue prefix = llm.prefixInput(work, BEFORE, image, TASK);
            IValue cache = llm.prefix(work, prefix, new SegmentLayout(BEFORE.length, SIDE * SIDE, TASK.length), taps);
            IValue masks = work.floats(normal(6 * d, 2), 6, d);
            IValue text = llm.textInput(work, OWN, 3);
            IValue[] hidden =
                    work.elements(llm.suffix(work, text, masks, new long[] {3, 3}, new long[] {0, 0}, cache, taps));
            float[] a = work.floats(hidden[0]);
            float[] b = work.floats(hidden[1]);
            float[] all = java.util.Arrays.copyOf(a, a.length + b.length);
            System.arraycopy(b, 0, all, a.length, b.length);
            return all;
        }
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

    private static RoutingSchedule schedule(int maskTokenLayer, int stride) {
        return new RoutingSchedule(
                maskTokenLayer,
                new ImageTokens(
                        new Proxies(ProxyKind.GRID, stride),
                        LayerSelection.ALL,
                        new Projector(ProjectorKind.LINEAR, 4)),
                List.of());
    }
}
