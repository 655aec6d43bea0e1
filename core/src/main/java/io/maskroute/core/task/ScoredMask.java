package io.maskroute.core.task;

import io.maskroute.core.mask.BinaryMask;

/**
 * A mask at the picture's original size.
 *
 * @param score 0..1
 * @param category what it shows; null where the prompt names no classes
 * @param region which of the prompt's regions it answers; null where the prompt has none
 */
public record ScoredMask(BinaryMask mask, float score, Category category, Integer region) {
    public ScoredMask(BinaryMask mask, float score) {
        this(mask, score, null, null);
    }
}
