package io.maskroute.core.image;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;

/** A stretch of an encoded picture, read by offset. */
record Bytes(byte[] data, int offset, int length) {
    static final String UNREADABLE = "unreadable-image";

    static Bytes of(byte[] data) {
        return new Bytes(data, 0, data.length);
    }

    int u8(int at) {
        return data[offset + at] & 0xff;
    }

    int u16(int at, boolean littleEndian) {
        return littleEndian ? u8(at) | u8(at + 1) << 8 : u8(at) << 8 | u8(at + 1);
    }

    int u24LittleEndian(int at) {
        return u16(at, true) | u8(at + 2) << 16;
    }

    long u32(int at, boolean littleEndian) {
        long first = u16(at, littleEndian);
        long second = u16(at + 2, littleEndian);
        return littleEndian ? second << 16 | first : first << 16 | second;
    }

    /** Negative where it is 2^63 or more. */
    long u64(int at, boolean littleEndian) {
        long first = u32(at, littleEndian);
        long second = u32(at + 4, littleEndian);
        return littleEndian ? second << 32 | first : first << 32 | second;
    }

    /** Whether these one-byte characters stand at {@code at}; false where the stretch is too short. */
    boolean startsWith(int at, String ascii) {
        if (at + ascii.length() > length) {
            return false;
        }
        for (int i = 0; i < ascii.length(); i++) {
            if (u8(at + i) != ascii.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** @throws RowFailure {@code unreadable-image} where fewer than {@code count} bytes follow {@code from} */
    Bytes slice(int from, long count) throws RowFailure {
        if (from + count > length) {
            throw unreadable("the picture is cut off: " + (from + count) + " bytes needed, " + length + " there");
        }
        return new Bytes(data, offset + from, (int) count);
    }

    /** The file is damaged, cut off, or no picture at all. */
    static RowFailure unreadable(String message) {
        return failure(UNREADABLE, message);
    }

    static RowFailure failure(String kind, String message) {
        return new RowFailure(Stage.DECODE, kind, message);
    }
}
