package io.maskroute.datasets.schema;

import io.maskroute.core.image.Orientation;
import java.io.Serializable;
import java.util.List;

/**
 * The right answer to a prompt.
 *
 * @param noTarget whether nothing in the image is meant; {@code masks} is then empty
 * @param masks for panoptic and semantic prompts: pixels in none of them are void
 * @param ignore pixels that count nowhere, or null
 */
public record Truth(boolean noTarget, List<TruthMask> masks, EncodedMask ignore) implements Serializable {
    public Truth {
        masks = List.copyOf(masks);
    }

    public Truth(boolean noTarget, List<TruthMask> masks) {
        this(noTarget, masks, null);
    }

    /** The same for the picture turned. */
    public Truth turned(Orientation orientation) {
        return new Truth(
                noTarget,
                masks.stream().map(mask -> mask.turned(orientation)).toList(),
                ignore == null ? null : ignore.turned(orientation));
    }
}
