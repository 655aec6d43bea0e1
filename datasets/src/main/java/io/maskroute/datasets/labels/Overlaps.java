package io.maskroute.datasets.labels;

import java.util.Arrays;

/**
 * How many pixels have which pair of labels in two pictures of the same size: an open hash table, since most neighbours have
 * the same pair.
 */
public final class Overlaps {
    /** Labels need 24 bits, so no pair is this. */
    private static final long EMPTY = -1;

    private long[] pairs = new long[64];
    private long[] counts = new long[64];
    private int size;

    private Overlaps() {
        Arrays.fill(pairs, EMPTY);
    }

    /** For each pair once. */
    @FunctionalInterface
    public interface Visitor {
        void pair(int first, int second, long pixels);
    }

    /** @throws IllegalArgumentException when their sizes differ */
    public static Overlaps of(LabelMap first, LabelMap second) {
        if (!first.hasSizeOf(second)) {
            throw new IllegalArgumentException("pictures of different sizes");
        }
        Overlaps overlaps = new Overlaps();
        int[] a = first.values();
        int[] b = second.values();
        int start = 0;
        for (int i = 1; i <= a.length; i++) {
            if (i == a.length || a[i] != a[start] || b[i] != b[start]) {
                overlaps.add((long) a[start] << 32 | b[start], i - start);
                start = i;
            }
        }
        return overlaps;
    }

    private void add(long pair, long pixels) {
        int slot = slot(pair);
        if (pairs[slot] == EMPTY) {
            if (2 * ++size > pairs.length) {
                grow();
                slot = slot(pair);
            }
            pairs[slot] = pair;
        }
        counts[slot] += pixels;
    }

    private int slot(long pair) {
        int slot = (int) ((pair * 0x9E3779B97F4A7C15L) >>> 32) & (pairs.length - 1);
        while (pairs[slot] != EMPTY && pairs[slot] != pair) {
            slot = slot + 1 & (pairs.length - 1);
        }
        return slot;
    }

    private void grow() {
        long[] oldPairs = pairs;
        long[] oldCounts = counts;
        pairs = new long[2 * oldPairs.length];
        counts = new long[pairs.length];
        Arrays.fill(pairs, EMPTY);
        for (int i = 0; i < oldPairs.length; i++) {
            if (oldPairs[i] != EMPTY) {
                int slot = slot(oldPairs[i]);
                pairs[slot] = oldPairs[i];
                counts[slot] = oldCounts[i];
            }
        }
    }

    public int size() {
        return size;
    }

    public void forEach(Visitor visitor) {
        for (int i = 0; i < pairs.length; i++) {
            if (pairs[i] != EMPTY) {
                visitor.pair((int) (pairs[i] >>> 32), (int) pairs[i], counts[i]);
            }
        }
    }
}
