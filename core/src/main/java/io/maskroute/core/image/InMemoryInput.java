package io.maskroute.core.image;

import java.io.IOException;
import javax.imageio.stream.ImageInputStreamImpl;

/**
 * A file in memory, read in place. Readers that take the end of the data for nothing worse than missing bits would ask for more
 * of them as often as a damaged file says; so asking on and on fails. Its length is not told: the WebP reader would take a large
 * picture of one colour for too large for its file.
 */
final class InMemoryInput extends ImageInputStreamImpl {
    private static final int REFUSALS = 64;

    private final byte[] data;
    private int refusals;

    InMemoryInput(byte[] data) {
        this.data = data;
    }

    @Override
    public int read() throws IOException {
        bitOffset = 0;
        return isAtEnd() ? -1 : data[(int) streamPos++] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
        bitOffset = 0;
        if (length == 0) {
            return 0;
        }
        if (isAtEnd()) {
            return -1;
        }
        int count = (int) Math.min(length, data.length - streamPos);
        System.arraycopy(data, (int) streamPos, to, offset, count);
        streamPos += count;
        return count;
    }

    private boolean isAtEnd() throws IOException {
        checkClosed();
        if (streamPos < data.length) {
            return false;
        }
        if (++refusals > REFUSALS) {
            throw new IOException("more is asked for than there is");
        }
        return true;
    }
}
