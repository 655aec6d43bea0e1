package io.maskroute.datasets.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ReferringMetricsTest {
    private record Sample(long intersection, long union) {}

    static IntStream seeds() {
        return IntStream.range(0, 10);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void orderAndPartitionsDoNotMatter(int seed) throws Exception {
        Random random = new Random(seed);
        List<Sample> samples = samples(random, 1000);
        ReferringMetrics inOrder = new ReferringMetrics(ReferringRules.DEFAULT);
        samples.forEach(s -> inOrder.add(s.intersection, s.union));

        Collections.shuffle(samples, random);
        List<ReferringMetrics> partitions = IntStream.range(0, 7)
                .mapToObj(i -> new ReferringMetrics(ReferringRules.DEFAULT))
                .toList();
        samples.forEach(s -> partitions.get(random.nextInt(7)).add(s.intersection, s.union));
        ReferringMetrics merged = new ReferringMetrics(ReferringRules.DEFAULT);
        for (ReferringMetrics partition : partitions) {
            merged.merge(sent(partition));
        }

        assertThat(merged.scores()).isEqualTo(inOrder.scores());
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void theMeanIsThatOfTheFractions(int seed) {
        List<Sample> samples = samples(new Random(seed), 500);
        ReferringMetrics metrics = new ReferringMetrics(ReferringRules.DEFAULT);
        BigDecimal sum = BigDecimal.ZERO;
        for (Sample s : samples) {
            metrics.add(s.intersection, s.union);
            sum = sum.add(
                    s.union == 0
                            ? BigDecimal.ONE
                            : BigDecimal.valueOf(s.intersection)
                                    .divide(BigDecimal.valueOf(s.union), MathContext.DECIMAL128));
        }
        double mean = sum.divide(BigDecimal.valueOf(samples.size()), MathContext.DECIMAL128)
                .doubleValue();

        // Each quotient is a double, right to 2^-53.
        assertThat(metrics.scores().gIoU()).isCloseTo(mean, within(2e-16));
    }

    @Test
    void emptyUnionsScoreByTheRule() {
        assertThat(single(EmptyUnion.ONE, 0, 0))
                .isEqualTo(new ReferringScores(1, 0, 0, 0, 1, Collections.nCopies(5, 1.0)));
        assertThat(single(EmptyUnion.ZERO, 0, 0))
                .isEqualTo(new ReferringScores(1, 0, 0, 0, 0, Collections.nCopies(5, 0.0)));
    }

    @Test
    void missingPredictionsAreWrong() {
        ReferringMetrics counted = new ReferringMetrics(ReferringRules.DEFAULT);
        counted.add(50, 100);
        counted.addMissing(100);
        counted.addMissing(0);

        assertThat(counted.scores().cIoU()).isEqualTo(0.25);
        assertThat(counted.scores().gIoU()).isEqualTo(0.5 / 3);
        assertThat(counted.scores().precision().get(0)).isEqualTo(1.0 / 3);
    }

    @Test
    void noSamplesScoreNothing() {
        assertThat(new ReferringMetrics(ReferringRules.DEFAULT).scores())
                .isEqualTo(new ReferringScores(0, 0, 0, 0, 0, Collections.nCopies(5, 0.0)));
        assertThat(new GeneralisedReferringMetrics(GeneralisedRules.RELA)
                        .scores()
                        .targetAccuracy())
                .isZero();
    }

    @Test
    void impossibleCountsAndMixedRulesAreRefused() {
        ReferringMetrics metrics = new ReferringMetrics(ReferringRules.DEFAULT);
        ReferringMetrics others = new ReferringMetrics(new ReferringRules(EmptyUnion.ZERO, MissingPrediction.COUNTED));

        assertThatThrownBy(() -> metrics.add(2, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> metrics.add(-1, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> metrics.merge(others))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ZERO");
        assertThat(metrics.scores().samples()).isZero();
    }

    @Test
    void generalisedMetricsMerge() {
        GeneralisedReferringMetrics all = new GeneralisedReferringMetrics(GeneralisedRules.RELA);
        GeneralisedReferringMetrics left = new GeneralisedReferringMetrics(GeneralisedRules.RELA);
        GeneralisedReferringMetrics right = new GeneralisedReferringMetrics(GeneralisedRules.RELA);
        Random random = new Random(1);
        for (Sample s : samples(random, 200)) {
            boolean noTarget = random.nextInt(4) == 0;
            boolean rejected = random.nextInt(3) == 0;
            long intersection = noTarget ? 0 : s.intersection;
            for (GeneralisedReferringMetrics m : List.of(all, random.nextBoolean() ? left : right)) {
                m.add(intersection, s.union, noTarget ? 0 : s.union, noTarget, rejected);
            }
        }
        left.merge(right);

        assertThat(left.scores()).isEqualTo(all.scores());
        assertThat(all.scores().overall().samples()).isEqualTo(200);
    }

    private static ReferringScores single(EmptyUnion emptyUnion, long intersection, long union) {
        ReferringMetrics metrics = new ReferringMetrics(new ReferringRules(emptyUnion, MissingPrediction.COUNTED));
        metrics.add(intersection, union);
        return metrics.scores();
    }

    private static List<Sample> samples(Random random, int count) {
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            long union = random.nextInt(20) == 0 ? 0 : random.nextInt(1, 1 << random.nextInt(1, 25));
            samples.add(new Sample(random.nextLong(union + 1), union));
        }
        return samples;
    }

    private static ReferringMetrics sent(ReferringMetrics metrics) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(metrics);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return (ReferringMetrics) in.readObject();
        }
    }
}
