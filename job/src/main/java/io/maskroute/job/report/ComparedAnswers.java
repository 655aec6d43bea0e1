package io.maskroute.job.report;

import io.maskroute.datasets.mask.Rle;
import java.util.List;
import java.util.Objects;

/**
 * What several runs answered to the same prompts.
 *
 * @param prompts that all runs have
 * @param changes for each run but the first, in the order of the runs: what is different from the first
 * @param shown some of the prompts, those of a picture together
 * @param chosen how they were chosen, in words; empty where all prompts are shown
 */
public record ComparedAnswers(long prompts, List<Change> changes, List<Prompt> shown, String chosen) {
    public ComparedAnswers {
        changes = List.copyOf(changes);
        shown = List.copyOf(shown);
        Objects.requireNonNull(chosen);
    }

    /**
     * A run against the first.
     *
     * @param equal prompts with the very same masks
     * @param gained prompts that only this run answered with an IoU of at least {@link #HIT}
     * @param lost prompts that only the first did
     */
    public record Change(String name, String first, long equal, long gained, long lost) {
        /** From this IoU on a prompt counts as found, as in Pr@0.5. */
        public static final double HIT = 0.5;
    }

    /**
     * One prompt in all runs.
     *
     * @param picture read once, when the first prompt of the picture is written
     * @param truth in the picture's size, or null
     * @param answers one for each run
     */
    public record Prompt(
            String imageId,
            String promptId,
            String text,
            GalleryItem.PictureSource picture,
            Rle truth,
            List<Answer> answers) {
        public Prompt {
            Objects.requireNonNull(imageId);
            Objects.requireNonNull(promptId);
            Objects.requireNonNull(text);
            Objects.requireNonNull(picture);
            answers = List.copyOf(answers);
        }
    }

    /**
     * @param mask in the picture's size, or null
     * @param iou against the truth as a fraction of 1, or null
     * @param failure why the prompt failed, or null
     */
    public record Answer(Rle mask, Double iou, String failure) {}
}
