package io.maskroute.core.flops;

/**
 * Floating-point operations of the mask decoder.
 *
 * @param memory keys and values of the cross-attention, once per picture
 * @param inputs per prompt: the LLM's hidden states to queries and condition
 * @param layers per prompt: attention and FFN
 * @param heads per prompt: mask embeddings, attention masks, scores and full-size masks
 */
public record DecoderFlops(long memory, long inputs, long layers, long heads) {
    /** What a prompt costs beside its part of {@link #memory}. */
    public long prompt() {
        return inputs + layers + heads;
    }
}
