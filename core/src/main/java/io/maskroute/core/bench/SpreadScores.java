package io.maskroute.core.bench;

/**
 * Condition logits that differ among the queries as a trained model's do. With random weights all are alike, and then
 * {@code best_mask} resizes every mask before it knows the best.
 *
 * <p>Chosen from the bundled model: medians, rank by rank, over the prompts of 40 pictures (318 prompts) of ShapesRef's
 * {@code standard} test split, the flatter one; {@code easy} has 5.2, 3.2, 1.0, -2.5, -3.9. A few queries bid for the object and all others
 * lie below -3, so {@code best_mask} resizes its first four masks and no more, as it does for 90 % of those prompts.
 */
final class SpreadScores {
    private static final int[] RANKS = {1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 50, 100};
    private static final float[] LOGITS = {
        4.3f, 3.0f, 2.1f, -0.1f, -1.7f, -2.6f, -3.4f, -3.8f, -4.9f, -5.9f, -6.4f, -6.9f
    };

    private SpreadScores() {}

    /** The highest first, straight lines between the ranks above; queries beyond the last have its logit. */
    static float[] logits(int queries) {
        float[] logits = new float[queries];
        int at = 0;
        for (int rank = 1; rank <= queries; rank++) {
            while (at < RANKS.length - 2 && rank > RANKS[at + 1]) {
                at++;
            }
            float share = Math.min(1, (float) (rank - RANKS[at]) / (RANKS[at + 1] - RANKS[at]));
            logits[rank - 1] = LOGITS[at] + share * (LOGITS[at + 1] - LOGITS[at]);
        }
        return logits;
    }
}
