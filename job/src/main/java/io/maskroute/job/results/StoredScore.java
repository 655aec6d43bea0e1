package io.maskroute.job.results;

/** A mask's score as somebody wrote it. */
final class StoredScore {
    private StoredScore() {}

    /**
     * Null for none, which NaN is, too: pandas writes a missing number so, and a model in 16 bits may give it. No comparison knows
     * what to do with it: whatever is asked of it is false.
     */
    static Double of(Number stored) {
        return stored == null || Double.isNaN(stored.doubleValue()) ? null : stored.doubleValue();
    }

    /**
     * Whether a mask counts that was given this score.
     *
     * @param score null for none
     * @param least 0 for all masks as they are: scores of other tools may be negative
     */
    static boolean isEnough(Double score, double least) {
        return score == null || least == 0 || score >= least;
    }
}
