package io.maskroute.job.bench;

import io.maskroute.core.bench.BenchModel.Variant;
import java.util.List;
import java.util.Locale;

/** A plan with a number of prompts that share a picture's work. */
record RunKind(Variant variant, int prompts) {
    static final RunKind DENSE_ALONE = new RunKind(Variant.DENSE, 1);
    private static final RunKind ROUTED_ALONE = new RunKind(Variant.ROUTED, 1);

    static List<RunKind> all(int prompts) {
        return prompts == 1
                ? List.of(DENSE_ALONE, ROUTED_ALONE)
                : List.of(
                        DENSE_ALONE,
                        ROUTED_ALONE,
                        new RunKind(Variant.DENSE, prompts),
                        new RunKind(Variant.ROUTED, prompts));
    }

    /** A routed prompt alone says nothing more about a whole picture. */
    static List<RunKind> ofPictures(int prompts) {
        return all(prompts).stream()
                .filter(kind -> prompts == 1 || !kind.equals(ROUTED_ALONE))
                .toList();
    }

    String routing() {
        return variant.name().toLowerCase(Locale.ROOT);
    }

    /** Such as {@code dense_alone}. */
    String label() {
        return routing() + (prompts == 1 ? "_alone" : "_shared");
    }
}
