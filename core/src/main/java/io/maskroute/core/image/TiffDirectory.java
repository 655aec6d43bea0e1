package io.maskroute.core.image;

import io.maskroute.core.error.RowFailure;

/**
 * The first directory of a TIFF structure, which is also the form of EXIF data. Source: TIFF 6.0, and the BigTIFF design of
 * libtiff. Values are read in place when they are asked for: a file can hold thousands of entries that all point at the same
 * bytes. What lies outside the file is as if absent, unless {@link #requireHeld} is asked; of two entries alike the later counts,
 * as in Pillow.
 */
final class TiffDirectory {
    private static final int ORIENTATION = 274;
    private static final int BIG = 43;

    private static final int TYPE_BYTE = 1;
    private static final int TYPE_SHORT = 3;
    private static final int TYPE_LONG = 4;
    private static final int TYPE_UNDEFINED = 7;
    private static final int TYPE_LONG8 = 16;

    private final Bytes tiff;
    private final boolean little;
    private final boolean big;
    private final int start;
    private final int entries;
    private final boolean cutOff;

    private TiffDirectory(Bytes tiff, boolean little, boolean big, int start, int entries, boolean cutOff) {
        this.tiff = tiff;
        this.little = little;
        this.big = big;
        this.start = start;
        this.entries = entries;
        this.cutOff = cutOff;
    }

    static boolean isTiff(Bytes data) {
        return data.startsWith(0, "II*\0")
                || data.startsWith(0, "MM\0*")
                || data.startsWith(0, "II+\0\b\0\0\0")
                || data.startsWith(0, "MM\0+\0\b\0\0");
    }

    /** An empty directory where there is none. */
    static TiffDirectory parse(Bytes tiff) {
        boolean little = tiff.startsWith(0, "II");
        boolean big = isTiff(tiff) && tiff.u16(2, little) == BIG;
        int header = big ? 16 : 8;
        if (!isTiff(tiff) || tiff.length() < header) {
            return new TiffDirectory(tiff, little, big, 0, 0, true);
        }
        long directory = big ? tiff.u64(8, little) : tiff.u32(4, little);
        int countSize = big ? 8 : 2;
        if (directory < 0 || directory > tiff.length() - countSize) {
            return new TiffDirectory(tiff, little, big, 0, 0, true);
        }
        long counted = big ? tiff.u64((int) directory, little) : tiff.u16((int) directory, little);
        int start = (int) directory + countSize;
        int held = (tiff.length() - start) / (big ? 20 : 12);
        boolean cutOff = counted < 0 || counted > held;
        return new TiffDirectory(tiff, little, big, start, cutOff ? held : (int) counted, cutOff);
    }

    boolean littleEndian() {
        return little;
    }

    /** Whether it is BigTIFF, with offsets of 64 bits. */
    boolean isBig() {
        return big;
    }

    /** @throws RowFailure {@code unreadable-image} where part of the directory, or of these tags' values, is not in the file */
    void requireHeld(int... wanted) throws RowFailure {
        boolean held = !cutOff;
        for (int tag : wanted) {
            int entry = find(tag);
            held &= entry == 0 || values(entry) != null;
        }
        if (!held) {
            throw Bytes.unreadable("the TIFF file is cut off: part of its directory is missing");
        }
    }

    /** As stored where nothing usable is said. */
    Orientation orientation() {
        Values value = get(ORIENTATION);
        return Orientation.of(value.count() == 1 ? value.at(0) : 0);
    }

    /** None where the tag is absent, of a type that holds no whole numbers, or its values lie outside the file. */
    Values get(int tag) {
        int entry = find(tag);
        Values found = entry == 0 ? null : values(entry);
        return found == null ? new Values(0, 0, 0) : found;
    }

    /** The entry itself, which is there. */
    Bytes entry(int tag) throws RowFailure {
        return tiff.slice(find(tag), entrySize());
    }

    private int find(int tag) {
        int entry = 0;
        for (int i = 0, at = start; i < entries; i++, at += entrySize()) {
            if (tiff.u16(at, little) == tag) {
                entry = at;
            }
        }
        return entry;
    }

    private int entrySize() {
        return big ? 20 : 12;
    }

    /** Null where they are not in the file. */
    private Values values(int entry) {
        int size =
                switch (tiff.u16(entry + 2, little)) {
                    case TYPE_BYTE, TYPE_UNDEFINED -> 1;
                    case TYPE_SHORT -> 2;
                    case TYPE_LONG -> 4;
                    case TYPE_LONG8 -> 8;
                    default -> 0;
                };
        int inline = big ? 8 : 4;
        int field = entry + 4 + inline;
        long count = big ? tiff.u64(entry + 4, little) : tiff.u32(entry + 4, little);
        if (size == 0) {
            return new Values(0, 0, 0);
        }
        if (count < 0 || count > tiff.length() / size) {
            return null;
        }
        long at = field;
        if (count * size > inline) {
            at = big ? tiff.u64(field, little) : tiff.u32(field, little);
        }
        return at < 0 || at > tiff.length() - count * size ? null : new Values((int) at, size, (int) count);
    }

    /** The numbers of an entry, where they lie. */
    final class Values {
        private final int at;
        private final int size;
        private final int count;

        private Values(int at, int size, int count) {
            this.at = at;
            this.size = size;
            this.count = count;
        }

        int count() {
            return count;
        }

        long at(int i) {
            int p = at + i * size;
            return switch (size) {
                case 1 -> tiff.u8(p);
                case 2 -> tiff.u16(p, little);
                case 4 -> tiff.u32(p, little);
                default -> tiff.u64(p, little);
            };
        }

        long first(long otherwise) {
            return count == 0 ? otherwise : at(0);
        }

        /** The bytes themselves; of values larger than a byte, in the file's order. */
        Bytes bytes() throws RowFailure {
            return tiff.slice(at, (long) count * size);
        }
    }
}
