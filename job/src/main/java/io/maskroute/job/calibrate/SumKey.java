package io.maskroute.job.calibrate;

import java.io.Serializable;
import java.util.Comparator;

/**
 * Names a vector of sums on its way from a task. The order is that in which they are added: those of one name side by side, by
 * partition, so that the same partitions give the same sums bit by bit, whenever their tasks ended.
 *
 * @param unit index of the projector in its group, or {@link #TOTALS}
 * @param partition of the dataset
 */
record SumKey(int unit, String name, int partition) implements Comparable<SumKey>, Serializable {
    /** What belongs to no projector. */
    static final int TOTALS = -1;

    private static final Comparator<SumKey> ORDER =
            Comparator.comparingInt(SumKey::unit).thenComparing(SumKey::name).thenComparingInt(SumKey::partition);

    @Override
    public int compareTo(SumKey other) {
        return ORDER.compare(this, other);
    }
}
