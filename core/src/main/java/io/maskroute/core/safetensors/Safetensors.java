package io.maskroute.core.safetensors;

import io.maskroute.core.error.UnusableInputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.Map;
import java.util.Set;

/**
 * A safetensors file: 8 bytes header length (little endian), a JSON header, then the tensors' bytes. Format: <a
 * href="https://github.com/huggingface/safetensors#format">huggingface/safetensors</a>. Files of any size; each tensor is
 * mapped by itself.
 */
public final class Safetensors implements TensorSource {
    private static final int LENGTH_BYTES = 8;

    private final Path file;
    private final FileChannel channel;
    private final SafetensorsHeader header;
    private final long dataStart;

    private Safetensors(Path file, FileChannel channel, SafetensorsHeader header, long dataStart) {
        this.file = file;
        this.channel = channel;
        this.header = header;
        this.dataStart = dataStart;
    }

    /** @throws UnusableInputException when the file is absent, truncated or its header lies */
    public static Safetensors open(Path file) {
        FileChannel channel = null;
        try {
            if (Files.isDirectory(file)) {
                throw new UnusableInputException(file + " is a folder, expected a safetensors file");
            }
            channel = FileChannel.open(file, StandardOpenOption.READ);
            Safetensors opened = open(file, channel);
            channel = null;
            return opened;
        } catch (NoSuchFileException e) {
            throw new UnusableInputException(file + " does not exist", e);
        } catch (IOException e) {
            throw new UnusableInputException(file + " cannot be read: " + e.getMessage(), e);
        } finally {
            closeQuietly(channel);
        }
    }

    private static Safetensors open(Path file, FileChannel channel) throws IOException {
        long size = channel.size();
        if (size < LENGTH_BYTES) {
            throw new UnusableInputException(
                    file + " is not a safetensors file: it has " + size + " bytes, too few for a header");
        }
        ByteBuffer lengthBytes = ByteBuffer.allocate(LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        readFully(channel, 0, lengthBytes);
        long headerLength = lengthBytes.getLong(0);
        // The length is unsigned in the format; a negative long is beyond any file.
        if (headerLength < 0 || headerLength > size - LENGTH_BYTES) {
            throw new UnusableInputException(file + ": header of " + Long.toUnsignedString(headerLength)
                    + " bytes announced in a file of " + size
                    + " bytes; it is no safetensors file, or truncated: fetch it again");
        }
        if (headerLength > SafetensorsHeader.MAX_HEADER_BYTES) {
            throw new UnusableInputException(file + ": header of " + headerLength + " bytes, at most "
                    + SafetensorsHeader.MAX_HEADER_BYTES + " are read");
        }
        ByteBuffer json = ByteBuffer.allocate((int) headerLength);
        readFully(channel, LENGTH_BYTES, json);
        long dataStart = LENGTH_BYTES + headerLength;
        SafetensorsHeader header = SafetensorsHeader.parse(file.toString(), json.array(), size - dataStart);
        return new Safetensors(file, channel, header, dataStart);
    }

    @Override
    public String origin() {
        return file.toString();
    }

    /** The header's {@code __metadata__}; empty when it has none. */
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(header.metadata());
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(header.tensors().keySet());
    }

    @Override
    public TensorInfo info(String name) {
        return entry(name).info();
    }

    @Override
    public ByteBuffer bytes(String name) {
        SafetensorsHeader.Entry entry = entry(name);
        long length = entry.end() - entry.begin();
        if (length > Integer.MAX_VALUE) {
            throw new UnusableInputException(
                    file + ": tensor " + Names.quote(name) + " has " + length + " bytes, too many to map at once");
        }
        try {
            ByteBuffer mapped = length == 0
                    ? ByteBuffer.allocate(0).asReadOnlyBuffer()
                    : channel.map(FileChannel.MapMode.READ_ONLY, dataStart + entry.begin(), length);
            return mapped.order(ByteOrder.LITTLE_ENDIAN);
        } catch (IOException e) {
            throw new UnusableInputException(file + ": tensor " + Names.quote(name) + " cannot be mapped: " + e, e);
        }
    }

    @Override
    public void read(String name, long offset, ByteBuffer target) {
        SafetensorsHeader.Entry entry = entry(name);
        if (offset < 0 || target.remaining() > entry.end() - entry.begin() - offset) {
            throw new IndexOutOfBoundsException(
                    offset + "+" + target.remaining() + " in " + (entry.end() - entry.begin()) + " bytes of " + name);
        }
        try {
            readFully(channel, dataStart + entry.begin() + offset, target);
        } catch (IOException e) {
            throw new UnusableInputException(file + ": tensor " + Names.quote(name) + " cannot be read: " + e, e);
        }
    }

    @Override
    public void close() {
        closeQuietly(channel);
    }

    private SafetensorsHeader.Entry entry(String name) {
        SafetensorsHeader.Entry entry = header.tensors().get(name);
        if (entry == null) {
            throw new UnusableInputException(file + " holds no tensor " + Names.quote(name));
        }
        return entry;
    }

    private static void readFully(FileChannel channel, long position, ByteBuffer target) throws IOException {
        for (long at = position; target.hasRemaining(); ) {
            int count = channel.read(target, at);
            if (count < 0) {
                throw new IOException("the file ended early");
            }
            at += count;
        }
    }

    private static void closeQuietly(FileChannel channel) {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                // Nothing was written through it, so nothing can be lost.
            }
        }
    }
}
