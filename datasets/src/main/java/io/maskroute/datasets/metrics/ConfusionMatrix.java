package io.maskroute.datasets.metrics;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Accumulates semantic segmentation: how many pixels of each class were taken for each class. Whole numbers, so that any
 * order and merges give the same. Pixels that are ignored do not come here. Not safe for several threads at once.
 */
public final class ConfusionMatrix implements Serializable {
    private final int classes;
    /** {@code [truth * classes + prediction]} */
    private final long[] pixels;
    /** Of each class of the truth, those that were taken for none. */
    private final long[] unanswered;

    public ConfusionMatrix(int classes) {
        if (classes < 1) {
            throw new IllegalArgumentException("there must be a class");
        }
        this.classes = classes;
        this.pixels = new long[Math.multiplyExact(classes, classes)];
        this.unanswered = new long[classes];
    }

    /**
     * By detectron2's rule ({@code SemSegEvaluator}): classes that the truth has no pixel of are left out.
     *
     * @param meanIou NaN, as the three after it, when no pixel counts
     * @param frequencyWeightedIou by the truth's pixels
     * @param meanAccuracy mean share of a class's pixels that are right
     * @param pixelAccuracy share of pixels that are right
     * @param iou by class; NaN of those left out
     */
    public record Detectron2(
            double meanIou, double frequencyWeightedIou, double meanAccuracy, double pixelAccuracy, double[] iou) {}

    /**
     * By mmsegmentation's rule ({@code IoUMetric}): classes that neither truth nor prediction have a pixel of are left out, so a
     * class that was predicted in vain counts as 0.
     *
     * @param meanIou NaN, as {@code accuracy}, when no pixel counts
     * @param accuracy share of pixels that are right
     * @param iou by class; NaN of those left out
     */
    public record Mmsegmentation(double meanIou, double accuracy, double[] iou) {}

    /** @throws IndexOutOfBoundsException when there is no such class */
    public void add(int truth, int prediction, long count) {
        if (truth < 0 || truth >= classes || prediction < 0 || prediction >= classes) {
            throw new IndexOutOfBoundsException("classes " + truth + " and " + prediction + " of " + classes);
        }
        pixels[truth * classes + prediction] += count;
    }

    /** Pixels of the truth's class that were taken for none, as where there is no prediction: they are wrong, and no other class's. */
    public void addUnanswered(int truth, long count) {
        unanswered[truth] += count;
    }

    /** Takes in all pixels of {@code other}, which stays as it is. */
    public void merge(ConfusionMatrix other) {
        if (classes != other.classes) {
            throw new IllegalArgumentException("cannot merge " + classes + " and " + other.classes + " classes");
        }
        Arrays.setAll(pixels, i -> pixels[i] + other.pixels[i]);
        Arrays.setAll(unanswered, i -> unanswered[i] + other.unanswered[i]);
    }

    private long right(int label) {
        return pixels[label * classes + label];
    }

    private long ofTruth(int label) {
        return unanswered[label]
                + IntStream.range(0, classes)
                        .mapToLong(p -> pixels[label * classes + p])
                        .sum();
    }

    private long predicted(int label) {
        return IntStream.range(0, classes)
                .mapToLong(t -> pixels[t * classes + label])
                .sum();
    }

    private long union(int label) {
        return ofTruth(label) + predicted(label) - right(label);
    }

    private double pixelAccuracy() {
        long right = IntStream.range(0, classes).mapToLong(this::right).sum();
        return (double) right / all();
    }

    private long all() {
        return Arrays.stream(pixels).sum() + Arrays.stream(unanswered).sum();
    }

    public Detectron2 detectron2() {
        double all = all();
        double[] iou = new double[classes];
        double ious = 0;
        double weighted = 0;
        double accuracies = 0;
        int counted = 0;
        for (int label = 0; label < classes; label++) {
            double truth = ofTruth(label);
            iou[label] = truth == 0 ? Double.NaN : right(label) / (double) union(label);
            if (truth > 0) {
                ious += iou[label];
                weighted += iou[label] * (truth / all);
                accuracies += right(label) / truth;
                counted++;
            }
        }
        return new Detectron2(
                ious / counted, counted == 0 ? Double.NaN : weighted, accuracies / counted, pixelAccuracy(), iou);
    }

    public Mmsegmentation mmsegmentation() {
        double[] iou = new double[classes];
        double ious = 0;
        int counted = 0;
        for (int label = 0; label < classes; label++) {
            long union = union(label);
            iou[label] = (double) right(label) / union;
            if (union > 0) {
                ious += iou[label];
                counted++;
            }
        }
        return new Mmsegmentation(ious / counted, pixelAccuracy(), iou);
    }

    /**
     * The figures of both rules as values.
     *
     * @param comparable as in {@link Score}
     * @param samples pictures
     */
    public List<Score> scores(boolean comparable, long samples) {
        Score.Conditions byDetectron2 = new Score.Conditions("semantic", "detectron2", null, null, comparable);
        Score.Conditions byMmsegmentation = new Score.Conditions("semantic", "mmsegmentation", null, null, comparable);
        Detectron2 detectron2 = detectron2();
        return List.of(
                byDetectron2.score(Metric.MIOU, detectron2.meanIou, samples),
                byDetectron2.score(Metric.FREQUENCY_WEIGHTED_IOU, detectron2.frequencyWeightedIou, samples),
                byDetectron2.score(Metric.MEAN_CLASS_ACCURACY, detectron2.meanAccuracy, samples),
                byDetectron2.score(Metric.PIXEL_ACCURACY, detectron2.pixelAccuracy, samples),
                byMmsegmentation.score(Metric.MIOU_MMSEG, mmsegmentation().meanIou, samples));
    }
}
