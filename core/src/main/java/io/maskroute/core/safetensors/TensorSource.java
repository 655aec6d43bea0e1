package io.maskroute.core.safetensors;

import io.maskroute.core.error.UnusableInputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;

/**
 * Named tensors in one or several files, read when asked for. Safe for concurrent reading. Every method that takes a name
 * throws {@link UnusableInputException} when there is no such tensor or its file cannot be read.
 */
public interface TensorSource extends AutoCloseable {
    /** The file or folder, for messages. */
    String origin();

    /** In stored order. */
    Set<String> names();

    TensorInfo info(String name);

    /**
     * The tensor's bytes: mapped where the format allows, little endian, read-only, valid after {@link #close}. Pages that
     * were touched count towards the process's resident memory until the buffer is collected; {@link #read} avoids that.
     *
     * @throws UnusableInputException for a tensor of more than 2 GB - 1 bytes too; read that in parts
     */
    ByteBuffer bytes(String name);

    /**
     * Copies bytes without mapping, so a checkpoint larger than memory can be streamed through one small buffer.
     *
     * @param offset in bytes from the tensor's start
     * @param target filled from its position to its limit
     */
    void read(String name, long offset, ByteBuffer target);

    @Override
    void close();

    /** All elements of an {@code F64}, {@code F32}, {@code F16} or {@code BF16} tensor, in row-major order. */
    default float[] floats(String name) {
        return TensorReads.floats(this, name);
    }

    /** All elements of an integer or {@code BOOL} tensor ({@code U8} as 0..255), in row-major order. */
    default long[] longs(String name) {
        return TensorReads.longs(this, name);
    }

    /** The raw bytes of a tensor of any type, on the heap. */
    default byte[] toByteArray(String name) {
        ByteBuffer all = ByteBuffer.allocate(
                TensorReads.arrayLength(this, name, info(name).byteLength()));
        read(name, 0, all.order(ByteOrder.LITTLE_ENDIAN));
        return all.array();
    }
}
