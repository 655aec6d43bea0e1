package io.maskroute.datasets.mask;

/** Boxes in COCO's form: {@code [x, y, width, height]} in pixels, fractions allowed. */
public final class Boxes {
    private Boxes() {}

    /**
     * Intersection over union (maskApi.c, {@code bbIou}); 0 if the boxes do not overlap.
     *
     * @param crowd whether the ground truth is a crowd region: then intersection over the area of {@code detection}
     */
    public static double iou(double[] detection, double[] groundTruth, boolean crowd) {
        double width = Math.min(detection[0] + detection[2], groundTruth[0] + groundTruth[2])
                - Math.max(detection[0], groundTruth[0]);
        double height = Math.min(detection[1] + detection[3], groundTruth[1] + groundTruth[3])
                - Math.max(detection[1], groundTruth[1]);
        if (width <= 0 || height <= 0) {
            return 0;
        }
        double intersection = width * height;
        double detectionArea = detection[2] * detection[3];
        double union = crowd ? detectionArea : detectionArea + groundTruth[2] * groundTruth[3] - intersection;
        return intersection / union;
    }
}
