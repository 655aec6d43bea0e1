package io.maskroute.core.flops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.psalm.Psalm;
import io.maskroute.core.flops.Execution.LastLayer;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.routing.RoutingSchedule.ImageTokens;
import io.maskroute.core.routing.RoutingSchedule.LayerSelection;
import io.maskroute.core.routing.RoutingSchedule.Projector;
import io.maskroute.core.routing.RoutingSchedule.ProjectorKind;
import io.maskroute.core.routing.RoutingSchedule.Proxies;
import io.maskroute.core.routing.RoutingSchedule.ProxyKind;
import io.maskroute.core.routing.RoutingScheduleReader;
import io.maskroute.core.routing.SegmentLayout;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Figures at PSALM's size, known from elsewhere. */
class PublishedSizeTest {
    private static final ModelConfig PSALM = Psalm.published();
    private static final double GMAC = 2e9;

    /** The plain rule: every present token goes through every layer. */
    private static final Execution PLAIN = new Execution(LastLayer.EVERYTHING, true);

    /**
     * LLM FLOPs with 60 text and 100 mask tokens and projectors of rank 64, in percent of dense, as they were derived when
     * the speed of routing was first measured. A stride of 3 on 32 x 32 gives 121 proxies, on 16 x 16 it gives 36.
     */
    @ParameterizedTest
    @CsvSource({
        "32, 1, 0, 100.0", "32, 1, 8, 97.1", "32, 1, 12, 95.6", "32, 1, 16, 94.1",
        "32, 2, 0, 58.9", "32, 2, 8, 55.9", "32, 2, 12, 54.5", "32, 2, 16, 53.0",
        "32, 3, 0, 51.5", "32, 3, 8, 48.6", "32, 3, 12, 47.1", "32, 3, 16, 45.7",
        "32, 4, 0, 48.5", "32, 4, 8, 45.5", "32, 4, 12, 44.1", "32, 4, 16, 42.6",
        "16, 1, 0, 100.0", "16, 1, 8, 91.9", "16, 1, 12, 87.8", "16, 1, 16, 83.8",
        "16, 2, 0, 69.8", "16, 2, 8, 61.7", "16, 2, 12, 57.7", "16, 2, 16, 53.6",
        "16, 3, 0, 65.4", "16, 3, 8, 57.3", "16, 3, 12, 53.2", "16, 3, 16, 49.1",
        "16, 4, 0, 62.2", "16, 4, 8, 54.1", "16, 4, 12, 50.0", "16, 4, 16, 46.0"
    })
    void shares_of_the_first_measurements(int side, int stride, int maskTokenLayer, double percent) {
        double share = share(schedule(maskTokenLayer, stride, 64), PLAIN, side, 60, 0, 0);

        // Half of the last printed digit.
        assertThat(100 * share).isCloseTo(percent, within(0.05));
    }

    /** PSALM's referring prompts: 56 text tokens, the image, 15 of the task, 19 to 30 of their own. */
    @ParameterizedTest
    @CsvSource({"psalm-56, 0.56", "psalm-45, 0.45", "psalm-43, 0.43"})
    void presets_keep_their_share(String preset, double most) {
        RoutingSchedule schedule = RoutingScheduleReader.read(Path.of("..", "conf", "routing", preset + ".json"));
        for (LastLayer lastLayer : LastLayer.values()) {
            Execution execution = new Execution(lastLayer, true);
            for (int own : new int[] {19, 25, 30}) {
                assertThat(share(schedule, execution, 16, 56, 15, own))
                        .isLessThanOrEqualTo(most)
                        .isGreaterThan(most - 0.02);
                // Image tokens are more of the work there, and nearly all of theirs is saved.
                assertThat(share(schedule, execution, 32, 56, 15, own)).isLessThanOrEqualTo(most);
            }
        }
    }

    @Test
    void the_dense_preset_is_dense() {
        RoutingSchedule dense = RoutingScheduleReader.read(Path.of("..", "conf", "routing", "dense.json"));

        assertThat(dense).isEqualTo(RoutingSchedule.dense());
        assertThat(share(dense, PLAIN, 16, 56, 15, 25)).isEqualTo(1.0);
    }

    /** No schedule gets below: one proxy for the whole picture, mask tokens that meet no layer. */
    @ParameterizedTest
    @CsvSource({
        "16, EVERYTHING, 0.4064", "32, EVERYTHING, 0.3819",
        "16, QUERIES_KEYS_VALUES, 0.4084", "32, QUERIES_KEYS_VALUES, 0.3867"
    })
    void the_floor_of_routing_one_prompt_alone(int side, LastLayer lastLayer, double floor) {
        assertThat(share(schedule(24, side, 1), new Execution(lastLayer, true), side, 56, 15, 25))
                .isCloseTo(floor, within(0.00005));
    }

    /** PSALM's arithmetic in GMAC, rounded; it runs Swin twice, counted once here. */
    @Test
    void vision_agrees_with_the_reference() {
        VisionFlops vision = model(RoutingSchedule.dense(), PLAIN, 16).vision();

        assertThat(vision.backbone() / GMAC).isCloseTo(362, within(1.0));
        assertThat(vision.projector() / GMAC).isCloseTo(26, within(1.0));
        // 94 without the sampling itself, 1.6 here.
        assertThat(vision.pixelEncoder() / GMAC).isCloseTo(94 + 1.6, within(0.5));
        assertThat(vision.pixelConvolutions() / GMAC).isCloseTo(47, within(0.5));
    }

    @Test
    void the_llm_agrees_with_the_reference() {
        ImageFlops flops = model(RoutingSchedule.dense(), PLAIN, 16).image(new SegmentLayout(56, 256, 15), 28);

        assertThat(flops.prompts().get(0).dense().total() / GMAC).isCloseTo(560, within(5.0));
    }

    /** 13 for the layers: keys and values of the memory included. */
    @Test
    void the_mask_decoder_agrees_with_the_reference() {
        DecoderFlops decoder = model(RoutingSchedule.dense(), PLAIN, 16).decoder();

        assertThat((decoder.memory() + decoder.layers()) / GMAC).isCloseTo(13, within(0.5));
        // The reference has 17: full-size masks in all ten heads. Shrunken features leave one full-size set.
        double fullSizeSet = 100 * 256 * 256 * 256 / 1e9;
        assertThat(decoder.heads() / GMAC + 9 * fullSizeSet).isCloseTo(17, within(2.0));
    }

    /**
     * What torch.utils.flop_counter of PyTorch 2.13 counted over the network's TorchScript sources run as plain Python on the
     * meta device, at this size. It skips the sampling (embedding_bag): 6 layers of 21504 positions, 8 heads, 3 levels, 4
     * points and taps, 32 channels.
     */
    @Test
    void equals_pytorch_s_count_of_vision_and_mask_decoder() {
        FlopsModel model = model(RoutingSchedule.dense(), PLAIN, 16);
        long sampling = 2L * 6 * 21504 * 8 * 3 * 4 * 4 * 32;

        assertThat(model.vision().backbone()).isEqualTo(724_443_856_896L);
        assertThat(model.vision().projector()).isEqualTo(51_539_607_552L);
        assertThat(model.vision().pixelEncoder() + model.vision().pixelConvolutions() - sampling)
                .isEqualTo(282_092_109_824L);
        assertThat(model.decoder().memory()).isEqualTo(16_911_433_728L);
        assertThat(model.decoder().layers() + model.decoder().heads()).isEqualTo(13_015_910_400L + 3_355_443_200L);
    }

    /**
     * The same for the LLM's prefix (56 + 256 + 15 tokens, every layer routed, K = 64, rank 128) and a suffix of 5 text tokens
     * and 100 mask tokens from layer 16 on. PyTorch counts attention in full, each layer's rows by all keys; so attention is
     * left to the other tests.
     */
    @Test
    void equals_pytorch_s_count_of_the_llm() {
        ImageFlops flops = model(schedule(16, 2, 128), new Execution(LastLayer.QUERIES_KEYS_VALUES, true), 16)
                .image(new SegmentLayout(56, 256, 15), 5);
        long prefixFull = 23L * 4 * 2048 * 327 * 327;
        long suffixFull = 4L * 2048 * (16 * 5 * (327 + 5) + 8 * 105 * (327 + 105));

        assertThat(flops.prefix().total() - flops.prefix().attentionProducts())
                .isEqualTo(490_655_768_576L - prefixFull);
        LlmFlops suffix = flops.prompts().get(0).own();
        assertThat(suffix.total() - suffix.attentionProducts()).isEqualTo(95_800_524_800L - suffixFull);
    }

    private static double share(
            RoutingSchedule schedule, Execution execution, int side, int leading, int task, int own) {
        return model(schedule, execution, side)
                .image(new SegmentLayout(leading, side * side, task), own)
                .perPrompt()
                .get(0)
                .llmRatio();
    }

    private static FlopsModel model(RoutingSchedule schedule, Execution execution, int side) {
        return new FlopsModel(PSALM, RoutingPlan.of(schedule, PSALM, side, side), execution);
    }

    private static RoutingSchedule schedule(int maskTokenLayer, int stride, int rank) {
        return new RoutingSchedule(
                maskTokenLayer,
                new ImageTokens(
                        new Proxies(ProxyKind.GRID, stride),
                        LayerSelection.ALL,
                        new Projector(ProjectorKind.LINEAR, rank)),
                List.of());
    }
}
