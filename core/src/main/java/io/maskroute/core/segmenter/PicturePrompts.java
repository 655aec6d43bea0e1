package io.maskroute.core.segmenter;

import io.maskroute.core.image.PreparedImage;
import java.util.List;

/**
 * A picture with its prompts.
 *
 * @param prompts at least one
 */
public record PicturePrompts(PreparedImage image, List<PreparedPrompt> prompts) {
    public PicturePrompts {
        prompts = List.copyOf(prompts);
        if (prompts.isEmpty()) {
            throw new IllegalArgumentException("a picture without prompts");
        }
    }
}
