package io.maskroute.core.flops;

import io.maskroute.core.segmenter.Segmentation.FlopCounts;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Floating-point operations of one picture with its prompts.
 *
 * @param prefix once per picture
 * @param prompts each prompt's own tokens, in order
 * @param promptsDense each prompt alone with the identity schedule, prefix included
 */
public record ImageFlops(
        LlmFlops prefix,
        List<LlmFlops> prompts,
        List<LlmFlops> promptsDense,
        VisionFlops vision,
        DecoderFlops decoder) {

    public ImageFlops {
        prompts = List.copyOf(prompts);
        promptsDense = List.copyOf(promptsDense);
    }

    /** Everything, once. */
    public long total() {
        return prefix.total()
                + prompts.stream().mapToLong(LlmFlops::total).sum()
                + vision.total()
                + decoder.memory()
                + prompts.size() * decoder.prompt();
    }

    /**
     * What each prompt is charged. Shared work is divided evenly and the remainder goes to the first prompts, one operation
     * each, so that {@code llm}, {@code vision} and {@code decoder} over all prompts sum to {@link #total} exactly.
     */
    public List<FlopCounts> perPrompt() {
        int n = prompts.size();
        return IntStream.range(0, n)
                .mapToObj(i -> new FlopCounts(
                        prompts.get(i).total() + share(prefix.total(), n, i),
                        promptsDense.get(i).total(),
                        share(vision.total(), n, i),
                        decoder.prompt() + share(decoder.memory(), n, i),
                        prefix.total() + prompts.get(i).total()))
                .toList();
    }

    private static long share(long total, int parts, int index) {
        return total / parts + (index < total % parts ? 1 : 0);
    }
}
