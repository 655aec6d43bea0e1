package io.maskroute.job.report;

/** Width and height in pixels. */
record Size(int width, int height) {
    /** The largest size of the same shape whose longer side is at most {@code side}; never larger than this one. */
    Size within(int side) {
        int longer = Math.max(width, height);
        return longer <= side ? this : new Size(scaled(width, side, longer), scaled(height, side, longer));
    }

    Size times(int factor) {
        return new Size(width * factor, height * factor);
    }

    private static int scaled(int length, int side, int longer) {
        return Math.max(1, (int) Math.round((double) length * side / longer));
    }
}
