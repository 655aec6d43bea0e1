package io.maskroute.core.routing;

import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Leaves image tokens out of the later layers: a baseline to measure token routing against. The first {@code afterLayer} layers
 * see every token. From then on a prompt has {@code keep} of the image tokens, in order and with their position ids; the
 * others have no attention, no FFN, no keys and no values.
 *
 * @param criterion which image tokens a prompt keeps
 * @param afterLayer number of layers that see every token, at least 1: the ranking needs one
 * @param keep number of image tokens kept
 * @param seed of {@link Criterion#RANDOM}; 0 for the others
 */
public record ImageTokenDropping(Criterion criterion, int afterLayer, int keep, int seed) {

    /** How the tokens that stay are chosen. */
    public enum Criterion {
        /**
         * Those to which the prompt's last text token attends most in the last layer that sees all of them, averaged over the
         * heads (FastV: Chen et al. 2024, "An Image is Worth 1/2 Tokens After Layer 2").
         */
        ATTENTION,
        /**
         * As {@link #ATTENTION}, by the last token of the text that all prompts share: chosen before any prompt is known, so that
         * the later layers of what the prompts of a picture share run once as well.
         */
        PICTURE_ATTENTION,
        /** A uniform choice, drawn from the seed and the picture: the same for all prompts of a picture. */
        RANDOM;

        /** Whether all prompts of a picture keep the same tokens. */
        public boolean shared() {
            return this != ATTENTION;
        }

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * The image tokens among which a prompt's are chosen, before anything has run: all of them where the model chooses, else
     * exactly {@link #keep}.
     *
     * @param imageTokens of the picture
     * @param picture a number that stands for the picture's content
     * @return image tokens counted from 0, ascending
     */
    public int[] candidates(int imageTokens, long picture) {
        int[] tokens = IntStream.range(0, imageTokens).toArray();
        if (criterion != Criterion.RANDOM) {
            return tokens;
        }
        // The constant spreads neighbouring seeds over all bits (the 64-bit golden ratio of SplitMix64).
        Random random = new Random(picture ^ seed * 0x9E3779B97F4A7C15L);
        for (int i = 0; i < keep; i++) {
            int other = i + random.nextInt(imageTokens - i);
            int token = tokens[i];
            tokens[i] = tokens[other];
            tokens[other] = token;
        }
        int[] kept = Arrays.copyOf(tokens, keep);
        Arrays.sort(kept);
        return kept;
    }
}
