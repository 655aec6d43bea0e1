package io.maskroute.datasets.metrics;

import java.util.List;

/**
 * Metrics of a set some of whose samples have no target.
 *
 * @param overall cIoU, gIoU and Pr@X of all samples
 * @param targetPrecision Pr@X of the samples with a target, which is what is reported
 * @param noTargetAccuracy N_acc: share of the samples without target that were rejected
 * @param targetAccuracy T_acc: share of the samples with a target that were not rejected; 0, as in ReLA's code, when no
 *     sample is without target
 * @param truePositives no target, rejected
 * @param trueNegatives target, not rejected
 * @param falsePositives target, rejected
 * @param falseNegatives no target, not rejected
 */
public record GeneralisedScores(
        ReferringScores overall,
        List<Double> targetPrecision,
        double noTargetAccuracy,
        double targetAccuracy,
        long truePositives,
        long trueNegatives,
        long falsePositives,
        long falseNegatives) {}
