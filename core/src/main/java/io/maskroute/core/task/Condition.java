package io.maskroute.core.task;

/**
 * One thing that a prompt asks for. The mean of its tokens' hidden states is what the mask decoder compares queries with.
 *
 * @param words their tokens, with a closing {@code [SEG]}; null for a region of the picture, which is a single token
 */
public record Condition(String words) {
    /** A region: its embedding comes from the image tokens, see {@link Task#regions}. */
    public static final Condition REGION = new Condition(null);
}
