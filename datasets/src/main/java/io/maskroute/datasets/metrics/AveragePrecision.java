package io.maskroute.datasets.metrics;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Accumulates COCO's average precision and recall as pycocotools' {@code COCOeval} does, with its rounding and its
 * peculiarities. What it keeps is a few numbers per detection; any order of evidence and merges gives the same to the last
 * bit, since detections are sorted by score, picture and rank in the end. Not safe for several threads at once.
 */
public final class AveragePrecision implements Serializable {
    /** Of one picture and category, those with the highest scores. */
    public static final int MOST_DETECTIONS = 100;

    private static final int[] FEWER_DETECTIONS = {1, 10};

    /** Bounds of areas in pixels, both inclusive: all, small, medium, large. */
    private static final double[][] AREAS = {{0, 1e10}, {0, 32 * 32}, {32 * 32, 96 * 96}, {96 * 96, 1e10}};

    private static final int ALL = 0;

    /** As numpy's linspace computes them: the ninth is a little less than 0.9. */
    private static final double[] THRESHOLDS = thresholds();

    private static final int AT_50 = 0;
    private static final int AT_75 = 5;
    private static final int RECALL_POINTS = 101;
    /** What numpy adds to a divisor that may be zero: the distance from 1 to the next double. */
    private static final double SPACING = Math.ulp(1.0);

    private static final double ABSENT = -1;

    private final TreeMap<Long, Category> categories = new TreeMap<>();

    private static double[] thresholds() {
        double step = (0.95 - 0.5) / 9;
        double[] thresholds =
                IntStream.range(0, 10).mapToDouble(i -> i * step + 0.5).toArray();
        thresholds[9] = 0.95;
        return thresholds;
    }

    /**
     * @param score any number but NaN
     * @param area in pixels
     */
    public record Detection(double score, double area) {}

    /**
     * @param id of the annotation. One with the id 0 is taken for no match, as pycocotools does
     * @param area in pixels, as its file has it
     * @param crowd whether any number of detections may lie in it
     */
    public record Truth(long id, double area, boolean crowd) {}

    /** IoU of a detection and a truth, by their places in the lists. */
    @FunctionalInterface
    public interface Ious {
        double of(int detection, int truth);
    }

    /**
     * What one picture says about one category. Bit {@code 10 * area + threshold} of a detection's numbers is that of an area
     * range and an IoU threshold.
     *
     * @param picture orders detections of the same score
     * @param scores of the best {@link #MOST_DETECTIONS}, best first
     * @param matched whether a truth was found
     * @param ignored whether it counts neither as right nor as wrong
     * @param truths how many count, by area range
     */
    public record Evidence(long picture, double[] scores, long[] matched, long[] ignored, int[] truths)
            implements Serializable {
        /**
         * @param detections in the order of their file, which decides between equal scores
         * @param truths in the order of their file
         * @param ious asked for the best detections alone
         */
        public static Evidence of(long picture, List<Detection> detections, List<Truth> truths, Ious ious) {
            // numpy's stable sort of negated scores: 0 and -0 are equal.
            int[] best = IntStream.range(0, detections.size())
                    .boxed()
                    .sorted(Comparator.comparingDouble(d -> -detections.get(d).score() + 0.0))
                    .limit(MOST_DETECTIONS)
                    .mapToInt(Integer::intValue)
                    .toArray();
            Matching matching = new Matching(best, detections, truths, ious);
            int[] counted = new int[AREAS.length];
            for (int area = 0; area < AREAS.length; area++) {
                counted[area] = matching.match(area);
            }
            return new Evidence(
                    picture,
                    Arrays.stream(best)
                            .mapToDouble(d -> detections.get(d).score())
                            .toArray(),
                    matching.matched,
                    matching.ignored,
                    counted);
        }
    }

    /** Who goes with whom in one picture and category. */
    private static final class Matching {
        private final double[] detectionAreas;
        private final List<Truth> truths;
        private final double[][] ious;
        private final long[] matched;
        private final long[] ignored;

        private Matching(int[] best, List<Detection> detections, List<Truth> truths, Ious ious) {
            this.truths = truths;
            this.matched = new long[best.length];
            this.ignored = new long[best.length];
            this.detectionAreas = new double[best.length];
            this.ious = new double[best.length][truths.size()];
            for (int d = 0; d < best.length; d++) {
                detectionAreas[d] = detections.get(best[d]).area();
                for (int t = 0; t < truths.size(); t++) {
                    this.ious[d][t] = ious.of(best[d], t);
                }
            }
        }

        /** How many truths count in this area range. */
        private int match(int area) {
            boolean[] ignoredTruth = new boolean[truths.size()];
            int counting = 0;
            for (int t = 0; t < ignoredTruth.length; t++) {
                ignoredTruth[t] =
                        truths.get(t).crowd() || isOutside(area, truths.get(t).area());
                counting += ignoredTruth[t] ? 0 : 1;
            }
            int[] order = new int[ignoredTruth.length];
            int first = 0;
            int last = counting;
            for (int t = 0; t < order.length; t++) {
                order[ignoredTruth[t] ? last++ : first++] = t;
            }
            for (int threshold = 0; threshold < THRESHOLDS.length; threshold++) {
                match(1L << (area * THRESHOLDS.length + threshold), area, THRESHOLDS[threshold], order, ignoredTruth);
            }
            return counting;
        }

        private void match(long bit, int area, double threshold, int[] order, boolean[] ignoredTruth) {
            boolean[] taken = new boolean[order.length];
            for (int d = 0; d < matched.length; d++) {
                double best = Math.min(threshold, 1 - 1e-10);
                int found = -1;
                for (int t : order) {
                    if (taken[t] && !truths.get(t).crowd()) {
                        continue;
                    }
                    if (found >= 0 && !ignoredTruth[found] && ignoredTruth[t]) {
                        break;
                    }
                    // Of equals the later one.
                    if (ious[d][t] >= best) {
                        best = ious[d][t];
                        found = t;
                    }
                }
                boolean counts = found >= 0 && truths.get(found).id() != 0;
                if (found >= 0) {
                    taken[found] = true;
                    ignored[d] |= ignoredTruth[found] ? bit : 0;
                }
                if (counts) {
                    matched[d] |= bit;
                } else if (isOutside(area, detectionAreas[d])) {
                    ignored[d] |= bit;
                }
            }
        }

        private static boolean isOutside(int range, double area) {
            return area < AREAS[range][0] || area > AREAS[range][1];
        }
    }

    /** All evidence of one category, detection by detection. */
    private static final class Category implements Serializable {
        private int size;
        private double[] scores = new double[16];
        private long[] pictures = new long[16];
        private byte[] ranks = new byte[16];
        private long[] matched = new long[16];
        private long[] ignored = new long[16];
        private final long[] truths = new long[AREAS.length];

        private void reserve(int more) {
            if (size + more > scores.length) {
                int length = Math.max(size + more, 2 * scores.length);
                scores = Arrays.copyOf(scores, length);
                pictures = Arrays.copyOf(pictures, length);
                ranks = Arrays.copyOf(ranks, length);
                matched = Arrays.copyOf(matched, length);
                ignored = Arrays.copyOf(ignored, length);
            }
        }

        private void add(Evidence evidence) {
            int more = evidence.scores.length;
            reserve(more);
            System.arraycopy(evidence.scores, 0, scores, size, more);
            System.arraycopy(evidence.matched, 0, matched, size, more);
            System.arraycopy(evidence.ignored, 0, ignored, size, more);
            Arrays.fill(pictures, size, size + more, evidence.picture);
            for (int rank = 0; rank < more; rank++) {
                ranks[size + rank] = (byte) rank;
            }
            size += more;
            for (int area = 0; area < truths.length; area++) {
                truths[area] += evidence.truths[area];
            }
        }

        private void add(Category other) {
            reserve(other.size);
            System.arraycopy(other.scores, 0, scores, size, other.size);
            System.arraycopy(other.pictures, 0, pictures, size, other.size);
            System.arraycopy(other.ranks, 0, ranks, size, other.size);
            System.arraycopy(other.matched, 0, matched, size, other.size);
            System.arraycopy(other.ignored, 0, ignored, size, other.size);
            size += other.size;
            for (int area = 0; area < truths.length; area++) {
                truths[area] += other.truths[area];
            }
        }

        private Curves curves() {
            int[] order = IntStream.range(0, size)
                    .boxed()
                    .sorted(Comparator.<Integer>comparingDouble(d -> -scores[d] + 0.0)
                            .thenComparingLong(d -> pictures[d])
                            .thenComparingInt(d -> ranks[d]))
                    .mapToInt(Integer::intValue)
                    .toArray();
            double[][][] precision = new double[AREAS.length][][];
            double[][] recall = new double[AREAS.length][];
            for (int area = 0; area < AREAS.length; area++) {
                if (truths[area] > 0) {
                    precision[area] = new double[THRESHOLDS.length][];
                    recall[area] = recall(area, MOST_DETECTIONS);
                    for (int threshold = 0; threshold < THRESHOLDS.length; threshold++) {
                        precision[area][threshold] = precision(order, area, threshold);
                    }
                }
            }
            double[][] fewer = new double[FEWER_DETECTIONS.length][];
            for (int f = 0; f < fewer.length && truths[ALL] > 0; f++) {
                fewer[f] = recall(ALL, FEWER_DETECTIONS[f]);
            }
            return new Curves(precision, recall, fewer);
        }

        private double[] recall(int area, int most) {
            double[] recall = new double[THRESHOLDS.length];
            for (int threshold = 0; threshold < recall.length; threshold++) {
                long bit = 1L << (area * THRESHOLDS.length + threshold);
                int right = 0;
                for (int d = 0; d < size; d++) {
                    right += ranks[d] < most && (matched[d] & ~ignored[d] & bit) != 0 ? 1 : 0;
                }
                recall[threshold] = (double) right / truths[area];
            }
            return recall;
        }

        /** At each recall point the best precision from there on; 0 where recall does not get there. */
        private double[] precision(int[] order, int area, int threshold) {
            long bit = 1L << (area * THRESHOLDS.length + threshold);
            double[] precisions = new double[size];
            double[] recalls = new double[size];
            int right = 0;
            int wrong = 0;
            for (int i = 0; i < size; i++) {
                int d = order[i];
                if ((ignored[d] & bit) == 0) {
                    boolean match = (matched[d] & bit) != 0;
                    right += match ? 1 : 0;
                    wrong += match ? 0 : 1;
                }
                recalls[i] = (double) right / truths[area];
                precisions[i] = right / (wrong + right + SPACING);
            }
            for (int i = size - 1; i > 0; i--) {
                precisions[i - 1] = Math.max(precisions[i - 1], precisions[i]);
            }
            double[] atPoints = new double[RECALL_POINTS];
            int i = 0;
            for (int point = 0; point < RECALL_POINTS; point++) {
                while (i < size && recalls[i] < point * 0.01) {
                    i++;
                }
                atPoints[point] = i < size ? precisions[i] : 0;
            }
            return atPoints;
        }
    }

    /**
     * Of one category; null where no truth counts.
     *
     * @param precision by area, threshold, recall point
     * @param recall by area, threshold
     * @param fewer recall over all areas with fewer detections, by {@link #FEWER_DETECTIONS}, threshold
     */
    private record Curves(double[][][] precision, double[][] recall, double[][] fewer) {}

    /** Adds up what is there and divides; in the order that it comes in. */
    private static final class Mean {
        private double sum;
        private long count;

        private void add(double[] values) {
            for (double value : values) {
                sum += value;
            }
            count += values.length;
        }

        private double value() {
            return count == 0 ? ABSENT : sum / count;
        }
    }

    /** The figures; -1 where there is no truth to find. */
    public static final class Result {
        private final SortedMap<Long, Curves> curves;

        private Result(SortedMap<Long, Curves> curves) {
            this.curves = curves;
        }

        /** In pycocotools' order: AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100, ARs, ARm, ARl. */
        public double[] stats() {
            return new double[] {
                precision(ALL, 0, THRESHOLDS.length),
                precision(ALL, AT_50, AT_50 + 1),
                precision(ALL, AT_75, AT_75 + 1),
                precision(1, 0, THRESHOLDS.length),
                precision(2, 0, THRESHOLDS.length),
                precision(3, 0, THRESHOLDS.length),
                fewer(0),
                fewer(1),
                recall(ALL),
                recall(1),
                recall(2),
                recall(3)
            };
        }

        private double precision(int area, int fromThreshold, int toThreshold) {
            Mean mean = new Mean();
            for (Curves category : curves.values()) {
                for (int t = fromThreshold; t < toThreshold && category.precision[area] != null; t++) {
                    mean.add(category.precision[area][t]);
                }
            }
            return mean.value();
        }

        private double recall(int area) {
            Mean mean = new Mean();
            curves.values().stream()
                    .filter(category -> category.recall[area] != null)
                    .forEach(category -> mean.add(category.recall[area]));
            return mean.value();
        }

        private double fewer(int which) {
            Mean mean = new Mean();
            curves.values().stream()
                    .filter(category -> category.fewer[which] != null)
                    .forEach(category -> mean.add(category.fewer[which]));
            return mean.value();
        }

        /** AP of one category; -1 without truth. */
        public double of(long category) {
            Mean mean = new Mean();
            if (hasTruth(category)) {
                for (double[] precision : curves.get(category).precision[ALL]) {
                    mean.add(precision);
                }
            }
            return mean.value();
        }

        /** Precision at the 101 recall points, all areas, for one of the ten IoU thresholds; -1 without truth. */
        public double[] precision(long category, int threshold) {
            return hasTruth(category)
                    ? curves.get(category).precision[ALL][threshold].clone()
                    : filled(RECALL_POINTS);
        }

        /** Recall with 100 detections, all areas, by IoU threshold; -1 without truth. */
        public double[] recall(long category) {
            return hasTruth(category) ? curves.get(category).recall[ALL].clone() : filled(THRESHOLDS.length);
        }

        private boolean hasTruth(long category) {
            return curves.containsKey(category) && curves.get(category).precision[ALL] != null;
        }

        private static double[] filled(int length) {
            double[] absent = new double[length];
            Arrays.fill(absent, ABSENT);
            return absent;
        }
    }

    /** Evidence of a picture and category that did not come yet. */
    public void add(long category, Evidence evidence) {
        categories.computeIfAbsent(category, unknown -> new Category()).add(evidence);
    }

    /** Takes in all evidence of {@code other}, which stays as it is. */
    public void merge(AveragePrecision other) {
        other.categories.forEach((category, evidence) ->
                categories.computeIfAbsent(category, unknown -> new Category()).add(evidence));
    }

    /** Over all categories. */
    public Result result() {
        return result(categories.keySet());
    }

    /** @param wanted categories that count; those without evidence have none */
    public Result result(Collection<Long> wanted) {
        Map<Long, Curves> curves = wanted.parallelStream()
                .filter(categories::containsKey)
                .collect(Collectors.toMap(
                        category -> category,
                        category -> categories.get(category).curves()));
        return new Result(new TreeMap<>(curves));
    }
}
