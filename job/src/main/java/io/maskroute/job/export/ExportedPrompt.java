package io.maskroute.job.export;

import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.PromptTask;
import java.util.List;
import java.util.Optional;

/**
 * A prompt and what came of it.
 *
 * @param id null where the dataset gives none
 * @param error null where the prompt is ok
 * @param masks best first; none where it failed
 */
record ExportedPrompt(String id, String task, List<String> texts, Error error, List<ExportedMask> masks) {
    record Error(String stage, String kind, String message) {}

    boolean isOk() {
        return error == null;
    }

    boolean is(PromptTask expected) {
        return expected.label().equals(task);
    }

    /** Whether its masks are one answer and no classes. */
    boolean isQuestion() {
        return is(PromptTask.REFERRING) || is(PromptTask.REGION);
    }

    /** The score of its best mask. */
    Float score() {
        return masks.isEmpty() ? null : masks.get(0).score();
    }

    /** All masks as one; nothing where none has a pixel. */
    Optional<Rle> union() {
        return masks.isEmpty()
                ? Optional.empty()
                : Optional.of(Rle.union(masks.stream().map(ExportedMask::rle).toList()))
                        .filter(mask -> mask.area() > 0);
    }
}
