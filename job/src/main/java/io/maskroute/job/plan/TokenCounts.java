package io.maskroute.job.plan;

import java.util.SortedMap;

/**
 * A dataset, as far as its cost goes.
 *
 * @param pictures number of prompts that can be run -> pictures with so many
 * @param ownText number of text tokens of its own -> prompts with so many
 * @param unusable reason -> prompts that will fail before they cost anything
 */
record TokenCounts(
        SortedMap<Integer, Long> pictures, SortedMap<Integer, Long> ownText, SortedMap<String, Long> unusable) {

    long images() {
        return sum(pictures);
    }

    long usablePrompts() {
        return sum(ownText);
    }

    long unusablePrompts() {
        return sum(unusable);
    }

    /** Passes of a picture through the model: each does the picture's own work once. */
    long passes(int promptsPerCall) {
        return pictures.entrySet().stream()
                .mapToLong(e -> e.getValue() * ((e.getKey() + promptsPerCall - 1) / promptsPerCall))
                .sum();
    }

    int mostPrompts() {
        return pictures.isEmpty() ? 0 : pictures.lastKey();
    }

    long ownTokens() {
        return ownText.entrySet().stream()
                .mapToLong(e -> e.getKey() * e.getValue())
                .sum();
    }

    /** The least length that is not exceeded by this share of the prompts; 0 when there are none. */
    int quantile(double share) {
        long below = 0;
        for (var entry : ownText.entrySet()) {
            below += entry.getValue();
            if (below >= share * usablePrompts()) {
                return entry.getKey();
            }
        }
        return 0;
    }

    private static long sum(SortedMap<?, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }
}
