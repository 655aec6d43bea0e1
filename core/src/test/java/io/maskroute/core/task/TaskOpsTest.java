package io.maskroute.core.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.image.ImageGeometry;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What tasks make of logits and regions, against PSALM's own post-processing, in the way that production takes. */
class TaskOpsTest {
    private static final Path OPS = Path.of("src/test/resources/fixtures/ops");
    private static final int HEIGHT = 24;
    private static final int WIDTH = 30;
    private static final int QUERIES = 10;

    private static TorchProgram program;

    @BeforeAll
    static void load() {
        program = TorchProgram.load("cpu");
        TorchProgram.enterThread(1);
    }

    @AfterAll
    static void close() {
        program.close();
    }

    /** Of masks of 24 x 30 in a square of 30, which resizing to 30 leaves as they are. */
    private static Decoded decoded(TorchScope work, float[] logits, int conditions, float[] masks) {
        float[] features = new float[QUERIES * WIDTH * WIDTH];
        for (int q = 0; q < QUERIES; q++) {
            // What lies below the picture must not count.
            Arrays.fill(features, q * WIDTH * WIDTH, (q + 1) * WIDTH * WIDTH, 7);
            System.arraycopy(masks, q * HEIGHT * WIDTH, features, q * WIDTH * WIDTH, HEIGHT * WIDTH);
        }
        float[] identity = new float[QUERIES * QUERIES];
        IntStream.range(0, QUERIES).forEach(q -> identity[q * QUERIES + q] = 1);
        return new Decoded(
                work,
                work.floats(logits, QUERIES, conditions),
                work.floats(identity, QUERIES, QUERIES),
                work.floats(features, 1, QUERIES, WIDTH, WIDTH),
                WIDTH,
                new ImageGeometry(WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH));
    }

    /** Classes 0 and 2 are things. */
    private static List<Category> categories(Safetensors op) {
        long[] things = op.longs("is_thing");
        return IntStream.range(0, things.length)
                .mapToObj(c -> new Category(100 + c, "class " + c, things[c] == 1))
                .toList();
    }

    private static boolean same(BinaryMask mask, java.util.function.BiPredicate<Integer, Integer> expected) {
        for (int r = 0; r < mask.height(); r++) {
            for (int c = 0; c < mask.width(); c++) {
                if (mask.at(r, c) != expected.test(r, c)) {
                    return false;
                }
            }
        }
        return true;
    }

    @Test
    void panopticSegmentsArePsalms() throws Exception {
        try (Safetensors op = Safetensors.open(OPS.resolve("panoptic_postprocess.safetensors"));
                TorchScope work = program.scope()) {
            List<Category> categories = categories(op);
            List<ScoredMask> found = new PanopticTask(categories)
                    .masks(decoded(work, op.floats("class_logits"), 5, op.floats("mask_logits")), AnswerRule.of(0));

            long[] segments = op.longs("segments");
            long[] seg = op.longs("panoptic_seg");
            assertThat(found).hasSize(segments.length / 3).isSortedAccordingTo(Comparator.comparing(m -> -m.score()));
            for (int s = 0; s < segments.length / 3; s++) {
                long id = segments[3 * s];
                long category = segments[3 * s + 2];
                assertThat(found)
                        .filteredOn(mask -> mask.category() == categories.get((int) category))
                        .as("segment %d", id)
                        .anyMatch(mask -> same(mask.mask(), (r, c) -> seg[r * WIDTH + c] == id));
            }
        }
    }

    @Test
    void instancesArePsalms() throws Exception {
        try (Safetensors op = Safetensors.open(OPS.resolve("panoptic_postprocess.safetensors"));
                TorchScope work = program.scope()) {
            List<Category> categories = categories(op);
            // The original was in panoptic mode, which keeps things alone.
            List<ScoredMask> found = new InstanceTask(categories)
                            .masks(
                                    decoded(work, op.floats("class_logits"), 5, op.floats("mask_logits")),
                                    AnswerRule.of(0))
                            .stream()
                            .filter(mask -> mask.category().thing())
                            .toList();

            float[] scores = op.floats("instance_scores");
            long[] classes = op.longs("instance_classes");
            float[] masks = asFloats(op, "instance_masks");
            List<Integer> order = IntStream.range(0, scores.length)
                    .boxed()
                    .filter(i -> IntStream.range(0, HEIGHT * WIDTH).anyMatch(p -> masks[i * HEIGHT * WIDTH + p] != 0))
                    .sorted(Comparator.comparing(i -> -scores[i]))
                    .toList();
            assertThat(found).hasSameSizeAs(order);
            for (int i = 0; i < order.size(); i++) {
                int which = order.get(i);
                assertThat(found.get(i).score()).isCloseTo(scores[which], within(1e-5f));
                assertThat(found.get(i).category()).isEqualTo(categories.get((int) classes[which]));
                assertThat(same(found.get(i).mask(), (r, c) -> masks[which * HEIGHT * WIDTH + r * WIDTH + c] != 0))
                        .isTrue();
            }
        }
    }

    @Test
    void labelsAreThoseOfTheLargestClassMaps() throws Exception {
        try (Safetensors op = Safetensors.open(OPS.resolve("panoptic_postprocess.safetensors"));
                TorchScope work = program.scope()) {
            List<Category> categories = categories(op);
            List<ScoredMask> found = new SemanticTask(categories)
                    .masks(decoded(work, op.floats("class_logits"), 5, op.floats("mask_logits")), AnswerRule.of(0));

            float[] maps = op.floats("sem_seg");
            int[] labels = new int[HEIGHT * WIDTH];
            double[] shares = new double[4];
            int[] pixels = new int[4];
            for (int p = 0; p < labels.length; p++) {
                double total = 0;
                for (int c = 0; c < 4; c++) {
                    total += maps[c * labels.length + p];
                    labels[p] = maps[c * labels.length + p] > maps[labels[p] * labels.length + p] ? c : labels[p];
                }
                shares[labels[p]] += maps[labels[p] * labels.length + p] / total;
                pixels[labels[p]]++;
            }
            assertThat(found)
                    .hasSize((int) Arrays.stream(pixels).filter(n -> n > 0).count());
            for (ScoredMask mask : found) {
                int c = categories.indexOf(mask.category());
                assertThat(same(mask.mask(), (row, column) -> labels[row * WIDTH + column] == c))
                        .as("class %d", c)
                        .isTrue();
                assertThat((double) mask.score()).isCloseTo(shares[c] / pixels[c], within(1e-5));
            }
        }
    }

    /** However few masks may exist at once. */
    @ParameterizedTest
    @ValueSource(longs = {1, 3 * WIDTH * WIDTH, Decoded.MASK_PIXELS})
    void workingInPiecesChangesNothing(long pixels) {
        try (Safetensors op = Safetensors.open(OPS.resolve("panoptic_postprocess.safetensors"));
                TorchScope work = program.scope()) {
            Decoded decoded = decoded(work, op.floats("class_logits"), 5, op.floats("mask_logits"));
            IValue probabilities = work.run("without_last", work.run("class_probabilities", decoded.logits()));
            IValue[] labels = labels(work, decoded, probabilities, pixels);
            IValue[] whole = labels(work, decoded, probabilities, Decoded.MASK_PIXELS);
            assertThat(work.longs(labels[0])).isEqualTo(work.longs(whole[0]));
            assertThat(work.longs(labels[1])).isEqualTo(work.longs(whole[1]));

            IValue[] winners = winners(work, decoded, pixels);
            IValue[] all = winners(work, decoded, Decoded.MASK_PIXELS);
            for (int i = 2; i < 5; i++) {
                assertThat(work.longs(winners[i])).isEqualTo(work.longs(all[i]));
            }
            assertThat(work.longs(winners[0])).isEqualTo(work.longs(all[0]));
        }
    }

    private static IValue[] labels(TorchScope work, Decoded decoded, IValue probabilities, long pixels) {
        return work.elements(work.run(
                "semantic_labels",
                probabilities,
                decoded.embeddings(),
                decoded.features(),
                work.of((long) WIDTH),
                decoded.content(),
                decoded.original(),
                work.of(pixels)));
    }

    private static IValue[] winners(TorchScope work, Decoded decoded, long pixels) {
        long[] queries = {9, 2, 5, 0, 7};
        return work.elements(work.run(
                "panoptic_winners",
                decoded.embeddings(),
                decoded.features(),
                work.of((long) WIDTH),
                decoded.content(),
                decoded.original(),
                work.longsOnDevice(queries),
                work.floats(new float[] {.9f, .85f, .95f, .81f, .99f}, 5),
                work.of(pixels)));
    }

    /** PSALM's rule for gRefCOCO: all that score more than a threshold, or the best one. */
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.3, 0.6, 0.8})
    void allMasksAboveAThresholdAnswerTogetherOrTheBestOne(double threshold) throws Exception {
        try (Safetensors op = Safetensors.open(OPS.resolve("referring_region_scores.safetensors"));
                TorchScope work = program.scope()) {
            float[] masks = op.floats("mask_logits");
            float[] scores = op.floats("referring_scores_query_order");
            List<Integer> expected = IntStream.range(0, QUERIES)
                    .boxed()
                    .filter(q -> scores[q] > threshold)
                    .sorted(Comparator.comparing(q -> -scores[q]))
                    .toList();
            if (expected.isEmpty()) {
                expected = List.of(IntStream.range(0, QUERIES)
                        .boxed()
                        .max(Comparator.comparing(q -> scores[q]))
                        .orElseThrow());
            }

            Decoded decoded = decoded(work, op.floats("SEG_logits"), 1, masks);
            ReferringTask task = new ReferringTask(List.of("any"));
            List<ScoredMask> found =
                    task.masks(decoded, new AnswerRule(OptionalDouble.of(threshold), 0, Integer.MAX_VALUE));

            assertThat(found).hasSameSizeAs(expected);
            for (int i = 0; i < found.size(); i++) {
                assertThat(found.get(i).score()).isCloseTo(scores[expected.get(i)], within(1e-5f));
                int first = expected.get(i) * HEIGHT * WIDTH;
                assertThat(same(found.get(i).mask(), (r, c) -> masks[first + r * WIDTH + c] > 0))
                        .isTrue();
            }
            assertThat(task.masks(decoded, new AnswerRule(OptionalDouble.of(threshold), 0, 1)))
                    .hasSize(1);
            assertThat(task.masks(decoded, new AnswerRule(OptionalDouble.of(threshold), 1, 9)))
                    .isEmpty();
        }
    }

    @Test
    void scoresOfExpressionsAndRegionsArePsalms() throws Exception {
        try (Safetensors op = Safetensors.open(OPS.resolve("referring_region_scores.safetensors"));
                TorchScope work = program.scope()) {
            float[] masks = op.floats("mask_logits");
            float[] expected = op.floats("referring_scores_query_order");
            ScoredMask best = new ReferringTask(List.of("any"))
                    .masks(decoded(work, op.floats("SEG_logits"), 1, masks), AnswerRule.of(0))
                    .get(0);
            requireBest(best, expected, 1, 0, masks);

            float[] regionLogits = op.floats("region_logits");
            int regions = regionLogits.length / QUERIES;
            float[] logits = new float[regionLogits.length];
            for (int q = 0; q < QUERIES; q++) {
                for (int r = 0; r < regions; r++) {
                    logits[q * regions + r] = regionLogits[r * QUERIES + q];
                }
            }
            RegionTask task = new RegionTask(
                    IntStream.range(0, regions)
                            .mapToObj(r -> Drawn.box(0, 0, 1, 1))
                            .toList(),
                    0);
            Decoded decoded = decoded(work, logits, regions, masks);
            List<ScoredMask> found = task.masks(decoded, AnswerRule.of(0));
            assertThat(found)
                    .extracting(ScoredMask::region)
                    .containsExactlyInAnyOrderElementsOf(
                            IntStream.range(0, regions).boxed().toList());
            assertThat(found).isSortedAccordingTo(Comparator.comparing(m -> -m.score()));
            for (ScoredMask mask : found) {
                requireBest(mask, op.floats("region_scores"), regions, mask.region(), masks);
            }
            assertThat(task.masks(decoded, new AnswerRule(OptionalDouble.empty(), 0, 1)))
                    .hasSize(1);

            IValue taps = work.dictionary();
            task.trace(decoded, taps);
            Map<String, IValue> traced = work.entries(taps);
            assertThat(work.floats(traced.get("result.scores")))
                    .containsExactly(op.floats("region_scores"), within(1e-5f));
        }
    }

    private static void requireBest(ScoredMask found, float[] scores, int columns, int column, float[] masks) {
        int best = 0;
        for (int q = 1; q < QUERIES; q++) {
            best = scores[q * columns + column] > scores[best * columns + column] ? q : best;
        }
        int query = best;
        assertThat(found.score()).isCloseTo(scores[query * columns + column], within(1e-5f));
        assertThat(same(found.mask(), (r, c) -> masks[query * HEIGHT * WIDTH + r * WIDTH + c] > 0))
                .isTrue();
    }

    /** Masks of exactly as many pixels as are sampled, so that nothing is left to chance. */
    @Test
    void regionsAreSampledAsPsalmDoes() throws Exception {
        try (Safetensors op = Safetensors.open(OPS.resolve("region_pooling.safetensors"));
                TorchScope work = program.scope()) {
            float[] masks = asFloats(op, "masks");
            int side = 64;
            List<float[]> points = new ArrayList<>();
            for (int m = 0; m < 2; m++) {
                byte[] columnMajor = new byte[side * side];
                for (int i = 0; i < side * side; i++) {
                    columnMajor[i % side * side + i / side] = (byte) masks[m * side * side + i];
                }
                points.add(RegionPoints.of(
                        Drawn.of(new BinaryMask(side, side, columnMajor)),
                        new ImageGeometry(side, side, side, side, side),
                        new SplittableRandom(1)));
            }
            float[] all = Arrays.copyOf(points.get(0), 4 * RegionPoints.POINTS);
            System.arraycopy(points.get(1), 0, all, 2 * RegionPoints.POINTS, 2 * RegionPoints.POINTS);
            IValue features = work.run(
                    "region_features",
                    work.floats(op.floats("feature_tokens"), 1, 16, 10),
                    work.longsOnDevice(0, 0),
                    work.floats(all, 2, RegionPoints.POINTS, 2),
                    work.run("no_taps"));

            assertThat(work.floats(features)).containsExactly(op.floats("out"), within(1e-5f));
        }
    }

    @Test
    void masksAreCutOutBeforeTheyAreResized() {
        try (Safetensors op = Safetensors.open(OPS.resolve("sem_seg_postprocess.safetensors"));
                TorchScope work = program.scope()) {
            IValue out = work.run(
                    "full_size_logits",
                    work.floats(op.floats("x"), 3, 16, 16),
                    work.of(16L),
                    work.ints(op.longs("crop_hw")),
                    work.ints(23, 33));
            assertThat(work.floats(out)).containsExactly(op.floats("out"), within(1e-5f));
        }
    }

    private static float[] asFloats(Safetensors op, String name) {
        if (op.info(name).dtype().isFloating()) {
            return op.floats(name);
        }
        long[] values = op.longs(name);
        float[] floats = new float[values.length];
        IntStream.range(0, values.length).forEach(i -> floats[i] = values[i]);
        return floats;
    }
}
