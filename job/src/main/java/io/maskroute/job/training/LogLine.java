package io.maskroute.job.training;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Locale;

/**
 * A line of the training log; of the figures, either the losses or those of a validation are there.
 *
 * @param step the last one
 * @param learningRate of that step
 * @param loss mean of what was minimised, per prompt, since the line before
 * @param pixels mean of the final masks' cross entropy, and so on for dice, score, grounding, tokens, maskTokens and places
 * @param gradientNorm mean, before clipping
 * @param secondsPerStep of this process
 * @param gIoU of the validation pictures with the averaged weights
 * @param cIoU likewise
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record LogLine(
        long step,
        Double learningRate,
        Double loss,
        Double pixels,
        Double dice,
        Double score,
        Double grounding,
        Double tokens,
        Double maskTokens,
        Double places,
        Double gradientNorm,
        Double secondsPerStep,
        Double gIoU,
        Double cIoU) {

    static LogLine validation(long step, double gIoU, double cIoU) {
        return new LogLine(step, null, null, null, null, null, null, null, null, null, null, null, gIoU, cIoU);
    }

    String text(int steps) {
        if (gIoU != null) {
            return String.format(
                    Locale.ROOT, "step %d of %d: validation gIoU %.4f, cIoU %.4f", step, steps, gIoU, cIoU);
        }
        return String.format(
                Locale.ROOT,
                "step %d of %d: loss %.3f (pixels %.4f, dice %.3f, score %.3f, grounding %.3f, tokens %.3f, mask tokens %.3f, places %.3f), gradient %.2f, %.2f s a step",
                step,
                steps,
                loss,
                pixels,
                dice,
                score,
                grounding,
                tokens,
                maskTokens,
                places,
                gradientNorm,
                secondsPerStep);
    }
}
