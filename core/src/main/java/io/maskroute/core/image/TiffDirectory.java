package io.maskroute.core.image;

import io.maskroute.core.error.RowFailure;
import java.util.HashMap;
import java.util.Map;

/**
 * The first directory of a TIFF structure, which is also the form of EXIF data. Source: TIFF 6.0. Damage in it hides tags,
 * and is otherwise left to the reader of the pixels.
 */
final class TiffDirectory {
    private static final int BITS_PER_SAMPLE = 258;
    private static final int ORIENTATION = 274;
    private static final int SAMPLES_PER_PIXEL = 277;
    private static final int STRIP_BYTE_COUNTS = 279;
    private static final int TILE_WIDTH = 322;
    private static final int TILE_LENGTH = 323;
    private static final int TILE_BYTE_COUNTS = 325;

    private static final int TYPE_SHORT = 3;
    private static final int TYPE_LONG = 4;

    private static final int MAX_BITS = 16;
    private static final int MAX_SAMPLES = 8;
    private static final long[] NONE = {};

    private final Map<Integer, long[]> values = new HashMap<>();

    private TiffDirectory() {}

    static boolean isTiff(Bytes data) {
        return data.startsWith(0, "II*\0") || data.startsWith(0, "MM\0*");
    }

    static TiffDirectory parse(Bytes tiff) {
        TiffDirectory directory = new TiffDirectory();
        if (!isTiff(tiff) || tiff.length() < 8) {
            return directory;
        }
        boolean little = tiff.u8(0) == 'I';
        long start = tiff.u32(4, little);
        if (start + 2 > tiff.length()) {
            return directory;
        }
        int at = (int) start + 2;
        int entries = tiff.u16((int) start, little);
        for (int i = 0; i < entries && at + 12 <= tiff.length(); i++, at += 12) {
            directory.add(tiff, at, little);
        }
        return directory;
    }

    private void add(Bytes tiff, int entry, boolean little) {
        int type = tiff.u16(entry + 2, little);
        if (type != TYPE_SHORT && type != TYPE_LONG) {
            return;
        }
        int size = type == TYPE_SHORT ? 2 : 4;
        long count = tiff.u32(entry + 4, little);
        long at = count * size <= 4 ? entry + 8 : tiff.u32(entry + 8, little);
        if (at + count * size > tiff.length()) {
            return;
        }
        long[] read = new long[(int) count];
        for (int i = 0; i < read.length; i++) {
            int p = (int) at + i * size;
            read[i] = type == TYPE_SHORT ? tiff.u16(p, little) : tiff.u32(p, little);
        }
        values.put(tiff.u16(entry, little), read);
    }

    /** EXIF orientation, 1..8; 1 where there is none. */
    int orientation() {
        long[] value = get(ORIENTATION);
        return value.length == 1 && value[0] >= 1 && value[0] <= 8 ? (int) value[0] : Orientation.UPRIGHT;
    }

    /**
     * Refuses what would make the JDK's reader allocate without a bound.
     *
     * @param fileLength in bytes
     * @param maxPixels the most pixels a tile may have
     * @throws RowFailure {@code truncated-image}, {@code unsupported-image}, {@code image-too-large}
     */
    void checkAllocations(long fileLength, long maxPixels) throws RowFailure {
        for (long bits : get(BITS_PER_SAMPLE)) {
            if (bits > MAX_BITS) {
                throw Bytes.failure("unsupported-image", "TIFF with " + bits + " bits a sample cannot be read");
            }
        }
        for (long samples : get(SAMPLES_PER_PIXEL)) {
            if (samples > MAX_SAMPLES) {
                throw Bytes.failure("unsupported-image", "TIFF with " + samples + " samples a pixel cannot be read");
            }
        }
        for (int tag : new int[] {STRIP_BYTE_COUNTS, TILE_BYTE_COUNTS}) {
            for (long bytes : get(tag)) {
                if (bytes > fileLength) {
                    throw Bytes.failure("truncated-image", "the TIFF file announces more bytes than it has");
                }
            }
        }
        double tile = (double) first(TILE_WIDTH) * first(TILE_LENGTH);
        if (tile > maxPixels) {
            throw Bytes.failure("image-too-large", "the TIFF file's tiles have " + (long) tile + " pixels");
        }
    }

    private long first(int tag) {
        long[] value = get(tag);
        return value.length == 0 ? 0 : value[0];
    }

    private long[] get(int tag) {
        return values.getOrDefault(tag, NONE);
    }
}
