package io.maskroute.core.segmenter;

/**
 * A tokenised prompt. Its whole sequence is {@code prefix, image tokens, task, condition, suffix, mask tokens}.
 *
 * @param prefix token ids before the image tokens; the same for every prompt of every task
 * @param task token ids between the image tokens and the condition; the same for every prompt of a task
 * @param condition token ids of the referring expression, with the closing {@code [SEG]}; their hidden states are averaged
 * @param suffix token ids between the condition and the mask tokens
 */
public record PreparedPrompt(int[] prefix, int[] task, int[] condition, int[] suffix) {}
