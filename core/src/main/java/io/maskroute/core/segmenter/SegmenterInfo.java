package io.maskroute.core.segmenter;

/**
 * Which model gave a result.
 *
 * @param modelFingerprint hex digest over the model's configuration and weights
 * @param routingFingerprint hex digest over the schedule and the adapter's weights; {@code dense} without routing
 * @param device {@code cpu} or {@code cuda:N}
 * @param dtype {@code fp32} or {@code bf16}
 */
public record SegmenterInfo(String modelFingerprint, String routingFingerprint, String device, String dtype) {}
