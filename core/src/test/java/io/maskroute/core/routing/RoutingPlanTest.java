package io.maskroute.core.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.routing.ImageTokenDropping.Criterion;
import io.maskroute.core.routing.RoutingSchedule.ImageTokens;
import io.maskroute.core.routing.RoutingSchedule.LayerOverride;
import io.maskroute.core.routing.RoutingSchedule.LayerSelection;
import io.maskroute.core.routing.RoutingSchedule.Projector;
import io.maskroute.core.routing.RoutingSchedule.ProjectorKind;
import io.maskroute.core.routing.RoutingSchedule.Proxies;
import io.maskroute.core.routing.RoutingSchedule.ProxyKind;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RoutingPlanTest {
    private static final ModelConfig.Llm LLM = new ModelConfig.Llm(64, 128, 4, 4, 8, 200, 1e-5, 10000, 2048);

    @Test
    void the_identity_schedule_skips_every_gather() {
        RoutingPlan plan = RoutingPlan.of(RoutingSchedule.dense(), LLM, 3, 5);

        assertThat(plan.isDense()).isTrue();
        assertThat(plan.meanProxies()).isEqualTo(15);
        for (LayerRouting layer : plan.layers()) {
            assertThat(layer.maskTokens()).isTrue();
            assertThat(layer.projector()).isEmpty();
            assertThat(layer.rows(new SegmentLayout(4, 15, 6)).identity()).isTrue();
        }
    }

    @Test
    void dropped_image_tokens_are_missing_from_the_later_layers() {
        RoutingPlan plan =
                RoutingPlan.of(RoutingSchedule.dropping(new ImageTokenDropping(Criterion.RANDOM, 3, 5, 0)), LLM, 4, 6);

        assertThat(IntStream.range(0, 4).map(plan::dropped)).containsExactly(0, 0, 0, 19);
        assertThat(plan.imageTokens()).isEqualTo(24);
        assertThat(plan.meanProxies()).isEqualTo(19); // (3 * 24 + 5) / 4
        assertThat(plan.isDense()).isFalse();
    }

    @Test
    void a_random_choice_depends_on_seed_and_picture_and_on_nothing_else() {
        ImageTokenDropping dropping = new ImageTokenDropping(Criterion.RANDOM, 2, 40, 0);
        int[] choice = dropping.candidates(256, 77);

        assertThat(choice).hasSize(40).doesNotHaveDuplicates().isSorted();
        assertThat(Arrays.stream(choice).allMatch(token -> token >= 0 && token < 256))
                .isTrue();
        assertThat(dropping.candidates(256, 77)).isEqualTo(choice);
        assertThat(dropping.candidates(256, 78)).isNotEqualTo(choice);
        assertThat(new ImageTokenDropping(Criterion.RANDOM, 2, 40, 1).candidates(256, 77))
                .isNotEqualTo(choice);
        // Every token has its chance: kept 40 / 256 * 2000 = 312 times on average, with a standard deviation of 16.
        int[] times = new int[256];
        Random pictures = new Random(4);
        for (int picture = 0; picture < 2000; picture++) {
            Arrays.stream(dropping.candidates(256, pictures.nextLong())).forEach(token -> times[token]++);
        }
        assertThat(Arrays.stream(times).min().orElseThrow()).isGreaterThan(312 - 5 * 16);
        assertThat(Arrays.stream(times).max().orElseThrow()).isLessThan(312 + 5 * 16);
    }

    @Test
    void proxies_are_the_top_left_tokens_and_border_cells_are_smaller() {
        RoutingPlan plan = RoutingPlan.of(schedule(1, 2, LayerSelection.ALL), LLM, 3, 3);
        ProxyGrid grid = plan.layer(0).grid();

        assertThat(grid.proxyIndex()).containsExactly(0, 2, 6, 8);
        assertThat(grid.proxyOf()).containsExactly(0, 0, 1, 0, 0, 1, 2, 2, 3);
        assertThat(plan.layer(3).grid()).isSameAs(grid);
        assertThat(plan.layer(0).maskTokens()).isFalse();
        assertThat(plan.layer(1).maskTokens()).isTrue();
    }

    @Test
    void rows_of_a_whole_sequence() {
        LayerRouting layer =
                RoutingPlan.of(schedule(0, 2, LayerSelection.ALL), LLM, 2, 3).layer(0);
        FfnRows rows = layer.rows(new SegmentLayout(2, 6, 3));

        assertThat(rows.identity()).isFalse();
        assertThat(rows.proxies()).isEqualTo(2);
        assertThat(rows.keep()).containsExactly(2, 4, 0, 1, 8, 9, 10);
        assertThat(rows.back()).containsExactly(2, 3, 0, 7, 1, 7, 7, 8, 4, 5, 6);
    }

    static List<int[]> randomGrids() {
        Random random = new Random(11);
        return random.ints(60, 0, Integer.MAX_VALUE)
                .mapToObj(seed -> {
                    Random r = new Random(seed);
                    return new int[] {1 + r.nextInt(9), 1 + r.nextInt(9), 1 + r.nextInt(10), r.nextInt(6), r.nextInt(6)
                    };
                })
                .toList();
    }

    /** The definition taken literally, with the FFN as multiplication by 10 and the projector as a change of sign. */
    @ParameterizedTest
    @MethodSource("randomGrids")
    void gathers_give_every_token_its_change(int[] sizes) {
        int height = sizes[0];
        int width = sizes[1];
        int stride = sizes[2];
        int leading = sizes[3];
        int trailing = sizes[4];
        LayerRouting layer = RoutingPlan.of(schedule(0, stride, LayerSelection.ALL), LLM, height, width)
                .layer(0);
        int tokens = leading + height * width + trailing;
        int[] wanted = new int[tokens];
        for (int t = 0; t < tokens; t++) {
            int image = t - leading;
            if (image < 0 || image >= height * width) {
                wanted[t] = 10 * (t + 1);
                continue;
            }
            int row = image / width;
            int column = image % width;
            int proxy = (row - row % stride) * width + column - column % stride;
            wanted[t] = (proxy == image ? 10 : -10) * (leading + proxy + 1);
        }

        FfnRows rows = layer.rows(new SegmentLayout(leading, height * width, trailing));

        boolean allProxies = stride == 1 || height * width == 1;
        assertThat(rows.identity()).isEqualTo(allProxies);
        assertThat(layer.routed()).isEqualTo(!allProxies);
        if (allProxies) {
            return;
        }
        int[] f = Arrays.stream(rows.keep()).mapToInt(t -> 10 * ((int) t + 1)).toArray();
        int[] p = Arrays.stream(f).limit(rows.proxies()).map(z -> -z).toArray();
        int[] changes = Arrays.stream(rows.back())
                .mapToInt(row -> row < f.length ? f[(int) row] : p[(int) row - f.length])
                .toArray();
        assertThat(changes).isEqualTo(wanted);
        assertThat(rows.proxies()).isEqualTo(layer.proxies());
    }

    @Test
    void a_segment_without_image_tokens_needs_no_gather() {
        LayerRouting layer =
                RoutingPlan.of(schedule(0, 2, LayerSelection.ALL), LLM, 4, 4).layer(0);

        assertThat(layer.rows(new SegmentLayout(0, 0, 9)).identity()).isTrue();
        assertThatThrownBy(() -> layer.rows(new SegmentLayout(0, 8, 9))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void only_projecting_layers_have_tensors() {
        RoutingSchedule schedule = new RoutingSchedule(
                2,
                new ImageTokens(
                        new Proxies(ProxyKind.GRID, 2),
                        LayerSelection.of(List.of(1, 2, 3)),
                        new Projector(ProjectorKind.LINEAR, 8)),
                List.of(
                        LayerOverride.NONE,
                        new LayerOverride(null, new Proxies(ProxyKind.GRID, 1), null),
                        new LayerOverride(false, null, null),
                        new LayerOverride(null, null, new Projector(ProjectorKind.MLP, 5))));
        RoutingPlan plan = RoutingPlan.of(schedule, LLM, 4, 4);

        assertThat(plan.layers().stream().map(LayerRouting::routed)).containsExactly(false, false, false, true);
        assertThat(plan.meanProxies()).isEqualTo(13);
        assertThat(AdapterSpec.expected(schedule, LLM))
                .containsOnlyKeys("layers.3.proj.scale", "layers.3.proj.down.weight", "layers.3.proj.up.weight")
                .containsEntry("layers.3.proj.scale", List.of(64L))
                .containsEntry("layers.3.proj.down.weight", List.of(5L, 64L))
                .containsEntry("layers.3.proj.up.weight", List.of(64L, 5L));
    }

    @Test
    void a_schedule_that_does_not_fit_the_model_is_refused_with_the_reason() {
        refused(
                schedule(5, 2, LayerSelection.ALL),
                "mask_token_layer is 5, but the model has 4 layers; choose 0 (dense) to 4");
        refused(schedule(-1, 2, LayerSelection.ALL), "mask_token_layer is -1");
        refused(
                schedule(0, 2, LayerSelection.of(List.of(1, 4))),
                "image_tokens.layers names layer 4, but the model's layers are 0 to 3");
        refused(schedule(0, 2, LayerSelection.of(List.of(1, 1))), "names layer 1 twice");
        refused(schedule(0, 0, LayerSelection.ALL), "the proxy stride of layer 0 is 0");
        refused(
                withOverrides(65, LayerSelection.ALL),
                "the projector rank of layer 0 is 65, but the model is 64 wide; choose 1 to 64");
        refused(
                withOverrides(8, LayerSelection.ALL, LayerOverride.NONE, LayerOverride.NONE),
                "per_layer has 2 entries, but the model has 4 layers");
        refused(
                withOverrides(
                        8,
                        LayerSelection.of(List.of(0)),
                        LayerOverride.NONE,
                        new LayerOverride(null, new Proxies(ProxyKind.GRID, 3), null),
                        LayerOverride.NONE,
                        LayerOverride.NONE),
                "per_layer[1] sets proxies or a projector, but layer 1 is not routed");
    }

    @Test
    void mask_tokens_may_come_after_the_last_layer() {
        RoutingPlan plan = RoutingPlan.of(schedule(4, 2, LayerSelection.ALL), LLM, 4, 4);

        assertThat(plan.layers()).noneMatch(LayerRouting::maskTokens);
    }

    @Test
    void a_stride_beyond_the_grid_leaves_one_proxy() {
        RoutingPlan plan = RoutingPlan.of(schedule(0, Integer.MAX_VALUE, LayerSelection.ALL), LLM, 4, 7);

        assertThat(plan.layer(0).grid().proxyIndex()).containsExactly(0);
        assertThat(plan.layer(0).grid().proxyOf()).containsOnly(0).hasSize(28);
    }

    private static void refused(RoutingSchedule schedule, String message) {
        assertThatThrownBy(() -> RoutingPlan.of(schedule, LLM, 4, 4))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageStartingWith("routing schedule: ")
                .hasMessageContaining(message);
    }

    private static RoutingSchedule schedule(int maskTokenLayer, int stride, LayerSelection layers) {
        return new RoutingSchedule(
                maskTokenLayer,
                new ImageTokens(new Proxies(ProxyKind.GRID, stride), layers, new Projector(ProjectorKind.LINEAR, 8)),
                List.of());
    }

    private static RoutingSchedule withOverrides(int rank, LayerSelection layers, LayerOverride... overrides) {
        return new RoutingSchedule(
                0,
                new ImageTokens(new Proxies(ProxyKind.GRID, 2), layers, new Projector(ProjectorKind.LINEAR, rank)),
                List.of(overrides));
    }
}
