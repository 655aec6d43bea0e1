package io.maskroute.datasets.metrics;

import java.io.Serializable;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Accumulates panoptic quality as panopticapi's {@code pq_compute} does (Kirillov et al., Panoptic Segmentation, 2019). Any
 * order of pictures and merges gives the same to the last bit. Not safe for several threads at once.
 */
public final class PanopticQuality implements Serializable {
    /** The id of pixels that belong to no segment. */
    public static final long VOID = 0;

    private final TreeMap<Long, Matches> byCategory = new TreeMap<>();

    /**
     * @param area pixels; of the truth as its JSON has it, which may differ from what the picture shows
     * @param crowd of the truth: a region of many things, which no prediction has to match
     */
    public record Segment(long id, long category, double area, boolean crowd) {}

    /**
     * @param truth id of a segment, {@link #VOID}, or an id that no segment has
     * @param prediction likewise
     * @param pixels that have both, at least 1
     */
    public record Overlap(long truth, long prediction, long pixels) {}

    /**
     * What became of a category's segments.
     *
     * @param truePositives pairs
     * @param iouSum over the pairs
     */
    public record Counts(long truePositives, long falsePositives, long falseNegatives, double iouSum) {
        /** PQ, SQ and RQ; zeros without any segment. */
        public Quality quality() {
            double segments = truePositives + 0.5 * falsePositives + 0.5 * falseNegatives;
            return new Quality(
                    segments == 0 ? 0 : iouSum / segments,
                    truePositives == 0 ? 0 : iouSum / truePositives,
                    segments == 0 ? 0 : truePositives / segments);
        }
    }

    /** Fractions: panoptic, segmentation and recognition quality. */
    public record Quality(double pq, double sq, double rq) {}

    /** @param n categories that count: those with a segment */
    public record Mean(double pq, double sq, double rq, int n) {}

    private static final class Matches implements Serializable {
        private long truePositives;
        private long falsePositives;
        private long falseNegatives;
        private final RatioSum ious = new RatioSum();

        private Counts counts() {
            return new Counts(truePositives, falsePositives, falseNegatives, ious.value());
        }
    }

    /**
     * One picture.
     *
     * @param truths with different ids, in the order of the JSON: of several crowds of one category the last counts
     * @param predictions with different ids
     * @param overlaps every pair of ids once
     * @throws IllegalArgumentException when a truth's area is too small for the pixels that the picture shows of it
     */
    public void add(List<Segment> truths, List<Segment> predictions, Collection<Overlap> overlaps) {
        Map<Long, Segment> truthOf = new HashMap<>();
        truths.forEach(segment -> truthOf.put(segment.id(), segment));
        Map<Long, Segment> predictionOf = new HashMap<>();
        predictions.forEach(segment -> predictionOf.put(segment.id(), segment));
        Map<Long, Long> onVoid = new HashMap<>();
        for (Overlap overlap : overlaps) {
            if (overlap.truth() == VOID) {
                onVoid.put(overlap.prediction(), overlap.pixels());
            }
        }
        Set<Long> matchedTruths = new HashSet<>();
        Set<Long> matchedPredictions = new HashSet<>();
        for (Overlap overlap : overlaps) {
            Segment truth = truthOf.get(overlap.truth());
            Segment prediction = predictionOf.get(overlap.prediction());
            if (truth == null || prediction == null || truth.crowd() || truth.category() != prediction.category()) {
                continue;
            }
            double union =
                    prediction.area() + truth.area() - overlap.pixels() - onVoid.getOrDefault(prediction.id(), 0L);
            if (union == 0) {
                throw new IllegalArgumentException("segment " + truth.id() + " of the truth has " + overlap.pixels()
                        + " pixels in common with a prediction, more than an area of " + truth.area() + " allows");
            }
            double iou = overlap.pixels() / union;
            if (iou > 0.5) {
                Matches matches = of(truth.category());
                matches.truePositives++;
                matches.ious.add(iou);
                matchedTruths.add(truth.id());
                matchedPredictions.add(prediction.id());
            }
        }
        Map<Long, Long> crowdOf = new HashMap<>();
        for (Segment truth : truths) {
            if (truth.crowd()) {
                crowdOf.put(truth.category(), truth.id());
            } else if (!matchedTruths.contains(truth.id())) {
                of(truth.category()).falseNegatives++;
            }
        }
        Map<Long, Long> onCrowd = new HashMap<>();
        for (Overlap overlap : overlaps) {
            Segment prediction = predictionOf.get(overlap.prediction());
            if (prediction != null && Long.valueOf(overlap.truth()).equals(crowdOf.get(prediction.category()))) {
                onCrowd.put(prediction.id(), overlap.pixels());
            }
        }
        for (Segment prediction : predictions) {
            long excused = onVoid.getOrDefault(prediction.id(), 0L) + onCrowd.getOrDefault(prediction.id(), 0L);
            if (!matchedPredictions.contains(prediction.id()) && excused / prediction.area() <= 0.5) {
                of(prediction.category()).falsePositives++;
            }
        }
    }

    private Matches of(long category) {
        return byCategory.computeIfAbsent(category, unknown -> new Matches());
    }

    /** Takes in all pictures of {@code other}, which stays as it is. */
    public void merge(PanopticQuality other) {
        other.byCategory.forEach((category, theirs) -> {
            Matches ours = of(category);
            ours.truePositives += theirs.truePositives;
            ours.falsePositives += theirs.falsePositives;
            ours.falseNegatives += theirs.falseNegatives;
            ours.ious.add(theirs.ious);
        });
    }

    /** By category, of those that have any. */
    public SortedMap<Long, Counts> counts() {
        SortedMap<Long, Counts> counts = new TreeMap<>();
        byCategory.forEach((category, matches) -> counts.put(category, matches.counts()));
        return counts;
    }

    /**
     * The mean over those of the categories that have a segment.
     *
     * @return null when none has: panopticapi divides by zero then
     */
    public Mean mean(Collection<Long> categories) {
        Set<Long> wanted = new HashSet<>(categories);
        double pq = 0;
        double sq = 0;
        double rq = 0;
        int n = 0;
        for (Map.Entry<Long, Matches> entry : byCategory.entrySet()) {
            if (wanted.contains(entry.getKey())) {
                Quality quality = entry.getValue().counts().quality();
                pq += quality.pq();
                sq += quality.sq();
                rq += quality.rq();
                n++;
            }
        }
        return n == 0 ? null : new Mean(pq / n, sq / n, rq / n, n);
    }
}
