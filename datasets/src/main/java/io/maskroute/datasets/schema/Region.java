package io.maskroute.datasets.schema;

import java.io.Serializable;
import java.util.List;

/**
 * A drawn prompt.
 *
 * @param kind point, box, scribble or mask
 * @param coordinates in pixels of the picture as decoded: x, y of each point; a box is x, y, width, height; empty where the mask
 *     says which pixels it is
 * @param mask the drawn pixels, or null
 * @param imageId the picture of the dataset in which it lies; null = the prompt's own
 */
public record Region(String kind, List<Double> coordinates, EncodedMask mask, String imageId) implements Serializable {
    public Region {
        coordinates = List.copyOf(coordinates);
    }

    public Region(String kind, List<Double> coordinates, EncodedMask mask) {
        this(kind, coordinates, mask, null);
    }
}
