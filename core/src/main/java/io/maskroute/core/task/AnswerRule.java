package io.maskroute.core.task;

import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Which masks of a prompt are an answer.
 *
 * @param union 0..1: all masks that score more answer a referring prompt together, the best one where none does, as PSALM has it for
 *     gRefCOCO (with {@value #PSALM_UNION}); empty: the best one alone answers
 * @param minScore 0..1; masks below it are left out
 * @param maxMasks of a prompt, the best ones, at least 1
 */
public record AnswerRule(OptionalDouble union, double minScore, int maxMasks) {
    /** PSALM's threshold of {@link #union}. */
    public static final double PSALM_UNION = 0.6;

    public AnswerRule {
        if (!(minScore >= 0 && minScore <= 1) || maxMasks < 1 || !(union.orElse(0) >= 0 && union.orElse(0) <= 1)) {
            throw new IllegalArgumentException("union " + union + ", minScore " + minScore + ", maxMasks " + maxMasks);
        }
    }

    /** No other rule than a least score. */
    public static AnswerRule of(double minScore) {
        return new AnswerRule(OptionalDouble.empty(), minScore, Integer.MAX_VALUE);
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
