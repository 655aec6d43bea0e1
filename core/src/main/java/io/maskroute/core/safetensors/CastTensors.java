package io.maskroute.core.safetensors;

import io.maskroute.core.error.UnusableInputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;

/**
 * Floating-point tensors in another type, rounded (to nearest, ties to even) as they are read; tensors of whole numbers stay as
 * they are. A number that is not finite, or is not in the new type, is refused: it would spoil whatever is computed with it.
 */
public final class CastTensors implements TensorSource {
    private static final int PIECE_ELEMENTS = 1 << 16;

    private final TensorSource source;
    private final DType dtype;

    private CastTensors(TensorSource source, DType dtype) {
        this.source = source;
        this.dtype = dtype;
    }

    /**
     * @param source closed with the view
     * @param dtype {@code F32}, {@code F16} or {@code BF16}
     */
    public static CastTensors of(TensorSource source, DType dtype) {
        if (!dtype.isFloating() || dtype == DType.F64) {
            throw new IllegalArgumentException("cast to " + dtype);
        }
        return new CastTensors(source, dtype);
    }

    @Override
    public String origin() {
        return source.origin();
    }

    @Override
    public Set<String> names() {
        return source.names();
    }

    @Override
    public TensorInfo info(String name) {
        TensorInfo info = source.info(name);
        return info.dtype().isFloating() ? new TensorInfo(dtype, info.shape()) : info;
    }

    @Override
    public ByteBuffer bytes(String name) {
        return ByteBuffer.wrap(toByteArray(name)).order(ByteOrder.LITTLE_ENDIAN).asReadOnlyBuffer();
    }

    /** Takes whole elements only: {@code offset} and what {@code target} has room for are multiples of an element's size. */
    @Override
    public void read(String name, long offset, ByteBuffer target) {
        TensorInfo stored = source.info(name);
        if (!stored.dtype().isFloating()) {
            source.read(name, offset, target);
            return;
        }
        int width = dtype.bytes();
        if (offset % width != 0 || target.remaining() % width != 0) {
            throw new IllegalArgumentException("part of a number: " + target.remaining() + " bytes from " + offset);
        }
        ByteOrder order = target.order();
        target.order(ByteOrder.LITTLE_ENDIAN);
        int from = stored.dtype().bytes();
        long element = offset / width;
        ByteBuffer piece = ByteBuffer.allocate(Math.min(target.remaining() / width, PIECE_ELEMENTS) * from)
                .order(ByteOrder.LITTLE_ENDIAN);
        while (target.hasRemaining()) {
            int count = Math.min(PIECE_ELEMENTS, target.remaining() / width);
            source.read(name, element * from, piece.clear().limit(count * from));
            piece.flip();
            for (int i = 0; i < count; i++) {
                put(target, value(piece, stored.dtype()), name, element + i);
            }
            element += count;
        }
        target.order(order);
    }

    private static float value(ByteBuffer piece, DType stored) {
        return switch (stored) {
            case F64 -> (float) piece.getDouble();
            case F32 -> piece.getFloat();
            case F16 -> HalfFloats.fromF16(piece.getShort());
            default -> HalfFloats.fromBf16(piece.getShort());
        };
    }

    private void put(ByteBuffer target, float value, String name, long element) {
        float kept;
        switch (dtype) {
            case F32 -> {
                target.putFloat(value);
                kept = value;
            }
            case F16 -> {
                short half = HalfFloats.toF16(value);
                target.putShort(half);
                kept = HalfFloats.fromF16(half);
            }
            default -> {
                short half = HalfFloats.toBf16(value);
                target.putShort(half);
                kept = HalfFloats.fromBf16(half);
            }
        }
        if (!Float.isFinite(kept)) {
            throw new UnusableInputException(origin() + ": tensor " + Names.quote(name) + " holds "
                    + (Float.isFinite(value) ? value + ", which is beyond " + dtype : value + ", which is not finite")
                    + " (element " + element + ")");
        }
    }

    @Override
    public void close() {
        source.close();
    }
}
