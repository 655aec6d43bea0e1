package io.maskroute.datasets.shapesref;

import java.util.List;

/**
 * SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014). Written out because the
 * JDK specifies the bits of {@code SplittableRandom.nextLong} but not how the bounded draws come from them.
 */
final class Draws {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private long state;

    Draws(long seed) {
        state = seed;
    }

    /** Draws that depend on every part of the key. */
    static Draws of(long seed, String label, long index) {
        long hash = mix(seed + GOLDEN_GAMMA);
        for (int i = 0; i < label.length(); i++) {
            hash = mix((hash ^ label.charAt(i)) + GOLDEN_GAMMA);
        }
        return new Draws(mix((hash ^ index) + GOLDEN_GAMMA));
    }

    static long mix(long z) {
        long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
        return b ^ (b >>> 31);
    }

    long next() {
        state += GOLDEN_GAMMA;
        return mix(state);
    }

    /** Independent of what is drawn here afterwards. */
    Draws split() {
        return new Draws(next());
    }

    /** In [0, 1). */
    double unit() {
        return (next() >>> 11) * 0x1p-53;
    }

    double between(double from, double to) {
        return from + (to - from) * unit();
    }

    /** In [0, bound). */
    int below(int bound) {
        return (int) (unit() * bound);
    }

    boolean chance(double probability) {
        return unit() < probability;
    }

    <T> T of(List<T> values) {
        return values.get(below(values.size()));
    }

    @SafeVarargs
    final <T> T of(T... values) {
        return values[below(values.length)];
    }

    /** An index, each as likely as its weight says. */
    int weighted(double... weights) {
        double total = 0;
        for (double weight : weights) {
            total += weight;
        }
        double left = unit() * total;
        for (int i = 0; i < weights.length - 1; i++) {
            left -= weights[i];
            if (left < 0) {
                return i;
            }
        }
        return weights.length - 1;
    }
}
