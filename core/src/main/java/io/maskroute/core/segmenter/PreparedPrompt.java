package io.maskroute.core.segmenter;

import java.util.Arrays;

/**
 * A tokenised prompt. Its whole sequence is {@code prefix, image tokens, task, condition, suffix, mask tokens}.
 *
 * @param prefix token ids before the image tokens; the same for every prompt of every task
 * @param task token ids between the image tokens and the condition; the same for every prompt of a task
 * @param condition token ids of the referring expression, with the closing {@code [SEG]}; their hidden states are averaged
 * @param suffix token ids between the condition and the mask tokens
 */
public record PreparedPrompt(int[] prefix, int[] task, int[] condition, int[] suffix) {
    /** Text tokens that no other prompt shares: condition and suffix. */
    public int ownLength() {
        return condition.length + suffix.length;
    }

    /** The tokens that {@link #ownLength} counts, in order. */
    public int[] own() {
        int[] own = Arrays.copyOf(condition, ownLength());
        System.arraycopy(suffix, 0, own, condition.length, suffix.length);
        return own;
    }
}
