package io.maskroute.core.safetensors;

import io.maskroute.core.error.Reason;
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
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A safetensors file: 8 bytes header length (little endian), a JSON header, then the tensors' bytes. Format: <a
 * href="https://github.com/huggingface/safetensors#format">huggingface/safetensors</a>. Files of any size; each tensor is
 * mapped by itself.
 */
public final class Safetensors implements TensorSource {
    private static final int LENGTH_BYTES = 8;

    private final FileTensors tensors;
    private final Map<String, String> metadata;

    private Safetensors(FileTensors tensors, Map<String, String> metadata) {
        this.tensors = tensors;
        this.metadata = Collections.unmodifiableMap(metadata);
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
            throw new UnusableInputException(file + " cannot be read: " + Reason.of(e), e);
        } finally {
            if (channel != null) {
                FileTensors.closeQuietly(channel);
            }
        }
    }

    private static Safetensors open(Path file, FileChannel channel) throws IOException {
        long size = channel.size();
        if (size < LENGTH_BYTES) {
            throw new UnusableInputException(
                    file + " is not a safetensors file: it has " + size + " bytes, too few for a header");
        }
        ByteBuffer lengthBytes = ByteBuffer.allocate(LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        FileTensors.readFully(channel, 0, lengthBytes);
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
        FileTensors.readFully(channel, LENGTH_BYTES, json);
        long dataStart = LENGTH_BYTES + headerLength;
        SafetensorsHeader header = SafetensorsHeader.parse(file.toString(), json.array(), size - dataStart);
        Map<String, FileTensors.Region> regions = new LinkedHashMap<>();
        header.tensors()
                .forEach((name, entry) ->
                        regions.put(name, new FileTensors.Region(entry.info(), dataStart + entry.begin())));
        return new Safetensors(new FileTensors(file, channel, regions), header.metadata());
    }

    /** The header's {@code __metadata__}; empty when it has none. */
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public String origin() {
        return tensors.origin();
    }

    @Override
    public Set<String> names() {
        return tensors.names();
    }

    @Override
    public TensorInfo info(String name) {
        return tensors.info(name);
    }

    @Override
    public ByteBuffer bytes(String name) {
        return tensors.bytes(name);
    }

    @Override
    public void read(String name, long offset, ByteBuffer target) {
        tensors.read(name, offset, target);
    }

    @Override
    public void close() {
        tensors.close();
    }
}
