package io.maskroute.datasets.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.maskroute.core.mask.BinaryMask;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.datasets.mask.Rle;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** {@code fixtures/ops/metric_refcoco}: PSALM's own evaluation, run on predictions of five masks per sample. */
class PsalmMetricFixtureTest {
    private static final int SAMPLES = 6;
    private static final int MASKS = 5;
    private static final int HEIGHT = 20;
    private static final int WIDTH = 24;
    /** Classes of the fixture's areas: background, then foreground. */
    private static final int CLASSES = 2;

    /** PSALM adds 1e-5 to the union and divides in float32; the smallest union here is 25 pixels. */
    private static final Offset<Double> FLOAT_AND_EPSILON = within(1e-6);

    @Test
    void bestMaskPerSample() throws Exception {
        check("", 1);
    }

    @Test
    void unionOfConfidentMasks() throws Exception {
        check("gref_", 0.6f);
    }

    private static void check(String prefix, float threshold) throws Exception {
        Path file = Path.of(PsalmMetricFixtureTest.class
                .getResource("/fixtures/ops/metric_refcoco.safetensors")
                .toURI());
        try (Safetensors fixture = Safetensors.open(file)) {
            long[] predictions = fixture.longs("preds");
            long[] truths = fixture.longs("gts");
            float[] scores = fixture.floats("scores");
            float[] intersections = fixture.floats(prefix + "intersection");
            float[] unions = fixture.floats(prefix + "union");
            ReferringMetrics metrics = new ReferringMetrics(ReferringRules.DEFAULT);
            for (int s = 0; s < SAMPLES; s++) {
                Rle prediction = predicted(s, predictions, scores, threshold);
                Rle truth = mask(truths, s);
                long intersection = Rle.intersectionArea(prediction, truth);
                long union = prediction.area() + truth.area() - intersection;
                metrics.add(intersection, union);

                assertThat(intersection).isEqualTo((long) intersections[s * CLASSES + 1]);
                assertThat(union).isEqualTo((long) unions[s * CLASSES + 1]);
                if (prefix.isEmpty()) {
                    assertThat(EmptyUnion.ONE.iou(intersection, union))
                            .isCloseTo(fixture.floats("iou")[s * CLASSES + 1], FLOAT_AND_EPSILON);
                }
            }
            assertThat(metrics.scores().cIoU()).isCloseTo(fixture.floats(prefix + "ciou")[0], FLOAT_AND_EPSILON);
            assertThat(metrics.scores().gIoU()).isCloseTo(fixture.floats(prefix + "giou")[0], FLOAT_AND_EPSILON);
        }
    }

    /** The masks whose score is above the threshold, else the best one. */
    private static Rle predicted(int sample, long[] predictions, float[] scores, float threshold) {
        int best = sample * MASKS;
        List<Rle> confident = new ArrayList<>();
        for (int m = sample * MASKS; m < (sample + 1) * MASKS; m++) {
            best = scores[m] > scores[best] ? m : best;
            if (scores[m] > threshold) {
                confident.add(mask(predictions, m));
            }
        }
        return confident.isEmpty() ? mask(predictions, best) : Rle.union(confident);
    }

    private static Rle mask(long[] rowMajor, int index) {
        byte[] columnMajor = new byte[HEIGHT * WIDTH];
        for (int row = 0; row < HEIGHT; row++) {
            for (int column = 0; column < WIDTH; column++) {
                columnMajor[column * HEIGHT + row] = (byte) rowMajor[(index * HEIGHT + row) * WIDTH + column];
            }
        }
        return Rle.of(new BinaryMask(HEIGHT, WIDTH, columnMajor));
    }
}
