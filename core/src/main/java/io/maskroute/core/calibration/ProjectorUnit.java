package io.maskroute.core.calibration;

import java.io.Serializable;
import java.util.Comparator;

/**
 * A projector that is fitted on its own.
 *
 * @param layer counted from 0
 * @param stride of the grid of proxies, at least 2
 */
public record ProjectorUnit(int layer, int stride) implements Comparable<ProjectorUnit>, Serializable {
    private static final Comparator<ProjectorUnit> ORDER =
            Comparator.comparingInt(ProjectorUnit::layer).thenComparingInt(ProjectorUnit::stride);

    public ProjectorUnit {
        if (layer < 0 || stride < 2) {
            throw new IllegalArgumentException("layer " + layer + ", stride " + stride);
        }
    }

    @Override
    public int compareTo(ProjectorUnit other) {
        return ORDER.compare(this, other);
    }
}
