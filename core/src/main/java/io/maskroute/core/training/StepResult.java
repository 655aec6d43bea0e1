package io.maskroute.core.training;

/**
 * Mean losses per prompt of one step.
 *
 * @param total what was minimised: weighted, summed over the decoder's steps
 * @param pixels binary cross entropy of the final masks
 * @param dice dice loss of the final masks
 * @param score loss of the final scores
 * @param grounding cross entropy, times ten, of condition and features
 * @param tokens the same of condition and image tokens
 * @param maskTokens the same of mask tokens and features
 * @param places the same of the decoder's queries and a code of the places in the picture
 * @param gradientNorm before clipping; not finite when the step was skipped
 */
public record StepResult(
        double total,
        double pixels,
        double dice,
        double score,
        double grounding,
        double tokens,
        double maskTokens,
        double places,
        double gradientNorm) {}
