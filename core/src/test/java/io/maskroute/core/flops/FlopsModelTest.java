package io.maskroute.core.flops;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.psalm.VisionProjector;
import io.maskroute.core.family.psalm.VisionProjector.Kind;
import io.maskroute.core.flops.Execution.LastLayer;
import io.maskroute.core.routing.ImageTokenDropping;
import io.maskroute.core.routing.ImageTokenDropping.Criterion;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.routing.RoutingSchedule.ImageTokens;
import io.maskroute.core.routing.RoutingSchedule.LayerOverride;
import io.maskroute.core.routing.RoutingSchedule.LayerSelection;
import io.maskroute.core.routing.RoutingSchedule.Projector;
import io.maskroute.core.routing.RoutingSchedule.ProjectorKind;
import io.maskroute.core.routing.RoutingSchedule.Proxies;
import io.maskroute.core.routing.RoutingSchedule.ProxyKind;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.segmenter.Segmentation.FlopCounts;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The formulas against {@link CountingNetwork}, exactly. */
class FlopsModelTest {

    static IntStream seeds() {
        return IntStream.range(0, 24);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void the_llm_costs_what_counting_token_by_token_gives(int seed) {
        Random random = new Random(seed);
        ModelConfig config = tiny(random);
        int height = 1 + random.nextInt(5);
        int width = 1 + random.nextInt(5);
        RoutingSchedule schedule = seed % 3 == 0 && config.llm().layers() > 1
                ? dropping(
                        Criterion.values()[seed / 3 % 3], random, config.llm().layers(), height * width)
                : schedule(random, config.llm().layers());
        RoutingPlan plan = RoutingPlan.of(schedule, config, height, width);
        Execution execution = new Execution(LastLayer.values()[random.nextInt(3)], random.nextBoolean());
        int leading = random.nextInt(4);
        int task = random.nextInt(4);
        int[] own = random.ints(1 + random.nextInt(4), 0, 6).toArray();

        ImageFlops flops =
                new FlopsModel(config, plan, execution).image(new SegmentLayout(leading, height * width, task), own);

        CountingNetwork counting = new CountingNetwork(config);
        assertThat(flops.prefix().total())
                .isEqualTo(counting.llm(schedule, execution, height, width, leading, task, 0, true));
        RoutingSchedule dense = RoutingSchedule.dense();
        for (int i = 0; i < own.length; i++) {
            assertThat(flops.prompts().get(i).own().total())
                    .isEqualTo(counting.llm(schedule, execution, height, width, leading, task, own[i], false));
            assertThat(flops.prompts().get(i).dense().total())
                    .isEqualTo(counting.llm(dense, execution, height, width, leading, task, own[i], true)
                            + counting.llm(dense, execution, height, width, leading, task, own[i], false));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {24, 32, 40, 45, 71})
    void vision_and_mask_decoder_cost_what_the_counting_network_counts(int imageSize) {
        for (Kind kind : Kind.values()) {
            for (int stage = 2; stage <= 5; stage++) {
                ModelConfig config = tiny(new Random(imageSize + stage), imageSize, kind, stage);
                CountingNetwork counting = new CountingNetwork(config);
                FlopsModel model = new FlopsModel(
                        config,
                        RoutingPlan.of(
                                RoutingSchedule.dense(), config, config.imageTokenSide(), config.imageTokenSide()),
                        new Execution(LastLayer.EVERYTHING, true));

                assertThat(model.vision()).isEqualTo(counting.vision());
                assertThat(model.decoder()).isEqualTo(counting.decoder());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void what_the_prompts_are_charged_sums_to_the_total(int seed) {
        Random random = new Random(seed);
        ModelConfig config = tiny(random);
        RoutingPlan plan = RoutingPlan.of(schedule(random, config.llm().layers()), config, 3, 3);
        int[] own = random.ints(1 + random.nextInt(7), 0, 6).toArray();

        FlopsModel model = new FlopsModel(config, plan, new Execution(LastLayer.KEYS_VALUES, true));
        ImageFlops flops = model.image(new SegmentLayout(2, 9, 1), own);
        List<FlopCounts> charged = flops.perPrompt();

        assertThat(charged.stream()
                        .mapToLong(c -> c.llm() + c.vision() + c.decoder())
                        .sum())
                .isEqualTo(flops.total());
        assertThat(charged.stream().mapToLong(FlopCounts::vision).sum())
                .isEqualTo(flops.vision().total());
        for (int i = 0; i < own.length; i++) {
            FlopCounts alone =
                    model.image(new SegmentLayout(2, 9, 1), own[i]).perPrompt().get(0);
            assertThat(charged.get(i).llmAlone()).isEqualTo(alone.llm());
        }
        long[] shares = charged.stream().mapToLong(FlopCounts::vision).toArray();
        assertThat(shares[0] - shares[shares.length - 1]).isBetween(0L, 1L);
    }

    @Test
    void a_dense_prompt_alone_costs_its_dense_cost() {
        ModelConfig config = tiny(new Random(1));
        RoutingPlan plan = RoutingPlan.of(RoutingSchedule.dense(), config, 3, 4);

        FlopCounts alone = new FlopsModel(config, plan, new Execution(LastLayer.KEYS_VALUES, true))
                .image(new SegmentLayout(5, 12, 2), 7)
                .perPrompt()
                .get(0);

        assertThat(alone.llm()).isEqualTo(alone.llmDense());
        assertThat(alone.llmAlone()).isEqualTo(alone.llmDense());
        assertThat(alone.llmRatio()).isEqualTo(1.0);
    }

    private static RoutingSchedule dropping(Criterion criterion, Random random, int layers, int imageTokens) {
        return RoutingSchedule.dropping(
                new ImageTokenDropping(criterion, 1 + random.nextInt(layers - 1), random.nextInt(imageTokens + 1), 0));
    }

    private static RoutingSchedule schedule(Random random, int layers) {
        List<LayerOverride> overrides = new ArrayList<>();
        for (int l = 0; l < layers; l++) {
            overrides.add(
                    switch (random.nextInt(4)) {
                        case 0 -> new LayerOverride(false, null, null);
                        case 1 -> new LayerOverride(true, new Proxies(ProxyKind.GRID, 1 + random.nextInt(3)), null);
                        case 2 -> new LayerOverride(
                                true, null, new Projector(ProjectorKind.MLP, 1 + random.nextInt(3), random.nextInt(3)));
                        default -> LayerOverride.NONE;
                    });
        }
        return new RoutingSchedule(
                random.nextInt(layers + 1),
                new ImageTokens(
                        new Proxies(ProxyKind.GRID, 1 + random.nextInt(3)),
                        random.nextBoolean() ? LayerSelection.ALL : LayerSelection.of(List.of(0)),
                        new Projector(ProjectorKind.LINEAR, 1 + random.nextInt(3))),
                overrides);
    }

    private static ModelConfig tiny(Random random) {
        return tiny(random, 32, Kind.LINEAR, 5);
    }

    private static ModelConfig tiny(Random random, int imageSize, Kind kind, int stage) {
        int width = 4 * (1 + random.nextInt(2));
        return new ModelConfig(
                new ModelConfig.Image(imageSize, List.of(0.0, 0.0, 0.0), List.of(1.0, 1.0, 1.0), 128),
                new ModelConfig.Swin(2, List.of(1, 2, 1, 1), List.of(1, 2, 2, 4), 2 + random.nextInt(3), 3, 4, 1e-5),
                new VisionProjector(kind, stage, 3),
                new ModelConfig.Llm(width, 3 * width, 1 + random.nextInt(4), 2, 2, 50, 1e-5, 10000, 128),
                new ModelConfig.PixelDecoder(4, 5, 2, 2, 7, 3),
                new ModelConfig.MaskDecoder(6, 2, 1 + random.nextInt(4), 9, 1 + random.nextInt(5)),
                new ModelConfig.SpecialTokens(49, 48, 47));
    }
}
