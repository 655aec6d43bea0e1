package io.maskroute.core.pickle;

import io.maskroute.core.error.UnusableInputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** The bytes of a pickle and a position in them; every read is checked against what is left. */
final class PickleInput {
    private final String origin;
    private final ByteBuffer bytes;

    PickleInput(String origin, byte[] bytes) {
        this.origin = origin;
        this.bytes = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    UnusableInputException error(String problem) {
        return new UnusableInputException(
                origin + " is not a usable pickle: " + problem + " (byte " + bytes.position() + ")");
    }

    int u8() {
        return need(1).get() & 0xff;
    }

    int u16() {
        return need(2).getShort() & 0xffff;
    }

    int i32() {
        return need(4).getInt();
    }

    long u32() {
        return need(4).getInt() & 0xffffffffL;
    }

    long i64() {
        return need(8).getLong();
    }

    /** Big endian, unlike everything else. */
    double f64() {
        return Double.longBitsToDouble(Long.reverseBytes(i64()));
    }

    byte[] take(long count) {
        need(count);
        byte[] taken = new byte[(int) count];
        bytes.get(taken);
        return taken;
    }

    String latin1(long count) {
        return new String(take(count), StandardCharsets.ISO_8859_1);
    }

    String utf8(long count) {
        byte[] encoded = take(count);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(encoded))
                    .toString();
        } catch (CharacterCodingException e) {
            throw error("a text is not UTF-8");
        }
    }

    /** Up to the next line feed, which is skipped; one char per byte. */
    String line() {
        int start = bytes.position();
        int end = start;
        while (end < bytes.limit() && bytes.get(end) != '\n') {
            end++;
        }
        if (end == bytes.limit()) {
            throw error("it ends within a line");
        }
        String line = latin1(end - start);
        bytes.get();
        return line;
    }

    /** Skips nothing; says whether so many bytes are left. */
    void requireLeft(long count) {
        need(count);
    }

    private ByteBuffer need(long count) {
        if (count < 0) {
            throw error("a negative length");
        }
        if (count > bytes.remaining()) {
            throw error("it ends early: " + count + " bytes expected, " + bytes.remaining() + " left");
        }
        return bytes;
    }
}
