package io.maskroute.core.pickle;

/**
 * How much a pickle may ask for.
 *
 * @param bytes of the file
 * @param values pushed while reading, and values in the result when shared parts are counted wherever they appear: a reader
 *     may walk the result as a tree
 * @param depth of nested containers
 */
public record PickleLimits(long bytes, long values, int depth) {
    /** The largest RefCOCO file has 3 million values, 40 MB and depth 4. */
    public static final PickleLimits DEFAULT = new PickleLimits(1L << 29, 50_000_000, 100);
}
