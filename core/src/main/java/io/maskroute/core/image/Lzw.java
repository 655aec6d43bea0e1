package io.maskroute.core.image;

import io.maskroute.core.error.RowFailure;

/**
 * The LZW decoder of GIF (GIF89a, appendix F) and TIFF (TIFF 6.0, section 13). They differ in the order of bits and in when a
 * code becomes longer.
 */
final class Lzw {
    private static final int MAX_CODES = 4096;

    private final boolean gif;
    private final int clear;
    private final int[] prefix = new int[MAX_CODES];
    private final byte[] last = new byte[MAX_CODES];
    private final int[] length = new int[MAX_CODES];

    private Lzw(boolean gif, int rootBits) {
        this.gif = gif;
        this.clear = 1 << rootBits;
        for (int i = 0; i < clear; i++) {
            last[i] = (byte) i;
            length[i] = 1;
        }
    }

    /** @param rootBits bits of a sample, 1..8 */
    static Lzw gif(int rootBits) {
        return new Lzw(true, rootBits);
    }

    static Lzw tiff() {
        return new Lzw(false, 8);
    }

    /**
     * Decodes until the end code, the end of the data, or {@code out} is full.
     *
     * @return how much of {@code out} was filled
     * @throws RowFailure {@code unreadable-image} at a code that is not known yet
     */
    int decode(Bytes data, byte[] out) throws RowFailure {
        int end = clear + 1;
        // TIFF's codes grow one code early.
        int early = gif ? 0 : 1;
        int next = end + 1;
        int bits = rootBits() + 1;
        int before = -1;
        int filled = 0;
        long held = 0;
        int heldBits = 0;
        int at = 0;
        while (filled < out.length) {
            while (heldBits < bits) {
                if (at == data.length()) {
                    return filled;
                }
                long b = data.u8(at++);
                held = gif ? held | b << heldBits : held << 8 | b;
                heldBits += 8;
            }
            int code;
            if (gif) {
                code = (int) held & (1 << bits) - 1;
                held >>>= bits;
            } else {
                code = (int) (held >> heldBits - bits) & (1 << bits) - 1;
            }
            heldBits -= bits;
            if (code == end) {
                return filled;
            }
            if (code == clear) {
                next = end + 1;
                bits = rootBits() + 1;
                before = -1;
                continue;
            }
            if (code > next || code >= clear && before < 0) {
                throw Bytes.unreadable("the picture's LZW data is damaged");
            }
            if (before >= 0 && next < MAX_CODES) {
                prefix[next] = before;
                length[next] = length[before] + 1;
                last[next] = first(code == next ? before : code);
                next++;
                if (next + early >= 1 << bits && bits < 12) {
                    bits++;
                }
            }
            filled = write(code, out, filled);
            before = code;
        }
        return filled;
    }

    private int rootBits() {
        return Integer.numberOfTrailingZeros(clear);
    }

    private byte first(int code) {
        int c = code;
        while (length[c] > 1) {
            c = prefix[c];
        }
        return last[c];
    }

    private int write(int code, byte[] out, int from) {
        int c = code;
        int to = from + length[code];
        for (int p = to - 1; p >= from; p--) {
            if (p < out.length) {
                out[p] = last[c];
            }
            c = prefix[c];
        }
        return Math.min(to, out.length);
    }
}
