package io.maskroute.core.safetensors;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Tensors that lie as they are in one file: what any format comes down to once its directory has been read. */
public final class FileTensors implements TensorSource {
    private final Path file;
    private final FileChannel channel;
    private final Map<String, Region> regions;

    /** @param position of the first byte in the file, which holds all {@code info.byteLength()} bytes from there */
    public record Region(TensorInfo info, long position) {}

    /**
     * @param channel open for reading; closed by {@link #close}
     * @param regions in the order of {@link #names}
     */
    public FileTensors(Path file, FileChannel channel, Map<String, Region> regions) {
        this.file = file;
        this.channel = channel;
        this.regions = new LinkedHashMap<>(regions);
    }

    @Override
    public String origin() {
        return file.toString();
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(regions.keySet());
    }

    @Override
    public TensorInfo info(String name) {
        return region(name).info;
    }

    @Override
    public ByteBuffer bytes(String name) {
        Region region = region(name);
        long length = region.info.byteLength();
        if (length > Integer.MAX_VALUE) {
            throw new UnusableInputException(
                    file + ": tensor " + Names.quote(name) + " has " + length + " bytes, too many to map at once");
        }
        try {
            ByteBuffer mapped = length == 0
                    ? ByteBuffer.allocate(0).asReadOnlyBuffer()
                    : channel.map(FileChannel.MapMode.READ_ONLY, region.position, length);
            return mapped.order(ByteOrder.LITTLE_ENDIAN);
        } catch (IOException e) {
            throw new UnusableInputException(
                    file + ": tensor " + Names.quote(name) + " cannot be mapped: " + Reason.of(e), e);
        }
    }

    @Override
    public void read(String name, long offset, ByteBuffer target) {
        Region region = region(name);
        long length = region.info.byteLength();
        if (offset < 0 || target.remaining() > length - offset) {
            throw new IndexOutOfBoundsException(
                    offset + "+" + target.remaining() + " in " + length + " bytes of " + name);
        }
        try {
            readFully(channel, region.position + offset, target);
        } catch (IOException e) {
            throw new UnusableInputException(
                    file + ": tensor " + Names.quote(name) + " cannot be read: " + Reason.of(e), e);
        }
    }

    @Override
    public void close() {
        closeQuietly(channel);
    }

    private Region region(String name) {
        Region region = regions.get(name);
        if (region == null) {
            throw new UnusableInputException(file + " holds no tensor " + Names.quote(name));
        }
        return region;
    }

    static void readFully(FileChannel channel, long position, ByteBuffer target) throws IOException {
        for (long at = position; target.hasRemaining(); ) {
            int count = channel.read(target, at);
            if (count < 0) {
                throw new IOException("the file ended early");
            }
            at += count;
        }
    }

    static void closeQuietly(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // Nothing was written through it, so nothing can be lost.
        }
    }
}
