package io.maskroute.datasets.metrics;

import static io.maskroute.datasets.TestJson.doubles;
import static io.maskroute.datasets.TestJson.stream;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.datasets.TestJson;
import io.maskroute.datasets.mask.Rle;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code data/davis_jf}: pairs of masks, and statistics of sequences. */
class DavisMetricsTest {
    private static final Offset<Double> EXACT = within(1e-12);
    private static final JsonNode GOLDEN = TestJson.read("data/davis_jf/public.json");

    static Stream<JsonNode> pairs() {
        return stream(GOLDEN.get("pairs"));
    }

    static Stream<JsonNode> sequences() {
        return stream(GOLDEN.get("sequence_statistics"));
    }

    static IntStream seeds() {
        return IntStream.range(0, 10);
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void jAndF(JsonNode pair) {
        int height = pair.get("h").intValue();
        int width = pair.get("w").intValue();
        Rle truth = Rle.parse(height, width, pair.get("gt").textValue());
        Rle prediction = Rle.parse(height, width, pair.get("pred").textValue());
        long intersection = Rle.intersectionArea(truth, prediction);

        assertThat(EmptyUnion.ONE.iou(intersection, truth.area() + prediction.area() - intersection))
                .isCloseTo(pair.get("J").doubleValue(), EXACT);
        assertThat(Boundary.f(rowMajor(prediction), rowMajor(truth), height, width))
                .isCloseTo(pair.get("F").doubleValue(), EXACT);
    }

    private static boolean[] rowMajor(Rle rle) {
        BinaryMask mask = rle.toMask();
        boolean[] pixels = new boolean[mask.height() * mask.width()];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = mask.columnMajor()[i % mask.width() * mask.height() + i / mask.width()] != 0;
        }
        return pixels;
    }

    @ParameterizedTest
    @MethodSource("sequences")
    void statisticsOfASequence(JsonNode sequence) {
        VideoObjects.Statistics statistics = VideoObjects.statistics(doubles(sequence.get("values")));
        assertThat(statistics.mean()).isCloseTo(sequence.get("mean").doubleValue(), EXACT);
        assertThat(statistics.recall()).isCloseTo(sequence.get("recall").doubleValue(), EXACT);
        assertThat(statistics.decay()).isCloseTo(sequence.get("decay").doubleValue(), EXACT);
    }

    @Test
    void aSequenceOfOneFrameDoesNotDecay() {
        assertThat(VideoObjects.statistics(new double[] {0.5})).isEqualTo(new VideoObjects.Statistics(0.5, 0, 0));
    }

    private record Part(String sequence, int object, int frame, double j, double f) {}

    @ParameterizedTest
    @MethodSource("seeds")
    void orderAndPartitionsDoNotMatter(int seed) {
        Random random = new Random(seed);
        List<Part> parts = new ArrayList<>();
        for (int frame = 0; frame < 30; frame++) {
            for (int object = 1; object < 4; object++) {
                parts.add(new Part("a", object, frame, random.nextDouble(), random.nextDouble()));
                parts.add(new Part("b", object, frame, random.nextDouble(), random.nextDouble()));
            }
        }
        VideoObjects inOrder = new VideoObjects();
        parts.forEach(part -> add(inOrder, part));
        Collections.shuffle(parts, random);
        for (int partitions : new int[] {1, 3, 8}) {
            List<VideoObjects> each = IntStream.range(0, partitions)
                    .mapToObj(i -> new VideoObjects())
                    .toList();
            parts.forEach(part -> add(each.get(random.nextInt(partitions)), part));
            VideoObjects merged = new VideoObjects();
            each.forEach(merged::merge);
            assertThat(merged.overall()).isEqualTo(inOrder.overall());
            assertThat(merged.perObject()).isEqualTo(inOrder.perObject());
        }
    }

    private static void add(VideoObjects figures, Part part) {
        figures.add(part.sequence, part.object, part.frame, part.j, part.f);
    }
}
