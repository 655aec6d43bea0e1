package io.maskroute.job.results;

/** A mask's score as somebody wrote it. */
final class StoredScore {
    private StoredScore() {}

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
