package io.maskroute.job.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.maskroute.core.training.Trainer.Trainable;
import io.maskroute.core.training.TrainingSettings;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class TrainOptionsTest {
    private static TrainOptions options(int lateMaskTokens, long seed) {
        return options(LateMaskTokens.upTo(lateMaskTokens), seed);
    }

    private static TrainOptions options(LateMaskTokens lateMaskTokens, long seed) {
        return new TrainOptions(
                1000, 4, 8, 1e-3, 100, 0.1, lateMaskTokens, seed, Trainable.ALL, TrainingSettings.DEFAULT);
    }

    private static TreeMap<Integer, Long> counts(TrainOptions options, int scheduled) {
        return LongStream.rangeClosed(1, 6000)
                .mapToObj(step -> options.maskTokenLayer(step, scheduled))
                .collect(Collectors.groupingBy(Function.identity(), TreeMap::new, Collectors.counting()));
    }

    @Test
    void halfOfTheStepsAreTheSchedulesAndTheOthersAreSharedByTheDeeperLayers() {
        TreeMap<Integer, Long> dense = counts(options(3, 1), 0);
        assertThat(dense.keySet()).containsExactly(0, 1, 2, 3);
        assertThat(dense.get(0)).isBetween(2850L, 3150L);
        assertThat(dense.get(1)).isBetween(880L, 1120L);
        assertThat(dense.get(3)).isBetween(880L, 1120L);
        assertThat(counts(options(3, 1), 2).keySet()).containsExactly(2, 3);
    }

    @Test
    void theDeeperLayersMayBeginFurtherBehind() {
        TreeMap<Integer, Long> dense = counts(options(new LateMaskTokens(3, 4), 1), 0);
        assertThat(dense.keySet()).containsExactly(0, 3, 4);
        assertThat(dense.get(0)).isBetween(2850L, 3150L);
        assertThat(dense.get(4)).isBetween(1380L, 1620L);
        assertThat(counts(options(new LateMaskTokens(2, 4), 1), 3).keySet()).containsExactly(3, 4);
    }

    @Test
    void withoutLaterLayersItIsAlwaysTheSchedules() {
        assertThat(counts(options(0, 1), 0).keySet()).containsExactly(0);
        assertThat(counts(options(2, 1), 3).keySet()).containsExactly(3);
    }

    @Test
    void aStepsLayerDependsOnTheSeedAlone() {
        assertThat(counts(options(3, 1), 0)).isEqualTo(counts(options(3, 1), 0)).isNotEqualTo(counts(options(3, 2), 0));
    }

    @Test
    void theRateRisesAndThenFallsAlongHalfACosine() {
        TrainOptions options = options(0, 1);
        assertThat(options.learningRate(50)).isEqualTo(0.5e-3);
        assertThat(options.learningRate(100)).isEqualTo(1e-3);
        assertThat(options.learningRate(550)).isCloseTo(0.55e-3, within(1e-9));
        assertThat(options.learningRate(1000)).isCloseTo(1e-4, within(1e-9));
    }
}
