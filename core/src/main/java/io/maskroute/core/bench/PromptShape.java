package io.maskroute.core.bench;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.task.ReferringTask;
import io.maskroute.core.text.PromptTokenizer;
import java.util.List;
import java.util.Random;

/**
 * Numbers of text tokens of a prompt that is measured; what {@link PreparedPrompt#referring} takes.
 */
public record PromptShape(int prefix, int task, int condition, int suffix) {
    /** The fewest tokens that {@link #withTokens} divides. */
    public static final int LEAST = 4;

    /**
     * PSALM's referring prompt: its three fixed texts under its own tokenizer (GPT-2's), and a condition of 12 tokens, the middle of
     * the 6 to 17 that one to three sentences take with the closing {@code [SEG]}.
     */
    public static final PromptShape PSALM = new PromptShape(56, 15, 12, 13);

    /**
     * The fixed texts as a model's own tokenizer divides them, with a condition as long as {@link #PSALM}'s.
     *
     * @throws RowFailure when they have tokens that the model does not know
     */
    public static PromptShape of(PromptTokenizer tokenizer) throws RowFailure {
        PreparedPrompt prompt = tokenizer.prepare(new ReferringTask(List.of("thing")));
        return new PromptShape(
                prompt.prefix().length,
                prompt.sharable(),
                PSALM.condition,
                prompt.text().length - prompt.conditions().get(0).end());
    }

    /**
     * The same prompt with more or fewer tokens of its own; where those before them alone are too many, all in the same proportions.
     *
     * @param tokens at least {@link #LEAST}
     */
    public PromptShape withTokens(int tokens) {
        if (tokens < LEAST) {
            throw new IllegalArgumentException("a prompt of " + tokens + " text tokens");
        }
        int before = prefix + task;
        if (tokens >= before + 2) {
            return withOwn(prefix, task, tokens - before);
        }
        int own = Math.max(2, tokens * (condition + suffix) / tokens());
        int shorterTask = Math.max(1, tokens * task / tokens());
        return withOwn(tokens - own - shorterTask, shorterTask, own);
    }

    private PromptShape withOwn(int prefix, int task, int own) {
        int fixed = Math.min(suffix, own - 1);
        return new PromptShape(prefix, task, own - fixed, fixed);
    }

    public int tokens() {
        return prefix + task + own();
    }

    /** Tokens that no other prompt shares. */
    public int own() {
        return condition + suffix;
    }

    /** Random token ids; all but the condition depend on the configuration alone. */
    PreparedPrompt prompt(ModelConfig config, long seed) {
        Random shared = new Random(config.llm().vocab());
        return PreparedPrompt.referring(
                ids(shared, prefix, config),
                ids(shared, task, config),
                ids(new Random(seed), condition, config),
                ids(shared, suffix, config));
    }

    private static int[] ids(Random random, int count, ModelConfig config) {
        return random.ints(count, 0, config.llm().vocab()).toArray();
    }
}
