package io.maskroute.core.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.maskroute.core.bench.BenchModel.LlmMillis;
import io.maskroute.core.bench.BenchModel.PictureMillis;
import io.maskroute.core.bench.BenchModel.Settings;
import io.maskroute.core.bench.BenchModel.Variant;
import io.maskroute.core.checkpoint.RandomWeights;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.psalm.VisionProjector;
import io.maskroute.core.model.SegmenterOptions.Dtype;
import io.maskroute.core.model.TinyModel;
import io.maskroute.core.routing.RandomProjectors;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.routing.RoutingSchedule.ImageTokens;
import io.maskroute.core.routing.RoutingSchedule.LayerSelection;
import io.maskroute.core.routing.RoutingSchedule.Projector;
import io.maskroute.core.routing.RoutingSchedule.ProjectorKind;
import io.maskroute.core.routing.RoutingSchedule.Proxies;
import io.maskroute.core.routing.RoutingSchedule.ProxyKind;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** That everything runs and counts what it says; how fast it is belongs to no test. */
class BenchModelTest {
    private static final ModelConfig CONFIG = TinyModel.config(new VisionProjector(VisionProjector.Kind.LINEAR, 4, 0));
    private static final int TOGETHER = 2;
    private static final RoutingSchedule SCHEDULE = new RoutingSchedule(
            2,
            new ImageTokens(new Proxies(ProxyKind.GRID, 2), LayerSelection.ALL, new Projector(ProjectorKind.MLP, 4)),
            List.of());

    @ParameterizedTest
    @EnumSource(Dtype.class)
    void everyPartRuns(Dtype dtype) {
        try (BenchModel model = load(dtype, CONFIG.imageTokenSide(), true)) {
            for (Variant variant : Variant.values()) {
                for (int prompts : new int[] {1, 3}) {
                    LlmMillis llm = model.llm(variant, prompts);
                    assertThat(llm.prefix()).isPositive();
                    assertThat(llm.prompts()).isPositive();
                    PictureMillis picture = model.picture(variant, prompts);
                    double stages = picture.stages().vision()
                            + picture.stages().prefix()
                            + picture.stages().prompt()
                            + picture.stages().decoder()
                            + picture.stages().postprocess();
                    assertThat(stages).isPositive().isLessThanOrEqualTo(picture.total());
                    assertThat(picture.postprocessSpread()).isPositive();
                    assertThat(picture.totalSpread() - picture.total())
                            .isCloseTo(
                                    picture.postprocessSpread()
                                            - picture.stages().postprocess(),
                                    within(1e-9));
                }
            }
            VisionMillis vision = model.vision();
            assertThat(List.of(
                            vision.backbone(),
                            vision.projector(),
                            vision.pixelDecoder(),
                            vision.pixelEncoder(),
                            vision.sampling(),
                            vision.decoderMemory()))
                    .allSatisfy(millis -> assertThat(millis).isPositive());
            assertThat(model.gemm()).isPositive();
            assertThat(model.llmFlopsShare()).isLessThan(1);
        }
    }

    @Test
    void theLlmAloneTakesAnyGrid() {
        int side = 2 * CONFIG.imageTokenSide();
        try (BenchModel model = load(Dtype.FP32, side, false)) {
            assertThat(model.llm(Variant.ROUTED, 2).total()).isPositive();
            assertThat(model.plan(Variant.ROUTED).imageTokens()).isEqualTo(side * side);
        }
    }

    private static BenchModel load(Dtype dtype, int side, boolean pictures) {
        return BenchModel.load(
                CONFIG,
                RandomWeights.of(CONFIG, 1),
                new Settings(
                        "cpu",
                        dtype,
                        1,
                        side,
                        TOGETHER,
                        pictures,
                        SCHEDULE,
                        Optional.of(RandomProjectors.of(SCHEDULE, CONFIG.llm(), 1)),
                        PromptShape.PSALM.withTokens(20),
                        3));
    }
}
