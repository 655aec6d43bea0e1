package io.maskroute.datasets.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.datasets.metrics.PanopticQuality.Overlap;
import io.maskroute.datasets.metrics.PanopticQuality.Segment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PanopticQualityTest {
    private record Picture(List<Segment> truths, List<Segment> predictions, List<Overlap> overlaps) {
        void addTo(PanopticQuality figures) {
            figures.add(truths, predictions, overlaps);
        }
    }

    static IntStream seeds() {
        return IntStream.range(0, 10);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void orderAndPartitionsDoNotMatter(int seed) {
        Random random = new Random(seed);
        List<Picture> pictures = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            long wanted = 1 + random.nextInt(1000);
            long found = 1 + random.nextInt(1000);
            pictures.add(new Picture(
                    List.of(new Segment(5, random.nextInt(3), wanted, random.nextInt(10) == 0)),
                    List.of(new Segment(6, random.nextInt(3), found, false)),
                    List.of(new Overlap(5, 6, Math.min(wanted, found)))));
        }
        PanopticQuality inOrder = new PanopticQuality();
        pictures.forEach(picture -> picture.addTo(inOrder));

        Collections.shuffle(pictures, random);
        for (int partitions : new int[] {1, 3, 8}) {
            List<PanopticQuality> each = IntStream.range(0, partitions)
                    .mapToObj(i -> new PanopticQuality())
                    .toList();
            pictures.forEach(picture -> picture.addTo(each.get(random.nextInt(partitions))));
            PanopticQuality merged = new PanopticQuality();
            each.forEach(merged::merge);
            assertThat(merged.counts()).isEqualTo(inOrder.counts());
            assertThat(merged.mean(List.of(0L, 1L, 2L))).isEqualTo(inOrder.mean(List.of(0L, 1L, 2L)));
        }
    }

    /** Areas of the truth are those of the JSON, so that an IoU can be anything from 0 on. */
    @Test
    void anIouAboveOneIsCountedAsItIs() {
        PanopticQuality figures = new PanopticQuality();
        new Picture(
                        List.of(new Segment(5, 1, 40, false)),
                        List.of(new Segment(6, 1, 100, false)),
                        List.of(new Overlap(5, 6, 100)))
                .addTo(figures);
        assertThat(figures.counts().get(1L).iouSum()).isEqualTo(2.5);
    }

    @Test
    void aUnionWithoutPixelsIsRefused() {
        assertThatThrownBy(() -> new Picture(
                                List.of(new Segment(5, 1, 0, false)),
                                List.of(new Segment(6, 1, 100, false)),
                                List.of(new Overlap(5, 6, 100)))
                        .addTo(new PanopticQuality()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("segment 5");
    }
}
