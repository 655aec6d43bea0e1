package io.maskroute.job.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.commons.text.similarity.LevenshteinDistance;

/** The keys of {@code reference.conf}, and what a mistyped one was probably meant to be. */
record KnownKeys(TreeSet<String> keys) {
    private static final LevenshteinDistance DISTANCE = LevenshteinDistance.getDefaultInstance();

    static KnownKeys of(Collection<String> keys) {
        return new KnownKeys(new TreeSet<>(keys));
    }

    boolean contains(String key) {
        return keys.contains(key);
    }

    /** The key in quotes, with the nearest known one when it is near enough to be a slip. */
    String explain(String key) {
        Optional<String> nearest = keys.stream().min(Comparator.comparingInt(k -> DISTANCE.apply(k, key)));
        return nearest.filter(k -> DISTANCE.apply(k, key) <= Math.max(3, key.length() / 3))
                .map(k -> "\"" + key + "\"; did you mean \"" + k + "\"?")
                .orElse("\"" + key + "\"; the README lists the known ones");
    }
}
