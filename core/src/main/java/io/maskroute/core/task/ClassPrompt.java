package io.maskroute.core.task;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** What the tasks of class names have in common: their conditions, their classes' probabilities. */
final class ClassPrompt {
    private static final String BACKGROUND = "background";

    private ClassPrompt() {}

    /** The names, and behind them the background. */
    static List<Condition> conditions(List<Category> categories, Function<String, String> spelling) throws RowFailure {
        if (categories.isEmpty()) {
            throw new RowFailure(Stage.TOKENIZE, "empty-prompt", "the prompt names no classes");
        }
        List<Condition> conditions = new ArrayList<>();
        for (Category category : categories) {
            if (ReferringTask.isEmpty(category.name())) {
                throw new RowFailure(
                        Stage.TOKENIZE, "empty-prompt", "class " + category.id() + " has a name without words");
            }
            conditions.add(new Condition(spelling.apply(category.name())));
        }
        conditions.add(new Condition(BACKGROUND));
        return conditions;
    }

    /**
     * Probabilities of a prompt's queries.
     *
     * @param values {@code [Q, N]}, row-major
     * @param classes {@code N}, with the background, which is the last
     */
    record Probabilities(float[] values, int classes) {
        float at(int query, int category) {
            return values[query * classes + category];
        }

        int queries() {
            return values.length / classes;
        }

        int background() {
            return classes - 1;
        }

        /** The likeliest class, the first among equals. */
        int best(int query) {
            int best = 0;
            for (int c = 1; c < classes; c++) {
                if (at(query, c) > at(query, best)) {
                    best = c;
                }
            }
            return best;
        }
    }

    /** @throws RowFailure where logits of classes or masks are not finite */
    static Probabilities probabilities(Decoded decoded, List<Category> categories) throws RowFailure {
        IValue found = decoded.work().run("class_probabilities", decoded.logits());
        float[] values = decoded.work().floats(found);
        for (float value : values) {
            Decoded.requireFinite(value);
        }
        if (!decoded.work()
                .run("finite_masks", decoded.embeddings(), decoded.features())
                .toBoolean()) {
            Decoded.requireFinite(Float.NaN);
        }
        return new Probabilities(values, categories.size() + 1);
    }
}
