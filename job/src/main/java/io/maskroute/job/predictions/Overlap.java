package io.maskroute.job.predictions;

/**
 * A prediction against the ground truth, in pixels.
 *
 * @param iou {@code intersection / union}; of two empty masks what {@code metrics.empty-union} says; 0 for a failed prompt
 */
public record Overlap(long intersection, long union, double iou) {}
