package io.maskroute.datasets.schema;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.task.ReferringTask;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * One question about an image.
 *
 * @param promptId unique in the dataset
 * @param task the label of a {@link PromptTask}, as stored
 * @param texts referring: the sentences of this prompt; else empty
 * @param classSet panoptic, instance, semantic: name of a vocabulary in the manifest; else null
 * @param regions region: what was drawn; else empty
 * @param truth the right answer, or null when unknown
 * @param unreadable why it cannot be asked whatever its task: texts, regions or truth could not be read as stored and are left
 *     out, or its name is another's, too; null when neither is so
 */
public record PromptRow(
        String promptId,
        String task,
        List<String> texts,
        String classSet,
        List<Region> regions,
        Truth truth,
        RowFailure unreadable)
        implements Serializable {
    private static final String EMPTY = "empty-prompt";

    public PromptRow {
        texts = List.copyOf(texts);
        regions = List.copyOf(regions);
    }

    public PromptRow(
            String promptId, String task, List<String> texts, String classSet, List<Region> regions, Truth truth) {
        this(promptId, task, texts, classSet, regions, truth, null);
    }

    /** A referring prompt. */
    public static PromptRow referring(String promptId, List<String> texts, Truth truth) {
        return new PromptRow(promptId, PromptTask.REFERRING.label(), texts, null, List.of(), truth);
    }

    /** A prompt of which nothing could be read. */
    static PromptRow unreadable(RowFailure failure) {
        return new PromptRow(null, null, List.of(), null, List.of(), null, failure);
    }

    /** The same, which cannot be asked; an earlier reason stays. */
    PromptRow unusable(RowFailure failure) {
        return unreadable != null ? this : new PromptRow(promptId, task, texts, classSet, regions, truth, failure);
    }

    /**
     * A prompt as read may lack what its task requires, or hold what cannot be read; this says so.
     *
     * @return the task
     * @throws RowFailure at stage {@code read}
     */
    public PromptTask requireUsable() throws RowFailure {
        requireReadable();
        if (promptId == null) {
            throw new RowFailure(Stage.READ, "no-prompt-id", "the prompt has no prompt_id");
        }
        PromptTask known = PromptTask.of(task)
                .orElseThrow(() -> new RowFailure(
                        Stage.READ,
                        "unknown-task",
                        "prompt " + promptId + " has the task '" + task + "'; known are "
                                + Arrays.stream(PromptTask.values())
                                        .map(PromptTask::label)
                                        .collect(Collectors.joining(", "))));
        if (known == PromptTask.REFERRING && texts.isEmpty()) {
            throw new RowFailure(Stage.READ, EMPTY, "referring prompt " + promptId + " has no texts");
        }
        if (known == PromptTask.REFERRING && texts.stream().anyMatch(ReferringTask::isEmpty)) {
            throw new RowFailure(Stage.READ, EMPTY, "referring prompt " + promptId + " has a sentence without words");
        }
        return known;
    }

    /** The truth that metrics of referring prompts count; null for a prompt of another task. */
    public Truth referringTruth() {
        return PromptTask.of(task)
                        .filter(known -> known != PromptTask.REFERRING)
                        .isPresent()
                ? null
                : truth;
    }

    /** @throws RowFailure at stage {@code read} when something of it could not be read, or its name is another's, too */
    public void requireReadable() throws RowFailure {
        if (unreadable != null) {
            throw unreadable;
        }
    }
}
