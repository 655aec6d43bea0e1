package io.maskroute.core.mask;

/**
 * A mask of one object over a picture.
 *
 * @param columnMajor {@code height * width} bytes of 0 or 1, down the first column, then the next: COCO's order, so that
 *     run-length encoding reads them in sequence
 */
public record BinaryMask(int height, int width, byte[] columnMajor) {
    public BinaryMask {
        if (height < 0 || width < 0 || columnMajor.length != (long) height * width) {
            throw new IllegalArgumentException(
                    columnMajor.length + " pixels are not a " + height + "x" + width + " mask");
        }
    }

    /** Whether the pixel in this row and column belongs to the object. */
    public boolean at(int row, int column) {
        return columnMajor[column * height + row] != 0;
    }
}
