package io.maskroute.datasets.mask;

import java.util.Locale;

/** What the parts of one object cost together: many small ones take as long as a large one. */
final class Effort {
    /** Longest outline that is walked, in steps (a fifth of a pixel in the COCO rule). */
    private static final long MAX_STEPS = 1 << 26;

    /** Most pixels and crossings that are looked at to fill outlines: four of the largest pictures. */
    private static final long MAX_FILLING = 4L * Rle.MAX_DECODED_PIXELS;

    private long steps;
    private long filling;

    /** Refuses outlines that take minutes to walk: coordinates far outside of any picture, or too many. */
    void walk(int[] x, int[] y) {
        for (int i = 0; i + 1 < x.length; i++) {
            steps += Math.max(Math.abs((long) x[i + 1] - x[i]), Math.abs((long) y[i + 1] - y[i]));
        }
        if (steps > MAX_STEPS) {
            throw refused("outline is too long to walk: %d steps, at most %d", steps, MAX_STEPS);
        }
    }

    /** Refuses boxes that take minutes to fill: every row is asked for all its pixels and all edges. */
    void fill(int rows, int columns, int edges) {
        filling += rows * ((long) columns + edges);
        if (filling > MAX_FILLING) {
            throw refused("parts are too large to fill: %d pixels and crossings, at most %d", filling, MAX_FILLING);
        }
    }

    private static InvalidRleException refused(String message, long found, long most) {
        return new InvalidRleException(String.format(Locale.ROOT, "the polygon's " + message, found, most));
    }
}
