package io.maskroute.datasets.metrics;

import java.util.Objects;

/**
 * A figure and all that must be known to compare it with another one.
 *
 * @param name as a {@link Metric} is called
 * @param value null where nothing counts into it
 * @param better {@code higher} or {@code lower}
 * @param task what was segmented: {@code referring}, {@code instance}, {@code panoptic}, {@code semantic}, {@code video}
 * @param formula whose code computes it so, such as {@code lisa} or {@code pycocotools}
 * @param protocol what a sample is; null where the formula leaves no choice
 * @param raster how polygons became pixels; null where nobody said
 * @param samples how many counted: prompts, pictures or objects
 * @param comparable whether formula, protocol and raster are those of published figures
 */
public record Score(
        String name,
        Double value,
        String unit,
        String better,
        String task,
        String formula,
        String protocol,
        String raster,
        long samples,
        boolean comparable) {
    /** What the figures of one evaluation have in common; as in {@link Score}. */
    public record Conditions(String task, String formula, String protocol, String raster, boolean comparable) {
        public Conditions {
            Objects.requireNonNull(task);
            Objects.requireNonNull(formula);
        }

        /** @param value NaN where nothing counts into it */
        public Score score(Metric metric, double value, long samples) {
            return new Score(
                    metric.label(),
                    Double.isNaN(value) ? null : value,
                    metric.unit(),
                    metric.better(),
                    task,
                    formula,
                    protocol,
                    raster,
                    samples,
                    comparable);
        }
    }
}
