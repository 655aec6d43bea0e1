package io.maskroute.job.training;

import io.maskroute.core.training.StepResult;

/** Mean losses over some steps. */
final class Means {
    private int steps;
    private double total;
    private double pixels;
    private double dice;
    private double score;
    private double grounding;
    private double tokens;
    private double maskTokens;
    private double places;
    private double gradientNorm;

    void add(StepResult result) {
        steps++;
        total += result.total();
        pixels += result.pixels();
        dice += result.dice();
        score += result.score();
        grounding += result.grounding();
        tokens += result.tokens();
        maskTokens += result.maskTokens();
        places += result.places();
        gradientNorm += result.gradientNorm();
    }

    LogLine line(long step, double learningRate, double secondsPerStep) {
        return new LogLine(
                step,
                learningRate,
                total / steps,
                pixels / steps,
                dice / steps,
                score / steps,
                grounding / steps,
                tokens / steps,
                maskTokens / steps,
                places / steps,
                gradientNorm / steps,
                secondsPerStep,
                null,
                null);
    }
}
