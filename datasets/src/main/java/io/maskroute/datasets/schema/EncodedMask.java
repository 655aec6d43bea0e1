package io.maskroute.datasets.schema;

import java.io.Serializable;
import java.util.List;

/**
 * A mask as stored: COCO's compressed run-length encoding, column-major. Kept as text until somebody needs the pixels, and
 * not yet checked: a row with a broken mask must still be readable.
 *
 * @param size height, width
 * @param counts COCO's compressed text
 */
public record EncodedMask(List<Integer> size, String counts) implements Serializable {
    public EncodedMask {
        size = List.copyOf(size);
    }

    public EncodedMask(int height, int width, String counts) {
        this(List.of(height, width), counts);
    }
}
