package io.maskroute.datasets.metrics;

/** What becomes of a sample for which no mask came out. Its IoU is 0 in either case. */
public enum MissingPrediction {
    /** The truth's pixels count into the unions' sum, as for any wrong mask. */
    COUNTED,
    /** cIoU does not see the sample: Sa2VA. */
    LEFT_OUT_OF_CIOU
}
