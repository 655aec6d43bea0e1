package io.maskroute.core.routing;

/**
 * A run of consecutive tokens that a layer is given at once, in sequence order: text, then the image tokens, then text and
 * mask tokens. What is absent is 0; the image tokens are never split.
 *
 * @param leading tokens before the image tokens
 * @param image image tokens: the whole grid, or 0
 * @param trailing tokens after the image tokens: text, and the mask tokens where they are present
 */
public record SegmentLayout(int leading, int image, int trailing) {
    public SegmentLayout {
        if (leading < 0 || image < 0 || trailing < 0) {
            throw new IllegalArgumentException(
                    "negative number of tokens: " + leading + ", " + image + ", " + trailing);
        }
    }

    public int tokens() {
        return leading + image + trailing;
    }
}
