package io.maskroute.core.bench;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.segmenter.PreparedPrompt;
import java.util.Random;

/**
 * Numbers of text tokens of a prompt that is measured; the fields of {@link PreparedPrompt}.
 */
public record PromptShape(int prefix, int task, int condition, int suffix) {
    /** The fewest tokens that {@link #of} divides. */
    public static final int LEAST = 4;

    /** Divided about as in PSALM's referring prompts: an eighth is the prompt's own, a fifth the task's, the rest comes first. */
    public static PromptShape of(int textTokens) {
        if (textTokens < LEAST) {
            throw new IllegalArgumentException("a prompt of " + textTokens + " text tokens");
        }
        int own = Math.max(2, textTokens / 8);
        int task = textTokens / 5;
        return new PromptShape(textTokens - own - task, task, own - 1, 1);
    }

    public int tokens() {
        return prefix + task + condition + suffix;
    }

    /** Random token ids; the prefix and the task's text depend on the configuration alone. */
    PreparedPrompt prompt(ModelConfig config, long seed) {
        Random shared = new Random(config.llm().vocab());
        Random own = new Random(seed);
        return new PreparedPrompt(
                ids(shared, prefix, config),
                ids(shared, task, config),
                ids(own, condition, config),
                ids(own, suffix, config));
    }

    private static int[] ids(Random random, int count, ModelConfig config) {
        return random.ints(count, 0, config.llm().vocab()).toArray();
    }
}
