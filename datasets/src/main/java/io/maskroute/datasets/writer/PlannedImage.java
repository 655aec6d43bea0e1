package io.maskroute.datasets.writer;

import io.maskroute.core.image.Orientation;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Truth;
import java.io.Serializable;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * A row to be written.
 *
 * @param uri of the image file, absolute
 * @param height the masks' height in pixels; the stored picture must have it too, or, where EXIF orientation is applied, the
 *     turned one
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

    /** With masks that fit the picture turned. */
    PlannedImage turned(Orientation orientation) {
        // Prompts on one object share its truth, and go on sharing it.
        Map<Truth, Truth> turned = new IdentityHashMap<>();
        return new PlannedImage(
                imageId,
                uri,
                orientation.swapsSides() ? width : height,
                orientation.swapsSides() ? height : width,
                prompts.stream()
                        .map(prompt -> turned(prompt, orientation, turned))
                        .toList(),
                split,
                source,
                licence);
    }

    private static PromptRow turned(PromptRow prompt, Orientation orientation, Map<Truth, Truth> turned) {
        if (!prompt.regions().isEmpty()) {
            throw new IllegalArgumentException("prompt " + prompt.promptId() + ": regions cannot be turned");
        }
        return new PromptRow(
                prompt.promptId(),
                prompt.task(),
                prompt.texts(),
                prompt.classSet(),
                prompt.regions(),
                prompt.truth() == null
                        ? null
                        : turned.computeIfAbsent(prompt.truth(), truth -> truth.turned(orientation)),
                prompt.unreadable());
    }
}
