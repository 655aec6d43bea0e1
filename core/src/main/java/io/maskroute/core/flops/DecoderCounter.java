package io.maskroute.core.flops;

import static io.maskroute.core.flops.VisionCounter.linear;

import io.maskroute.core.config.ModelConfig;

/** The mask decoder for a prompt. */
final class DecoderCounter {
    private static final int RES2 = 2;
    private static final int RES5 = 5;
    /** Layer i attends to res5, res4 or res3 in turn. */
    private static final int LEVELS = 3;

    private final ModelConfig config;
    private final long c;
    private final long queries;

    DecoderCounter(ModelConfig config) {
        this.config = config;
        this.c = config.maskDecoder().dim();
        this.queries = config.maskDecoder().queries();
    }

    /** @param conditions that the prompt asks for */
    DecoderFlops count(int conditions) {
        long memory = 0;
        long layers = 0;
        long masks = 0;
        for (int i = 0; i < config.maskDecoder().layers(); i++) {
            long positions = positions(RES5 - i % LEVELS);
            memory += 2 * linear(positions, c, c);
            layers += crossAttention(positions)
                    + selfAttention()
                    + 2 * linear(queries, c, config.maskDecoder().ffn());
            masks += maskEmbedding() + mask(positions);
        }
        return new DecoderFlops(
                memory,
                inputs(conditions),
                layers,
                masks + maskEmbedding() + scores(conditions) + mask(positions(RES2)));
    }

    /** seg_query_projector for the mask tokens, the projector of the task's head for the conditions. */
    private long inputs(int conditions) {
        return linear(queries + conditions, config.llm().hidden(), c);
    }

    private long crossAttention(long positions) {
        return 2 * linear(queries, c, c) + 2 * linear(queries, c, positions);
    }

    private long selfAttention() {
        return 4 * linear(queries, c, c) + 2 * linear(queries, c, queries);
    }

    private long maskEmbedding() {
        return 2 * linear(queries, c, c) + linear(queries, c, maskDim());
    }

    private long mask(long positions) {
        return linear(queries, maskDim(), positions);
    }

    /** The head's MLP and its products with the conditions. */
    private long scores(int conditions) {
        return 2 * linear(queries, c, c) + linear(queries, c, conditions);
    }

    private long maskDim() {
        return config.pixelDecoder().maskDim();
    }

    private long positions(int stage) {
        long side = config.mapSide(stage);
        return side * side;
    }
}
