package io.maskroute.datasets.schema;

import io.maskroute.core.image.Orientation;
import java.io.Serializable;
import java.util.List;

/**
 * The right answer to a prompt.
 *
 * @param noTarget whether nothing in the image is meant; {@code masks} is then empty
 */
public record Truth(boolean noTarget, List<TruthMask> masks) implements Serializable {
    public Truth {
        masks = List.copyOf(masks);
    }

    /** The same for the picture turned. */
    public Truth turned(Orientation orientation) {
        return new Truth(
                noTarget,
                masks.stream()
                        .map(mask -> new TruthMask(
                                mask.mask().turned(orientation),
                                mask.categoryId(),
                                mask.isCrowd(),
                                mask.annotationId()))
                        .toList());
    }
}
