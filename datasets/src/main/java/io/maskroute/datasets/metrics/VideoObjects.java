package io.maskroute.datasets.metrics;

import java.io.Serializable;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Accumulates J and F of DAVIS, frame by frame of each object, as davis2017-evaluation does for semi-supervised results. Its
 * sums are taken in the order of objects and frames, so that any order of frames and merges gives the same. Not safe for
 * several threads at once.
 */
public final class VideoObjects implements Serializable {
    private static final int QUARTERS = 4;
    /** As the reference program, so that a half is rounded up although numpy rounds it to the even number. */
    private static final double NUDGE = 1e-10;

    private final TreeMap<String, TreeMap<Integer, TreeMap<Integer, Frame>>> sequences = new TreeMap<>();

    private record Frame(double j, double f) implements Serializable {}

    /**
     * Of one object, or the mean over objects.
     *
     * @param mean over the frames
     * @param recall share of the frames with more than 0.5
     * @param decay mean of the first quarter of the frames less that of the last
     */
    public record Statistics(double mean, double recall, double decay) {}

    /** Region similarity (IoU) and boundary accuracy. */
    public record JAndF(Statistics j, Statistics f) {}

    /**
     * @param object its number in the sequence
     * @param frame its place in the sequence
     * @param j IoU; 1 when neither mask has a pixel
     * @param f as {@link Boundary#f}
     */
    public void add(String sequence, int object, int frame, double j, double f) {
        sequences
                .computeIfAbsent(sequence, unknown -> new TreeMap<>())
                .computeIfAbsent(object, unknown -> new TreeMap<>())
                .put(frame, new Frame(j, f));
    }

    /** Takes in all frames of {@code other}, which stays as it is. */
    public void merge(VideoObjects other) {
        other.sequences.forEach((sequence, objects) -> objects.forEach((object, frames) ->
                frames.forEach((frame, values) -> add(sequence, object, frame, values.j, values.f))));
    }

    /** By sequence and number. */
    public SortedMap<String, SortedMap<Integer, JAndF>> perObject() {
        SortedMap<String, SortedMap<Integer, JAndF>> result = new TreeMap<>();
        sequences.forEach((sequence, objects) -> {
            SortedMap<Integer, JAndF> ofSequence = new TreeMap<>();
            objects.forEach((object, frames) -> ofSequence.put(
                    object,
                    new JAndF(
                            statistics(frames.values().stream()
                                    .mapToDouble(Frame::j)
                                    .toArray()),
                            statistics(frames.values().stream()
                                    .mapToDouble(Frame::f)
                                    .toArray()))));
            result.put(sequence, ofSequence);
        });
        return Collections.unmodifiableSortedMap(result);
    }

    /** The mean over all objects, not over sequences; NaN without any. */
    public JAndF overall() {
        Statistics j = new Statistics(0, 0, 0);
        Statistics f = new Statistics(0, 0, 0);
        int objects = 0;
        for (SortedMap<Integer, JAndF> ofSequence : perObject().values()) {
            for (JAndF object : ofSequence.values()) {
                j = sum(j, object.j);
                f = sum(f, object.f);
                objects++;
            }
        }
        return new JAndF(divided(j, objects), divided(f, objects));
    }

    /** J&F, and mean, recall and decay of J and F over all objects, as values. */
    public List<Score> scores(Score.Conditions conditions) {
        JAndF overall = overall();
        long objects = sequences.values().stream().mapToLong(Map::size).sum();
        return List.of(
                conditions.score(Metric.J_AND_F, (overall.j.mean + overall.f.mean) / 2, objects),
                conditions.score(Metric.J, overall.j.mean, objects),
                conditions.score(Metric.J_RECALL, overall.j.recall, objects),
                conditions.score(Metric.J_DECAY, overall.j.decay, objects),
                conditions.score(Metric.F, overall.f.mean, objects),
                conditions.score(Metric.F_RECALL, overall.f.recall, objects),
                conditions.score(Metric.F_DECAY, overall.f.decay, objects));
    }

    private static Statistics sum(Statistics a, Statistics b) {
        return new Statistics(a.mean + b.mean, a.recall + b.recall, a.decay + b.decay);
    }

    private static Statistics divided(Statistics sum, int by) {
        return by == 0
                ? new Statistics(Double.NaN, Double.NaN, Double.NaN)
                : new Statistics(sum.mean / by, sum.recall / by, sum.decay / by);
    }

    /** @param values of the frames in their order, at least one */
    public static Statistics statistics(double[] values) {
        int passed = 0;
        for (double value : values) {
            passed += value > 0.5 ? 1 : 0;
        }
        double first = mean(values, bound(values.length, 0), bound(values.length, 1));
        double last = mean(values, bound(values.length, QUARTERS - 1), bound(values.length, QUARTERS));
        return new Statistics(mean(values, 0, values.length - 1), (double) passed / values.length, first - last);
    }

    /** The frame at which a quarter ends and the next one begins; it belongs to both. */
    private static int bound(int frames, int quarter) {
        double step = (frames - 1) / (double) QUARTERS;
        double at = quarter == QUARTERS ? frames : 1 + quarter * step;
        return (int) Math.rint(at + NUDGE) - 1;
    }

    private static double mean(double[] values, int first, int last) {
        double sum = 0;
        for (int i = first; i <= last; i++) {
            sum += values[i];
        }
        return sum / (last - first + 1);
    }
}
