package io.maskroute.core.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a safetensors file whose tensors are declared first and then filled in any order, in as many parts as suits the
 * caller. The file appears under its name when {@link #finish} has seen every byte; closing without it leaves nothing.
 *
 * <pre>{@code
 * try (SafetensorsWriter writer = SafetensorsWriter.create(file, infos, Map.of())) {
 *     writer.writeFloats("a", values);
 *     writer.finish();
 * }
 * }</pre>
 */
public final class SafetensorsWriter implements AutoCloseable {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int CHUNK_BYTES = 1 << 20;

    private final Path file;
    private final Path partial;
    private final FileChannel channel;
    private final Map<String, Slot> slots;
    private final ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    /** Where a tensor's bytes go, from the start of the file, and how many are there. */
    private static final class Slot {
        final TensorInfo info;
        final long begin;
        long written;

        Slot(TensorInfo info, long begin) {
            this.info = info;
            this.begin = begin;
        }
    }

    private SafetensorsWriter(Path file, Path partial, FileChannel channel, Map<String, Slot> slots) {
        this.file = file;
        this.partial = partial;
        this.channel = channel;
        this.slots = slots;
    }

    /**
     * @param tensors every tensor the file will hold, in the order the header shall list them
     * @param metadata for the header's {@code __metadata__}; may be empty
     */
    public static SafetensorsWriter create(Path file, Map<String, TensorInfo> tensors, Map<String, String> metadata)
            throws IOException {
        // Wider types first, so that every tensor is aligned to its element size without holes.
        List<Map.Entry<String, TensorInfo>> layout = new ArrayList<>(tensors.entrySet());
        layout.sort(Comparator.comparingInt(named -> -named.getValue().dtype().bytes()));
        Map<String, Long> begins = new LinkedHashMap<>();
        long end = 0;
        for (Map.Entry<String, TensorInfo> named : layout) {
            begins.put(named.getKey(), end);
            end = Math.addExact(end, named.getValue().byteLength());
        }
        byte[] json = header(tensors, begins, metadata);

        Map<String, Slot> slots = new LinkedHashMap<>();
        tensors.forEach((name, info) -> slots.put(name, new Slot(info, 8L + json.length + begins.get(name))));
        Path partial = file.resolveSibling(file.getFileName() + ".partial");
        FileChannel channel = FileChannel.open(
                partial, StandardOpenOption.WRITE, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
        SafetensorsWriter writer = new SafetensorsWriter(file, partial, channel, slots);
        try {
            ByteBuffer head = ByteBuffer.allocate(8 + json.length).order(ByteOrder.LITTLE_ENDIAN);
            writer.writeFully(head.putLong(json.length).put(json).flip(), 0);
            return writer;
        } catch (IOException e) {
            writer.close();
            throw e;
        }
    }

    private static byte[] header(
            Map<String, TensorInfo> tensors, Map<String, Long> begins, Map<String, String> metadata)
            throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(out)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeObjectFieldStart("__metadata__");
                for (Map.Entry<String, String> entry : metadata.entrySet()) {
                    json.writeStringField(entry.getKey(), entry.getValue());
                }
                json.writeEndObject();
            }
            for (Map.Entry<String, TensorInfo> named : tensors.entrySet()) {
                TensorInfo info = named.getValue();
                long begin = begins.get(named.getKey());
                json.writeObjectFieldStart(named.getKey());
                json.writeStringField("dtype", info.dtype().name());
                json.writeFieldName("shape");
                json.writeArray(info.shape(), 0, info.rank());
                json.writeFieldName("data_offsets");
                json.writeArray(new long[] {begin, begin + info.byteLength()}, 0, 2);
                json.writeEndObject();
            }
            json.writeEndObject();
        }
        // Padding with spaces keeps the data area aligned.
        while (out.size() % 8 != 0) {
            out.write(' ');
        }
        return out.toByteArray();
    }

    /** Appends raw little-endian bytes to a tensor. */
    public void write(String name, ByteBuffer bytes) throws IOException {
        Slot slot = slot(name);
        int count = bytes.remaining();
        if (count > slot.info.byteLength() - slot.written) {
            throw new IllegalArgumentException(
                    name + " is " + slot.info + ": " + (slot.written + count) + " bytes are too many");
        }
        writeFully(bytes, slot.begin + slot.written);
        slot.written += count;
    }

    /** Appends elements to a floating-point tensor, rounded to its type. */
    public void writeFloats(String name, float[] values) throws IOException {
        DType dtype = slot(name).info.dtype();
        requireKind(name, dtype.isFloating());
        for (int at = 0; at < values.length; ) {
            int stop = Math.min(values.length, at + CHUNK_BYTES / dtype.bytes());
            chunk.clear();
            for (; at < stop; at++) {
                switch (dtype) {
                    case F64 -> chunk.putDouble(values[at]);
                    case F32 -> chunk.putFloat(values[at]);
                    case F16 -> chunk.putShort(HalfFloats.toF16(values[at]));
                    default -> chunk.putShort(HalfFloats.toBf16(values[at]));
                }
            }
            write(name, chunk.flip());
        }
    }

    /** Appends elements to an integer or {@code BOOL} tensor, which must hold them. */
    public void writeLongs(String name, long[] values) throws IOException {
        DType dtype = slot(name).info.dtype();
        requireKind(name, !dtype.isFloating());
        for (int at = 0; at < values.length; ) {
            int stop = Math.min(values.length, at + CHUNK_BYTES / dtype.bytes());
            chunk.clear();
            for (; at < stop; at++) {
                putInteger(name, dtype, values[at]);
            }
            write(name, chunk.flip());
        }
    }

    private void putInteger(String name, DType dtype, long value) {
        boolean fits =
                switch (dtype) {
                    case I64 -> true;
                    case I32 -> value == (int) value;
                    case I16 -> value == (short) value;
                    case I8 -> value == (byte) value;
                    case U8 -> value >= 0 && value <= 255;
                    default -> value == 0 || value == 1;
                };
        if (!fits) {
            throw new IllegalArgumentException(name + ": " + value + " does not fit " + dtype);
        }
        switch (dtype) {
            case I64 -> chunk.putLong(value);
            case I32 -> chunk.putInt((int) value);
            case I16 -> chunk.putShort((short) value);
            default -> chunk.put((byte) value);
        }
    }

    /** Checks that every tensor is complete and gives the file its name, replacing an older one. */
    public void finish() throws IOException {
        slots.forEach((name, slot) -> {
            if (slot.written != slot.info.byteLength()) {
                throw new IllegalStateException(name + " is " + slot.info + " but " + slot.written + " of "
                        + slot.info.byteLength() + " bytes were written");
            }
        });
        channel.force(true);
        channel.close();
        Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Removes what was written unless {@link #finish} succeeded. */
    @Override
    public void close() {
        try {
            channel.close();
            Files.deleteIfExists(partial);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void requireKind(String name, boolean matches) {
        if (!matches) {
            throw new IllegalArgumentException(name + " is " + slot(name).info);
        }
    }

    private Slot slot(String name) {
        Slot slot = slots.get(name);
        if (slot == null) {
            throw new IllegalArgumentException("no tensor " + name + " was declared for " + file);
        }
        return slot;
    }

    private void writeFully(ByteBuffer bytes, long position) throws IOException {
        for (long at = position; bytes.hasRemaining(); ) {
            at += channel.write(bytes, at);
        }
    }
}
