package io.maskroute.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.psalm.Psalm;
import io.maskroute.core.family.psalm.VisionProjector;
import io.maskroute.core.model.MemoryModel.Estimate;
import io.maskroute.core.model.SegmenterOptions.Dtype;
import io.maskroute.core.routing.ImageTokenDropping;
import io.maskroute.core.routing.ImageTokenDropping.Criterion;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.routing.RoutingScheduleReader;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Orders of magnitude at the published size, known without the formula. */
class MemoryModelTest {
    private static final ModelConfig PSALM = Psalm.published();

    @Test
    void weightsAreTwoBytesEachInBf16() {
        // 1.59 billion parameters, without the language head that is never read, 103 million; the mask decoder's 15
        // million
        // stay fp32.
        double read = 1.59e9 - 50297.0 * 2048;
        assertThat((double) estimate(Dtype.FP32, 7).weights()).isCloseTo(4 * read, withinPercentage(1));
        assertThat((double) estimate(Dtype.BF16, 7).weights()).isCloseTo(2 * read + 2 * 15e6, withinPercentage(1));
    }

    @Test
    void keysAndValuesAreThoseOfThePrefix() {
        // 24 layers of keys and values, 71 + 256 tokens, width 2048, 2 bytes.
        assertThat(estimate(Dtype.BF16, 7).keysAndValues()).isEqualTo(2L * 24 * (71 + 256) * 2048 * 2);
        assertThat(estimate(Dtype.BF16, 1).keysAndValues())
                .isEqualTo(estimate(Dtype.BF16, 7).keysAndValues());
    }

    @Test
    void aRoutingAdapterIsSmall() {
        RoutingSchedule schedule = RoutingScheduleReader.read(Path.of("..", "conf", "routing", "psalm-56.json"));
        RoutingPlan plan = RoutingPlan.of(schedule, PSALM, 16, 16);

        // 24 layers of 2048 * (2 * 128 + 1) numbers.
        assertThat(new MemoryModel(PSALM, plan, true, Dtype.BF16)
                        .estimate(71, 10, 1, 7)
                        .adapter())
                .isEqualTo(24L * 2048 * 257 * 2);
        assertThat(new MemoryModel(PSALM, plan, false, Dtype.BF16)
                        .estimate(71, 10, 1, 7)
                        .adapter())
                .isZero();
    }

    @Test
    void onlyTheLayersThatSeeEveryTokenAreSharedWherePromptsChoose() {
        assertThat(keysAndValues(Criterion.ATTENTION)).isEqualTo(2L * 2 * (71 + 256) * 2048 * 2);
    }

    @Test
    void allLayersAreSharedWhereThePictureChooses() {
        long expected = 2L * (2 * (71 + 256) + 22 * (71 + 64)) * 2048 * 2;

        assertThat(keysAndValues(Criterion.PICTURE_ATTENTION)).isEqualTo(expected);
        assertThat(keysAndValues(Criterion.RANDOM)).isEqualTo(expected);
    }

    private static long keysAndValues(Criterion criterion) {
        RoutingPlan plan =
                RoutingPlan.of(RoutingSchedule.dropping(new ImageTokenDropping(criterion, 2, 64, 0)), PSALM, 16, 16);
        return new MemoryModel(PSALM, plan, false, Dtype.BF16)
                .estimate(71, 10, 1, 7)
                .keysAndValues();
    }

    @Test
    void activationsGrowWithTheBatchAndThePublishedModelFitsSixGigabytes() {
        assertThat(estimate(Dtype.BF16, 64).activations())
                .isGreaterThan(estimate(Dtype.BF16, 7).activations());
        assertThat(estimate(Dtype.BF16, 7).total()).isLessThan(6_000_000_000L);
    }

    @Test
    void whatThePicturesOfACallLeaveIsThereForEachOfThem() {
        Estimate one = estimate(Dtype.BF16, 1, 7);
        Estimate eight = estimate(Dtype.BF16, 8, 7);

        assertThat(eight.weights()).isEqualTo(one.weights());
        assertThat(eight.keysAndValues()).isEqualTo(8 * one.keysAndValues());
        // Keys and values of nine layers, three on each of 32², 64² and 128² positions, width 256, fp32, are 132 MB
        // alone.
        assertThat(eight.activations() - one.activations()).isGreaterThan(7 * 132_000_000L);
        assertThat(eight.activations()).isLessThanOrEqualTo(8 * one.activations());
    }

    @Test
    void theMaskDecodersAttentionMasksGrowWithThePrompts() {
        // An LLM so narrow that the mask decoder needs more.
        ModelConfig narrow = new ModelConfig(
                PSALM.image(),
                PSALM.swin(),
                PSALM.visualTokens(),
                TinyModel.config(PSALM.visualTokens()).llm(),
                PSALM.pixelDecoder(),
                PSALM.maskDecoder(),
                PSALM.specialTokens());
        MemoryModel memory =
                new MemoryModel(narrow, RoutingPlan.of(RoutingSchedule.dense(), narrow, 16, 16), false, Dtype.BF16);

        // 100 queries on 128² positions: three masks of a byte and one of four.
        assertThat(memory.estimate(71, 10, 8, 164).activations()
                        - memory.estimate(71, 10, 8, 64).activations())
                .isEqualTo(100L * 100 * 128 * 128 * 7);
    }

    /** Its pictures may be of any size: masks are resized to that. */
    @Test
    void aSmallModelNeedsRoomForTheMasksThatAreResizedAtOnce() {
        ModelConfig tiny = TinyModel.config(new VisionProjector(VisionProjector.Kind.LINEAR, 4, 0));
        RoutingPlan dense = RoutingPlan.of(RoutingSchedule.dense(), tiny, 8, 8);

        long activations = new MemoryModel(tiny, dense, false, Dtype.FP32)
                .estimate(71, 10, 1, 7)
                .activations();

        // Four fp32 numbers for each pixel of 16 masks of 1024 x 1024.
        assertThat((double) activations).isCloseTo(4 * 16.0 * 1024 * 1024 * 4, withinPercentage(2));
    }

    /** PSALM sums over the probabilities of all queries before it resizes: 100 maps of 1024 x 1024 in fp32. */
    @Test
    void semanticPromptsNeedAllQueriesProbabilitiesAtOnce() {
        ModelConfig tiny = TinyModel.config(new VisionProjector(VisionProjector.Kind.LINEAR, 4, 0));
        MemoryModel memory =
                new MemoryModel(tiny, RoutingPlan.of(RoutingSchedule.dense(), tiny, 8, 8), false, Dtype.BF16);
        long side = tiny.image().size();

        assertThat(memory.estimate(71, 10, 1, 7, true).activations()
                        - memory.estimate(71, 10, 1, 7).activations())
                .isEqualTo(4 * tiny.maskDecoder().queries() * side * side);
        MemoryModel published =
                new MemoryModel(PSALM, RoutingPlan.of(RoutingSchedule.dense(), PSALM, 16, 16), false, Dtype.BF16);
        assertThat(published.estimate(71, 1100, 1, 1, true).activations()).isGreaterThan(4L * 100 * 1024 * 1024);
    }

    private static Estimate estimate(Dtype dtype, int prompts) {
        return estimate(dtype, 1, prompts);
    }

    private static Estimate estimate(Dtype dtype, int pictures, int prompts) {
        RoutingPlan dense = RoutingPlan.of(RoutingSchedule.dense(), PSALM, 16, 16);
        return new MemoryModel(PSALM, dense, false, dtype).estimate(71, 10, pictures, prompts);
    }
}
