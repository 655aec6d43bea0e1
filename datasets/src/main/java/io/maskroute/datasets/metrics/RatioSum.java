package io.maskroute.datasets.metrics;

import java.io.Serializable;

/**
 * A sum of numbers from 0 on, most of them in 0..1, that does not depend on their order: each is cut to a multiple of 2^-62, and whole numbers add
 * up exactly. The cut costs less than 2^-62 per number; a sum of doubles would lose more.
 */
final class RatioSum implements Serializable {
    private static final long ONE = 1L << 62;

    private long whole;
    /** In units of 2^-62, below one. */
    private long fraction;

    void add(double ratio) {
        long below = (long) ratio;
        add(below, (long) ((ratio - below) * ONE));
    }

    void add(RatioSum other) {
        add(other.whole, other.fraction);
    }

    private void add(long addedWhole, long addedFraction) {
        whole += addedWhole;
        fraction += addedFraction;
        if (fraction >= ONE) {
            fraction -= ONE;
            whole++;
        }
    }

    double value() {
        return whole + (double) fraction / ONE;
    }
}
