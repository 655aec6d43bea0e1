package io.maskroute.datasets.schema;

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
}
