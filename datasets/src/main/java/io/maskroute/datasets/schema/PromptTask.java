package io.maskroute.datasets.schema;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What a prompt asks for; in lower case in the column {@code task}. */
public enum PromptTask {
    /** The object or group that sentences describe. */
    REFERRING,
    PANOPTIC,
    INSTANCE,
    SEMANTIC,
    /** The object under a point, box, scribble or mask. */
    REGION;

    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Optional<PromptTask> of(String label) {
        return Arrays.stream(values())
                .filter(task -> task.label().equals(label))
                .findFirst();
    }
}
