package io.maskroute.job.scoring;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.datasets.mask.InvalidRleException;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.metrics.EmptyUnion;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.Truth;
import io.maskroute.datasets.schema.TruthMask;
import io.maskroute.job.predictions.Overlap;
import io.maskroute.job.predictions.Prediction;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Referring predictions against their ground truth. The truth is the union of the masks that are not crowds, or of all where all are
 * crowds: what somebody wrote a mask of is meant. Without any, nothing is. A failed prompt is scored as an empty prediction, so that failing never raises a metric.
 */
public final class TruthMasks {
    private TruthMasks() {}

    /**
     * @param answer the predicted mask; none is as good as one without a pixel
     * @param ofAnswer where it comes from: {@code postprocess} has the picture's size, so that a truth of another is wrong; of
     *     what was read from somewhere nobody knows
     * @throws RowFailure {@code invalid-rle} at stage {@code truth}; {@code size-differs}, at that stage or the answer's
     */
    public static Overlap overlap(Optional<Rle> answer, Truth truth, EmptyUnion emptyUnion, Stage ofAnswer)
            throws RowFailure {
        Optional<Rle> target = target(truth);
        if (target.isEmpty() || answer.isEmpty()) {
            return overlap(0, target.or(() -> answer).map(Rle::area).orElse(0L), emptyUnion);
        }
        Rle prediction = answer.get();
        Rle mask = target.get();
        if (mask.height() != prediction.height() || mask.width() != prediction.width()) {
            throw ofAnswer == Stage.POSTPROCESS
                    ? sizeDiffers(Stage.TRUTH, "ground truth", mask, "picture", prediction)
                    : sizeDiffers(ofAnswer, "predicted mask", prediction, "ground truth", mask);
        }
        long intersection = Rle.intersectionArea(prediction, mask);
        return overlap(intersection, prediction.area() + mask.area() - intersection, emptyUnion);
    }

    /** The pixels of all masks of an answer; nothing where it has none. */
    public static Optional<Rle> together(List<Rle> masks) {
        return masks.size() < 2 ? masks.stream().findFirst() : Optional.of(Rle.union(masks));
    }

    /**
     * The answers to a prompt's regions, each against the masks of its own; pixels are summed over the regions. A mask of the truth that
     * names no region is the only region's.
     *
     * @throws RowFailure as {@link #overlap}
     */
    public static Overlap overlapOfRegions(
            List<Prediction.Mask> answers, int regions, Truth truth, EmptyUnion emptyUnion) throws RowFailure {
        long intersection = 0;
        long union = 0;
        for (int region = 0; region < regions; region++) {
            int which = region;
            Overlap each = overlap(
                    answers.stream()
                            .filter(mask -> mask.region() == which)
                            .findFirst()
                            .map(Prediction.Mask::rle),
                    ofRegion(truth, which, regions),
                    emptyUnion,
                    Stage.POSTPROCESS);
            intersection += each.intersection();
            union += each.union();
        }
        return overlap(intersection, union, emptyUnion);
    }

    /** @param regions how many the prompt has */
    static Truth ofRegion(Truth truth, int region, int regions) {
        return new Truth(
                false,
                truth.masks().stream()
                        .filter(mask -> mask.region() == null ? regions == 1 : mask.region() == region)
                        .toList());
    }

    private static RowFailure sizeDiffers(Stage stage, String what, Rle mask, String other, Rle expected) {
        return new RowFailure(
                stage,
                "size-differs",
                "the " + what + " is " + mask.width() + " wide and " + mask.height() + " high, the " + other + " "
                        + expected.width() + " and " + expected.height());
    }

    private static Overlap overlap(long intersection, long union, EmptyUnion emptyUnion) {
        return new Overlap(intersection, union, emptyUnion.iou(intersection, union));
    }

    /** The score of a prompt that failed; null when the truth itself cannot be read. */
    public static Overlap overlapOfFailed(Truth truth) {
        try {
            return new Overlap(0, target(truth).map(Rle::area).orElse(0L), 0);
        } catch (RowFailure e) {
            return null;
        }
    }

    /**
     * What a referring prompt is after; nothing if it has no target.
     *
     * @throws RowFailure {@code invalid-rle} at stage {@code truth}
     */
    public static Optional<Rle> target(Truth truth) throws RowFailure {
        boolean crowdsOnly = truth.masks().stream().allMatch(TruthMask::isCrowd);
        List<Rle> masks = new ArrayList<>();
        try {
            for (TruthMask mask : truth.masks()) {
                if (crowdsOnly || !mask.isCrowd()) {
                    masks.add(parse(mask.mask()));
                }
            }
            return masks.isEmpty() ? Optional.empty() : Optional.of(Rle.union(masks));
        } catch (InvalidRleException e) {
            throw new RowFailure(Stage.TRUTH, "invalid-rle", "the ground truth cannot be read: " + e.getMessage(), e);
        }
    }

    /** @throws InvalidRleException when it is not a mask */
    public static Rle parse(EncodedMask mask) {
        if (mask.size().size() != 2 || mask.counts() == null) {
            throw new InvalidRleException("a mask needs size [height, width] and counts");
        }
        return Rle.parse(mask.size().get(0), mask.size().get(1), mask.counts());
    }
}
