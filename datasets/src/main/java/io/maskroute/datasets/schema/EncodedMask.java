package io.maskroute.datasets.schema;

import io.maskroute.core.image.Orientation;
import io.maskroute.datasets.mask.InvalidRleException;
import io.maskroute.datasets.mask.Rle;
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

    public static EncodedMask of(Rle mask) {
        return new EncodedMask(mask.height(), mask.width(), mask.compressed());
    }

    /** @throws InvalidRleException when it is no mask */
    public Rle decode() {
        if (size.size() != 2 || counts == null) {
            throw new InvalidRleException("a mask needs a size of two numbers and counts, and has " + size + " and "
                    + (counts == null ? "none" : "counts"));
        }
        return Rle.parse(size.get(0), size.get(1), counts);
    }

    /**
     * The mask turned as its picture.
     *
     * @throws InvalidRleException when it is no mask, or too large to be laid out
     */
    public EncodedMask turned(Orientation orientation) {
        return orientation == Orientation.TOP_LEFT ? this : of(Rle.of(orientation.turn(decode().toMask())));
    }
}
