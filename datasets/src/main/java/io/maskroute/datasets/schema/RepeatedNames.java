package io.maskroute.datasets.schema;

import java.io.Serializable;
import java.util.Set;

/**
 * Names that a dataset gives more than once, though they are to be unique. What was predicted for one of them could be taken for
 * another's, so none of them is asked.
 *
 * @param imageIds of rows
 * @param promptIds of prompts, of one row or of several
 */
public record RepeatedNames(Set<String> imageIds, Set<String> promptIds) implements Serializable {
    public static final RepeatedNames NONE = new RepeatedNames(Set.of(), Set.of());

    public RepeatedNames {
        imageIds = Set.copyOf(imageIds);
        promptIds = Set.copyOf(promptIds);
    }
}
