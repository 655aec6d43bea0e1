package io.maskroute.core.segmenter;

import io.maskroute.core.task.ScoredMask;
import java.util.List;

/**
 * What the model found for one prompt, and what it cost.
 *
 * @param masks best first; none where even the best one's score is below the least
 */
public record Segmentation(List<ScoredMask> masks, TokenCounts tokens, FlopCounts flops, StageMillis latency) {

    /**
     * Tokens of this prompt's sequence.
     *
     * @param image all visual tokens, those without a place in the picture included
     * @param proxy image tokens that get the full FFN, averaged over the layers and rounded; all of them in a dense run, and
     *     where image tokens are dropped those that are present
     * @param text those before and after the image tokens
     */
    public record TokenCounts(int image, int proxy, int text, int mask) {}

    /**
     * Floating-point operations, two per multiply-add.
     *
     * @param llm as run: routed, with the shared tokens' work divided evenly over the prompts that shared it
     * @param llmDense the same prompt alone, unrouted and unshared
     * @param vision Swin, what makes visual tokens, and pixel decoder, divided evenly over the prompts that shared them
     * @param decoder mask decoder of this prompt
     * @param llmAlone the same prompt alone, routed as in this run but unshared
     */
    public record FlopCounts(long llm, long llmDense, long vision, long decoder, long llmAlone) {
        public double llmRatio() {
            return (double) llm / llmDense;
        }
    }

    /** Wall-clock milliseconds; shared stages are divided evenly over the prompts that shared them. */
    public record StageMillis(double vision, double prefix, double prompt, double decoder, double postprocess) {}
}
