package io.maskroute.core.flops;

/**
 * Floating-point operations of LLM layers.
 *
 * @param attentionLinear query, key, value and dense
 * @param attentionProducts queries with keys, probabilities with values
 * @param projector of the routing
 */
public record LlmFlops(long attentionLinear, long attentionProducts, long ffn, long projector) {
    static final LlmFlops NONE = new LlmFlops(0, 0, 0, 0);

    public long total() {
        return attentionLinear + attentionProducts + ffn + projector;
    }

    public LlmFlops plus(LlmFlops other) {
        return new LlmFlops(
                attentionLinear + other.attentionLinear,
                attentionProducts + other.attentionProducts,
                ffn + other.ffn,
                projector + other.projector);
    }
}
