package io.maskroute.datasets.metrics;

import java.io.Serializable;

/**
 * A sum of numbers in 0..1 that does not depend on their order: each is cut to a multiple of 2^-62, and whole numbers add
 * up exactly. The cut costs less than 2^-62 per number; a sum of doubles would lose more.
 */
final class RatioSum implements Serializable {
    private static final long ONE = 1L << 62;

    private long whole;
    /** In units of 2^-62, below one. */
    private long fraction;

    void add(double ratio) {
        add(0, (long) (ratio * ONE));
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
