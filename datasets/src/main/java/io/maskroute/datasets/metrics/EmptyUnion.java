package io.maskroute.datasets.metrics;

/** What a sample scores when neither the prediction nor the truth has a pixel. */
public enum EmptyUnion {
    /** It is right: LISA, GLaMM, GSVA, PSALM, HyperSeg, Sa2VA. */
    ONE(1),
    /** It is wrong: LAVT, ReLA. */
    ZERO(0);

    private final double iou;

    EmptyUnion(double iou) {
        this.iou = iou;
    }

    /**
     * A sample's IoU, in 0..1, without the epsilon that some evaluation codes add to the union.
     *
     * @param intersection pixels that both prediction and truth have
     * @param union pixels that either has
     */
    public double iou(long intersection, long union) {
        if (intersection < 0 || intersection > union) {
            throw new IllegalArgumentException(
                    "an intersection of " + intersection + " pixels does not fit a union of " + union);
        }
        return union == 0 ? iou : (double) intersection / union;
    }
}
