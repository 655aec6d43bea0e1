package io.maskroute.core.flops;

import io.maskroute.core.segmenter.Segmentation.FlopCounts;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Floating-point operations of one picture with its prompts.
 *
 * @param prefix once per picture
 * @param prompts in order
 * @param decoderMemory of the mask decoder, once per picture
 */
public record ImageFlops(LlmFlops prefix, List<PromptFlops> prompts, VisionFlops vision, long decoderMemory) {

    public ImageFlops {
        prompts = List.copyOf(prompts);
    }

    /** Everything, once. */
    public long total() {
        return prefix.total()
                + prompts.stream()
                        .mapToLong(prompt -> prompt.own().total() + prompt.decoder())
                        .sum()
                + vision.total()
                + decoderMemory;
    }

    /**
     * What each prompt is charged. Shared work is divided evenly and the remainder goes to the first prompts, one operation
     * each, so that {@code llm}, {@code vision} and {@code decoder} over all prompts sum to {@link #total} exactly.
     */
    public List<FlopCounts> perPrompt() {
        int n = prompts.size();
        return IntStream.range(0, n)
                .mapToObj(i -> new FlopCounts(
                        prompts.get(i).own().total() + share(prefix.total(), n, i),
                        prompts.get(i).dense().total(),
                        share(vision.total(), n, i),
                        prompts.get(i).decoder() + share(decoderMemory, n, i),
                        prompts.get(i).alone().total()))
                .toList();
    }

    private static long share(long total, int parts, int index) {
        return total / parts + (index < total % parts ? 1 : 0);
    }
}
