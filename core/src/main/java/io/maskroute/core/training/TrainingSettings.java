package io.maskroute.core.training;

import java.util.Map;

/**
 * How a step is taken. The defaults of the loss weights are Mask2Former's.
 *
 * @param beta1 decay of AdamW's first moment
 * @param beta2 decay of its second moment
 * @param weightDecay of matrices, per step and learning rate
 * @param gradientNorm longest gradient; a longer one is shortened to it
 * @param averageDecay of the moving average of the weights, which becomes the model
 * @param pixels weight of the binary cross entropy of mask pixels
 * @param dice weight of the dice loss
 * @param score weight of the loss that tells the query that answers the prompt from the others
 * @param everyQuery share of the mask losses that goes to all queries of a prompt alike, 0 to 1; the rest goes to the matched one
 * @param grounding weight of the losses that tie the prompt's condition and its mask tokens to the mask features, 0 to leave them out;
 *     they add no weights to the model
 * @param tokens weight of the loss that ties the prompt's condition to the image tokens, likewise
 * @param places weight of the loss that has the decoder's queries tell where in the picture the prompt's object is, likewise
 * @param reading what becomes of a prompt before the losses
 */
public record TrainingSettings(
        double beta1,
        double beta2,
        double weightDecay,
        double gradientNorm,
        double averageDecay,
        double pixels,
        double dice,
        double score,
        double everyQuery,
        double grounding,
        double tokens,
        double places,
        Reading reading) {
    public static final TrainingSettings DEFAULT =
            new TrainingSettings(0.9, 0.98, 0.02, 1, 0.998, 5, 5, 2, 0.5, 12, 12, 12, Reading.WITH_PICTURE);

    /** What becomes of a prompt before the losses. */
    public enum Reading {
        /** Its words go straight to the final norm: the LLM is left out, and with it the mask tokens. */
        WORDS,
        /** It stands alone in the LLM, which sees no picture. */
        PROMPT,
        /** It follows its picture in the LLM, as when the model is used. */
        WITH_PICTURE
    }

    /** What a step minimises the weighted sum of. */
    public enum Loss {
        PIXELS,
        DICE,
        SCORE,
        GROUNDING,
        TOKENS,
        PLACES
    }

    /** The weight of a loss. */
    public double weight(Loss loss) {
        return switch (loss) {
            case PIXELS -> pixels;
            case DICE -> dice;
            case SCORE -> score;
            case GROUNDING -> grounding;
            case TOKENS -> tokens;
            case PLACES -> places;
        };
    }

    /** The same with other weights of some losses. */
    public TrainingSettings weighted(Map<Loss, Double> weights) {
        return new TrainingSettings(
                beta1,
                beta2,
                weightDecay,
                gradientNorm,
                averageDecay,
                weights.getOrDefault(Loss.PIXELS, pixels),
                weights.getOrDefault(Loss.DICE, dice),
                weights.getOrDefault(Loss.SCORE, score),
                everyQuery,
                weights.getOrDefault(Loss.GROUNDING, grounding),
                weights.getOrDefault(Loss.TOKENS, tokens),
                weights.getOrDefault(Loss.PLACES, places),
                reading);
    }

    /** A stage before masks, cheaper: where prompts point to, without the mask decoder. */
    public TrainingSettings pointing(Reading reading) {
        // Without the picture places could only be guessed.
        double told = reading == Reading.WITH_PICTURE ? places : 0;
        return new TrainingSettings(
                beta1, beta2, weightDecay, gradientNorm, averageDecay, 0, 0, 0, 0, grounding, tokens, told, reading);
    }

    /** Whether masks are learned. */
    public boolean masks() {
        return pixels + dice + score > 0;
    }

    private static final double EPSILON = 1e-8;

    /** What {@code adamw} in {@code training.py} takes. */
    double[] optimiser(double learningRate) {
        return new double[] {learningRate, beta1, beta2, EPSILON, weightDecay, gradientNorm, averageDecay};
    }

    double[] losses() {
        return new double[] {pixels, dice, score, everyQuery};
    }

    double[] pointing() {
        return new double[] {grounding, tokens, places};
    }
}
