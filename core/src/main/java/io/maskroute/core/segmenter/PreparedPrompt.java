package io.maskroute.core.segmenter;

import io.maskroute.core.task.ReferringTask;
import io.maskroute.core.task.Task;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * A tokenised prompt. Its whole sequence is {@code prefix, image tokens, text, mask tokens}.
 *
 * @param prefix token ids before the image tokens; the same for every prompt of every task
 * @param text token ids between the image tokens and the mask tokens; where a region stands, any id
 * @param latents where in the text the visual tokens without a place in the picture stand; the ids there mean nothing. Empty where the
 *     family has none, and before every condition
 * @param conditions what in the text is asked for, in order, at least one
 * @param regions see {@link Task#regions}; empty until the picture is known, and for other tasks
 */
public record PreparedPrompt(
        Task task, int[] prefix, int[] text, Span latents, List<Span> conditions, List<float[]> regions) {
    private static final Span NONE = new Span(0, 0);

    /** A prompt without latents. */
    public PreparedPrompt(Task task, int[] prefix, int[] text, List<Span> conditions, List<float[]> regions) {
        this(task, prefix, text, NONE, conditions, regions);
    }

    public PreparedPrompt {
        conditions = List.copyOf(conditions);
        regions = List.copyOf(regions);
    }

    /** Positions {@code start} to {@code end - 1} of the text. */
    public record Span(int start, int end) {
        public int length() {
            return end - start;
        }
    }

    /**
     * A referring prompt.
     *
     * @param task token ids between the image tokens and the condition
     * @param condition token ids of the referring expression, with the closing {@code [SEG]}
     * @param suffix token ids between the condition and the mask tokens
     */
    public static PreparedPrompt referring(int[] prefix, int[] task, int[] condition, int[] suffix) {
        int[] text = Arrays.copyOf(task, task.length + condition.length + suffix.length);
        System.arraycopy(condition, 0, text, task.length, condition.length);
        System.arraycopy(suffix, 0, text, task.length + condition.length, suffix.length);
        return new PreparedPrompt(
                new ReferringTask(List.of()),
                prefix,
                text,
                List.of(new Span(task.length, task.length + condition.length)),
                List.of());
    }

    /** The same prompt with its regions. */
    public PreparedPrompt at(List<float[]> regions) {
        return new PreparedPrompt(task, prefix, text, latents, conditions, regions);
    }

    /** Length of the text before the first condition, which other prompts may have, too. */
    public int sharable() {
        return conditions.get(0).start();
    }

    /** Text tokens from the first condition on: those that no other prompt of its task shares. */
    public int ownLength() {
        return text.length - sharable();
    }

    /** The tokens that {@link #ownLength} counts, in order. */
    public int[] own() {
        return own(sharable());
    }

    /** The text without its first {@code shared} tokens. */
    public int[] own(int shared) {
        return Arrays.copyOfRange(text, shared, text.length);
    }

    /** What the texts of these prompts begin with, all of them, before any condition: it has to be run once for a picture. */
    public static int[] sharedText(Collection<PreparedPrompt> prompts) {
        PreparedPrompt first = prompts.iterator().next();
        int shared = first.sharable();
        for (PreparedPrompt prompt : prompts) {
            int most = Math.min(shared, prompt.sharable());
            int differs = Arrays.mismatch(first.text, 0, most, prompt.text, 0, most);
            shared = differs < 0 ? most : differs;
        }
        return Arrays.copyOf(first.text, shared);
    }
}
