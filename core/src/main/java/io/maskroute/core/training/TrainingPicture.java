package io.maskroute.core.training;

import io.maskroute.core.segmenter.PicturePrompts;
import java.util.List;

/**
 * A picture with prompts whose masks are known.
 *
 * @param targets per prompt what {@link TargetGrid} made of its mask; all zero where it has no target
 */
public record TrainingPicture(PicturePrompts picture, List<float[]> targets) {
    public TrainingPicture {
        targets = List.copyOf(targets);
        if (targets.size() != picture.prompts().size()) {
            throw new IllegalArgumentException(
                    targets.size() + " targets for " + picture.prompts().size() + " prompts");
        }
    }
}
