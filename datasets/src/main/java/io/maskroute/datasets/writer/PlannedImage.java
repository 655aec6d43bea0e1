package io.maskroute.datasets.writer;

import io.maskroute.datasets.schema.PromptRow;
import java.io.Serializable;
import java.util.List;

/**
 * A row to be written.
 *
 * @param uri of the image file, absolute
 * @param height the masks' height in pixels; the image must have it too
 * @param width the masks' width in pixels
 * @param split or null
 * @param source or null
 * @param licence or null
 */
public record PlannedImage(
        String imageId,
        String uri,
        int height,
        int width,
        List<PromptRow> prompts,
        String split,
        String source,
        String licence)
        implements Serializable {
    public PlannedImage {
        prompts = List.copyOf(prompts);
    }
}
