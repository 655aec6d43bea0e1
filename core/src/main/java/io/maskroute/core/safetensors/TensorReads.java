package io.maskroute.core.safetensors;

import io.maskroute.core.error.UnusableInputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Decoding of whole tensors into Java arrays, chunk by chunk. */
final class TensorReads {
    private static final int CHUNK_BYTES = 1 << 20;

    private TensorReads() {}

    static float[] floats(TensorSource source, String name) {
        TensorInfo info = source.info(name);
        if (!info.dtype().isFloating()) {
            throw new UnusableInputException(source.origin() + ": tensor " + Names.quote(name) + " is " + info
                    + ", expected floating point numbers");
        }
        float[] out = new float[arrayLength(source, name, info.elements())];
        chunks(source, name, info, (chunk, at, count) -> {
            switch (info.dtype()) {
                case F64 -> {
                    for (int i = 0; i < count; i++) {
                        out[at + i] = (float) chunk.getDouble();
                    }
                }
                case F32 -> chunk.asFloatBuffer().get(out, at, count);
                case F16 -> {
                    for (int i = 0; i < count; i++) {
                        out[at + i] = HalfFloats.fromF16(chunk.getShort());
                    }
                }
                default -> {
                    for (int i = 0; i < count; i++) {
                        out[at + i] = HalfFloats.fromBf16(chunk.getShort());
                    }
                }
            }
        });
        return out;
    }

    static long[] longs(TensorSource source, String name) {
        TensorInfo info = source.info(name);
        if (info.dtype().isFloating()) {
            throw new UnusableInputException(
                    source.origin() + ": tensor " + Names.quote(name) + " is " + info + ", expected whole numbers");
        }
        long[] out = new long[arrayLength(source, name, info.elements())];
        chunks(source, name, info, (chunk, at, count) -> {
            for (int i = at; i < at + count; i++) {
                out[i] = switch (info.dtype()) {
                    case I64 -> chunk.getLong();
                    case I32 -> chunk.getInt();
                    case I16 -> chunk.getShort();
                    case I8 -> chunk.get();
                    default -> chunk.get() & 0xff;
                };
            }
        });
        return out;
    }

    static int arrayLength(TensorSource source, String name, long length) {
        // A few VMs stop short of the largest int.
        if (length > Integer.MAX_VALUE - 8) {
            throw new UnusableInputException(source.origin() + ": tensor " + Names.quote(name) + " ("
                    + source.info(name) + ") is too large for one array");
        }
        return (int) length;
    }

    private interface ChunkConsumer {
        void accept(ByteBuffer chunk, int firstElement, int elements);
    }

    private static void chunks(TensorSource source, String name, TensorInfo info, ChunkConsumer consumer) {
        int width = info.dtype().bytes();
        long total = info.byteLength();
        ByteBuffer chunk =
                ByteBuffer.allocate((int) Math.min(total, CHUNK_BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        for (long offset = 0; offset < total; offset += chunk.limit()) {
            chunk.clear().limit((int) Math.min(chunk.capacity(), total - offset));
            source.read(name, offset, chunk);
            consumer.accept(chunk.flip(), (int) (offset / width), chunk.limit() / width);
        }
    }
}
