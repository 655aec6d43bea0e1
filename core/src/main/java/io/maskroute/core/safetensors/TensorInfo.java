package io.maskroute.core.safetensors;

import java.util.Arrays;

/**
 * Element type and shape of a tensor, elements in row-major order. An empty shape is a scalar.
 *
 * @param shape sizes of zero or more, whose product times the element size fits a long
 */
public record TensorInfo(DType dtype, long[] shape) {
    /** @throws IllegalArgumentException for a negative size, or more bytes than a long counts */
    public TensorInfo {
        shape = shape.clone();
        try {
            long bytes = dtype.bytes();
            for (long size : shape) {
                if (size < 0) {
                    throw new IllegalArgumentException("negative size in shape " + Arrays.toString(shape));
                }
                // Zero sizes are counted as one, so that what stands beside them must fit as well.
                bytes = Math.multiplyExact(bytes, Math.max(size, 1));
            }
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("shape " + Arrays.toString(shape) + " overflows");
        }
    }

    public static TensorInfo of(DType dtype, long... shape) {
        return new TensorInfo(dtype, shape);
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    public int rank() {
        return shape.length;
    }

    public long elements() {
        long elements = 1;
        for (long size : shape) {
            elements *= size;
        }
        return elements;
    }

    public long byteLength() {
        return elements() * dtype.bytes();
    }

    public boolean hasShape(long... other) {
        return Arrays.equals(shape, other);
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof TensorInfo other && dtype == other.dtype && Arrays.equals(shape, other.shape);
    }

    @Override
    public int hashCode() {
        return 31 * dtype.hashCode() + Arrays.hashCode(shape);
    }

    /** Such as {@code F32 [6144, 2048]}. */
    @Override
    public String toString() {
        return dtype + " " + Arrays.toString(shape);
    }
}
