package io.maskroute.datasets.schema;

import java.io.Serializable;
import java.util.List;

/**
 * A drawn prompt.
 *
 * @param kind point, box, scribble or mask
 * @param coordinates in pixels of the picture as decoded: x, y of each point; a box is x, y, width, height; empty for a mask
 * @param mask or null
 */
public record Region(String kind, List<Double> coordinates, EncodedMask mask) implements Serializable {
    public Region {
        coordinates = List.copyOf(coordinates);
    }
}
