package io.maskroute.job.scoring;

import io.maskroute.datasets.metrics.EmptyUnion;
import java.io.Serializable;

/**
 * What to do with ground truth.
 *
 * @param strict whether a ground truth that cannot be used fails its row; else the row just goes without a score
 * @param emptyUnion what an empty prediction scores against an empty truth
 */
public record Scoring(boolean strict, EmptyUnion emptyUnion) implements Serializable {}
