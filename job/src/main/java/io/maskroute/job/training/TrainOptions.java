package io.maskroute.job.training;

import io.maskroute.core.training.Trainer.Trainable;
import io.maskroute.core.training.TrainingSettings;
import java.util.SplittableRandom;

/**
 * What decides the outcome of a training run, besides its data and where it begins.
 *
 * @param steps of gradient descent altogether
 * @param pictures per step
 * @param prompts at most per picture and step; of more, some are drawn
 * @param learningRate at its highest
 * @param warmUp steps in which the learning rate rises to that; from there it falls along half a cosine
 * @param finalRate the share of the learning rate that is left at the end
 * @param lateMaskTokens at which layers mask tokens join in every other step
 * @param seed of the order of the pictures, the choice of prompts and the layers at which mask tokens join
 */
public record TrainOptions(
        int steps,
        int pictures,
        int prompts,
        double learningRate,
        int warmUp,
        double finalRate,
        LateMaskTokens lateMaskTokens,
        long seed,
        Trainable trainable,
        TrainingSettings settings) {

    /**
     * Where the mask tokens join in a step: in one half of the steps at the schedule's layer, in the other half at one drawn from those
     * of {@link #lateMaskTokens} that are deeper, so that the model can be run with any of them.
     *
     * @param step from 1
     * @param scheduled the schedule's layer
     */
    int maskTokenLayer(long step, int scheduled) {
        SplittableRandom random = new SplittableRandom(seed ^ step * 0x9E3779B97F4A7C15L);
        if (lateMaskTokens.last() <= scheduled || random.nextBoolean()) {
            return scheduled;
        }
        return random.nextInt(Math.max(scheduled, lateMaskTokens.first() - 1), lateMaskTokens.last()) + 1;
    }

    /** @param step from 1 */
    double learningRate(long step) {
        if (step <= warmUp) {
            return learningRate * step / warmUp;
        }
        double progress = (double) (step - warmUp) / Math.max(1, steps - warmUp);
        return learningRate * (finalRate + (1 - finalRate) * 0.5 * (1 + Math.cos(Math.PI * progress)));
    }
}
