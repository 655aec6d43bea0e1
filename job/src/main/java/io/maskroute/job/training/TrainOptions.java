package io.maskroute.job.training;

import io.maskroute.core.training.Trainer.Trainable;
import io.maskroute.core.training.TrainingSettings;

/**
 * What decides the outcome of a training run, besides its data and where it begins.
 *
 * @param steps of gradient descent altogether
 * @param pictures per step
 * @param prompts at most per picture and step; of more, some are drawn
 * @param learningRate at its highest
 * @param warmUp steps in which the learning rate rises to that; from there it falls along half a cosine
 * @param finalRate the share of the learning rate that is left at the end
 * @param seed of the order of the pictures and the choice of prompts
 */
public record TrainOptions(
        int steps,
        int pictures,
        int prompts,
        double learningRate,
        int warmUp,
        double finalRate,
        long seed,
        Trainable trainable,
        TrainingSettings settings) {

    /** @param step from 1 */
    double learningRate(long step) {
        if (step <= warmUp) {
            return learningRate * step / warmUp;
        }
        double progress = (double) (step - warmUp) / Math.max(1, steps - warmUp);
        return learningRate * (finalRate + (1 - finalRate) * 0.5 * (1 + Math.cos(Math.PI * progress)));
    }
}
