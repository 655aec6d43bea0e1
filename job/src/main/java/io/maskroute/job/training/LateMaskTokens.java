package io.maskroute.job.training;

/**
 * The layers of the LLM at which mask tokens join in every other step of training.
 *
 * @param first of them, from 1
 * @param last of them; 0 for none, so that mask tokens always join at the schedule's layer
 */
public record LateMaskTokens(int first, int last) {
    public static final LateMaskTokens NONE = upTo(0);

    public LateMaskTokens {
        boolean none = first == 1 && last == 0;
        if (!none && (first < 1 || last < first)) {
            throw new IllegalArgumentException(first + "-" + last + " are no layers from 1, the first one first");
        }
    }

    /** From the first layer on. */
    public static LateMaskTokens upTo(int last) {
        return new LateMaskTokens(1, last);
    }
}
