package io.maskroute.job.report;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.image.RgbImage;
import io.maskroute.datasets.mask.Rle;
import java.util.Objects;

/**
 * One prompt of the gallery.
 *
 * @param task of the prompt
 * @param text the prompt's sentences
 * @param picture where the picture comes from; read once, when its card is written
 * @param prediction in the picture's size, or null
 * @param truth in the picture's size, or null
 * @param iou prediction against truth as a fraction of 1, or null
 * @param score the model's own score of the mask, or null
 * @param latencyMs or null
 * @param error why the prompt failed; null when it is ok
 */
public record GalleryItem(
        String imageId,
        String promptId,
        String task,
        String text,
        PictureSource picture,
        Rle prediction,
        Rle truth,
        Double iou,
        Double score,
        Double latencyMs,
        Error error) {
    public GalleryItem {
        Objects.requireNonNull(imageId);
        Objects.requireNonNull(promptId);
        Objects.requireNonNull(task);
        Objects.requireNonNull(text);
        Objects.requireNonNull(picture);
    }

    /** The error struct of a failed row. */
    public record Error(String stage, String kind, String message) {
        public Error {
            Objects.requireNonNull(stage);
            Objects.requireNonNull(kind);
            message = Objects.requireNonNullElse(message, "");
        }
    }

    /** Gives a picture when it is needed, so that a gallery never holds all of its decoded pictures at once. */
    @FunctionalInterface
    public interface PictureSource {
        /** @throws RowFailure if there is no usable picture; the card then says so and shows the masks alone */
        RgbImage read() throws RowFailure;
    }
}
