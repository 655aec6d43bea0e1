package io.maskroute.core.task;

import java.util.Comparator;
import java.util.List;

/**
 * Which masks of a prompt are an answer.
 *
 * @param minScore 0..1; masks below it are left out
 * @param maxMasks of a prompt, the best ones, at least 1
 */
public record AnswerRule(double minScore, int maxMasks) {
    public AnswerRule {
        if (!(minScore >= 0 && minScore <= 1) || maxMasks < 1) {
            throw new IllegalArgumentException("minScore " + minScore + ", maxMasks " + maxMasks);
        }
    }

    /** No other rule than a least score. */
    public static AnswerRule of(double minScore) {
        return new AnswerRule(minScore, Integer.MAX_VALUE);
    }

    boolean isEnough(float score) {
        return score >= minScore;
    }

    /** Those that are an answer, best first; of equal ones the earlier first. */
    List<ScoredMask> answer(List<ScoredMask> masks) {
        return masks.stream()
                .filter(mask -> isEnough(mask.score()))
                .sorted(Comparator.comparingDouble(mask -> -mask.score()))
                .limit(maxMasks)
                .toList();
    }
}
