package io.maskroute.datasets.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.datasets.metrics.AveragePrecision.Detection;
import io.maskroute.datasets.metrics.AveragePrecision.Evidence;
import io.maskroute.datasets.metrics.AveragePrecision.Truth;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AveragePrecisionTest {
    private record Part(long category, Evidence evidence) {}

    static IntStream seeds() {
        return IntStream.range(0, 10);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void orderAndPartitionsDoNotMatter(int seed) {
        Random random = new Random(seed);
        List<Part> parts = parts(random);
        AveragePrecision inOrder = new AveragePrecision();
        parts.forEach(part -> inOrder.add(part.category, part.evidence));

        Collections.shuffle(parts, random);
        for (int partitions : new int[] {1, 3, 8}) {
            List<AveragePrecision> each = IntStream.range(0, partitions)
                    .mapToObj(i -> new AveragePrecision())
                    .toList();
            parts.forEach(part -> each.get(random.nextInt(partitions)).add(part.category, part.evidence));
            AveragePrecision merged = new AveragePrecision();
            each.forEach(merged::merge);

            assertThat(merged.result().stats()).containsExactly(inOrder.result().stats());
            for (long category = 0; category < 3; category++) {
                assertThat(merged.result().of(category))
                        .isEqualTo(inOrder.result().of(category));
            }
        }
        assertThat(inOrder.result().stats()[0]).isBetween(0.05, 0.95);
    }

    /** Few different scores, so that many are equal. */
    private static List<Part> parts(Random random) {
        List<Part> parts = new ArrayList<>();
        for (long picture = 0; picture < 40; picture++) {
            for (long category = 0; category < 3; category++) {
                List<Truth> truths = new ArrayList<>();
                for (int t = random.nextInt(4); t > 0; t--) {
                    truths.add(new Truth(parts.size() * 10 + t, random.nextInt(20_000), random.nextInt(8) == 0));
                }
                List<Detection> detections = new ArrayList<>();
                for (int d = random.nextInt(6); d > 0; d--) {
                    detections.add(new Detection(random.nextInt(5) / 4.0, random.nextInt(20_000)));
                }
                double[][] ious = new double[detections.size()][truths.size()];
                for (double[] row : ious) {
                    for (int t = 0; t < row.length; t++) {
                        row[t] = random.nextInt(2) == 0 ? 0 : 0.4 + 0.6 * random.nextDouble();
                    }
                }
                parts.add(new Part(category, Evidence.of(picture, detections, truths, (d, t) -> ious[d][t])));
            }
        }
        return parts;
    }
}
