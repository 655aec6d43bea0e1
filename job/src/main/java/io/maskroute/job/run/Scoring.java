package io.maskroute.job.run;

import java.io.Serializable;

/**
 * What to do with ground truth.
 *
 * @param strict whether a ground truth that cannot be used fails its row; else the row just goes without a score
 * @param emptyIou IoU of an empty prediction against an empty truth, 0 or 1
 */
record Scoring(boolean strict, int emptyIou) implements Serializable {}
