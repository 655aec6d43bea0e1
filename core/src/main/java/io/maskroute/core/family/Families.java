package io.maskroute.core.family;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.hyperseg.Hyperseg;
import io.maskroute.core.family.psalm.Psalm;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The families that are known here. */
public final class Families {
    private static final List<Family> ALL = List.of(new Psalm(), new Hyperseg());

    private Families() {}

    public static List<Family> all() {
        return ALL;
    }

    /** The family of a model. */
    public static Family of(ModelConfig config) {
        return named(config.visualTokens().family()).orElseThrow();
    }

    public static Optional<Family> named(String name) {
        return ALL.stream().filter(family -> family.name().equals(name)).findFirst();
    }

    /** The family that a checkpoint with these tensors belongs to. */
    public static Optional<Family> owning(Set<String> names) {
        return ALL.stream().filter(family -> family.owns(names)).findFirst();
    }

    /** The family with this {@code model_type}. */
    public static Optional<Family> ofType(String modelType) {
        return ALL.stream()
                .filter(family -> family.modelType().equals(modelType))
                .findFirst();
    }

    /** Whose sizes serve where nothing says which family it is: the first. */
    public static Family fallback() {
        return ALL.get(0);
    }
}
