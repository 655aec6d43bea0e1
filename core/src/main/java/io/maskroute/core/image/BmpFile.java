package io.maskroute.core.image;

import io.maskroute.core.error.RowFailure;

/**
 * A BMP file. Source: Microsoft's documentation of BITMAPINFOHEADER and its successors; scaling, and palettes that are too
 * short, as in Pillow. The sizes of file and pixels in the header are not used: many writers leave them 0.
 *
 * @param bits of a pixel
 * @param masks where in a pixel of 16, 24 or 32 bits R, G and B are
 * @param palette 256 times B, G, R, X; an index beyond the file's own palette is black
 * @param pixels from the first pixel to the end of the file
 */
record BmpFile(
        int height, int width, boolean topDown, int bits, int compression, int[] masks, byte[] palette, Bytes pixels) {
    private static final int FILE_HEADER = 14;
    private static final int OS2_HEADER = 12;
    private static final int INFO_HEADER = 40;

    private static final int RAW = 0;
    private static final int RLE8 = 1;
    private static final int RLE4 = 2;
    private static final int BIT_FIELDS = 3;
    private static final int ALPHA_BIT_FIELDS = 6;

    /** Not by its two letters alone, which begin a text as well. */
    static boolean isBmp(Bytes file) {
        return file.startsWith(0, "BM")
                && file.length() >= FILE_HEADER + 4
                && switch ((int) file.u32(FILE_HEADER, true)) {
                    case OS2_HEADER, INFO_HEADER, 52, 56, 64, 108, 124 -> true;
                    default -> false;
                };
    }

    /**
     * The sides are what the file says, not yet checked.
     *
     * @throws RowFailure {@code unreadable-image}, {@code unsupported-image}
     */
    static BmpFile parse(Bytes file) throws RowFailure {
        int size = (int) file.u32(FILE_HEADER, true);
        Bytes header = file.slice(FILE_HEADER, size);
        boolean os2 = size == OS2_HEADER;
        int width = os2 ? header.u16(4, true) : (int) header.u32(4, true);
        int signedHeight = os2 ? header.u16(6, true) : (int) header.u32(8, true);
        int bits = header.u16(os2 ? 10 : 14, true);
        long compression = os2 ? RAW : header.u32(16, true);
        boolean fields = compression == BIT_FIELDS || compression == ALPHA_BIT_FIELDS;
        boolean known =
                switch (bits) {
                    case 1 -> compression == RAW;
                    case 4 -> compression == RAW || compression == RLE4;
                    case 8 -> compression == RAW || compression == RLE8;
                    case 16, 24, 32 -> compression == RAW || fields;
                    default -> false;
                };
        if (!known) {
            throw Bytes.failure(
                    "unsupported-image",
                    "BMP with " + bits + " bits a pixel and compression " + compression + " cannot be read");
        }
        int at = FILE_HEADER + size;
        int[] masks = bits == 16 ? new int[] {0x7C00, 0x3E0, 0x1F} : new int[] {0xFF0000, 0xFF00, 0xFF};
        if (fields) {
            Bytes given = size > INFO_HEADER ? header.slice(INFO_HEADER, 12) : file.slice(at, 12);
            at += size > INFO_HEADER ? 0 : compression == BIT_FIELDS ? 12 : 16;
            masks = masks(given, bits, masks);
        }
        int entry = os2 ? 3 : 4;
        long colors = os2 ? 0 : header.u32(32, true);
        int count = bits > 8 ? 0 : (int) Math.min(256, colors == 0 ? 1L << bits : colors);
        byte[] palette = palette(file, at, entry, Math.min(count, Math.max(0, file.length() - at) / entry));
        long start = file.u32(10, true);
        if (start == 0 || bits <= 8 && start == FILE_HEADER + size) {
            start = at + (long) entry * count;
        }
        return new BmpFile(
                Math.abs(signedHeight),
                width,
                signedHeight < 0,
                bits,
                (int) compression,
                masks,
                palette,
                file.slice((int) Math.min(start, file.length()), Math.max(0, file.length() - start)));
    }

    /** All zero means the usual ones. */
    private static int[] masks(Bytes given, int bits, int[] usual) throws RowFailure {
        int[] masks = new int[3];
        int any = 0;
        for (int c = 0; c < 3; c++) {
            masks[c] = (int) given.u32(4 * c, true);
            any |= masks[c];
            int span = masks[c] >>> Integer.numberOfTrailingZeros(masks[c]);
            if (masks[c] != 0 && (span & span + 1) != 0 || bits < 32 && masks[c] >>> bits != 0) {
                throw Bytes.failure("unsupported-image", "BMP with such masks of its colours cannot be read");
            }
        }
        return any == 0 ? usual : masks;
    }

    private static byte[] palette(Bytes file, int at, int entry, int count) throws RowFailure {
        Bytes given = file.slice(at, (long) entry * count);
        byte[] palette = new byte[4 * 256];
        for (int i = 0; i < count; i++) {
            for (int c = 0; c < 3; c++) {
                palette[4 * i + c] = (byte) given.u8(entry * i + c);
            }
        }
        return palette;
    }

    /** @throws RowFailure {@code unreadable-image} where pixels are missing */
    RgbImage decode() throws RowFailure {
        if (compression == RLE8 || compression == RLE4) {
            byte[] indexes = runs();
            byte[] rgb = new byte[3 * height * width];
            for (int y = 0; y < height; y++) {
                int o = offset(y);
                for (int x = 0; x < width; x++, o += 3) {
                    color(indexes[y * width + x] & 0xff, rgb, o);
                }
            }
            return new RgbImage(height, width, rgb);
        }
        long stride = ((long) width * bits + 31) / 32 * 4;
        pixels.slice(0, stride * (height - 1) + ((long) width * bits + 7) / 8);
        byte[] rgb = new byte[3 * height * width];
        for (int y = 0; y < height; y++) {
            int row = (int) (y * stride);
            int o = offset(y);
            for (int x = 0; x < width; x++, o += 3) {
                if (bits <= 8) {
                    int shift = 8 - bits - x * bits % 8;
                    color(pixels.u8(row + x * bits / 8) >> shift & (1 << bits) - 1, rgb, o);
                } else {
                    packed(row + x * bits / 8, rgb, o);
                }
            }
        }
        return new RgbImage(height, width, rgb);
    }

    /** Where a stored row begins in the decoded picture. */
    private int offset(int row) {
        return 3 * width * (topDown ? row : height - 1 - row);
    }

    private void color(int index, byte[] rgb, int o) {
        rgb[o] = palette[4 * index + 2];
        rgb[o + 1] = palette[4 * index + 1];
        rgb[o + 2] = palette[4 * index];
    }

    private void packed(int at, byte[] rgb, int o) {
        int value = pixels.u16(at, true)
                | (bits > 16 ? pixels.u8(at + 2) << 16 : 0)
                | (bits > 24 ? pixels.u8(at + 3) << 24 : 0);
        for (int c = 0; c < 3; c++) {
            int mask = masks[c];
            if (mask != 0) {
                int shift = Integer.numberOfTrailingZeros(mask);
                rgb[o + c] = (byte) (Integer.toUnsignedLong((value & mask) >>> shift)
                        * 255
                        / Integer.toUnsignedLong(mask >>> shift));
            }
        }
    }

    /** Pixels that the runs skip have index 0; those that the file does not reach are missing. */
    private byte[] runs() throws RowFailure {
        byte[] indexes = new byte[height * width];
        int x = 0;
        int y = 0;
        int at = 0;
        while (y < height) {
            Bytes pair = pixels.slice(at, 2);
            int count = pair.u8(0);
            int value = pair.u8(1);
            at += 2;
            if (count > 0) {
                for (int i = 0; i < Math.min(count, width - x); i++) {
                    indexes[y * width + x + i] =
                            (byte) (compression == RLE8 ? value : i % 2 == 0 ? value >> 4 : value & 15);
                }
                x += count;
            } else if (value == 0) {
                x = 0;
                y++;
            } else if (value == 1) {
                break;
            } else if (value == 2) {
                Bytes move = pixels.slice(at, 2);
                at += 2;
                x += move.u8(0);
                y += move.u8(1);
            } else {
                int length = compression == RLE8 ? value : (value + 1) / 2;
                Bytes literal = pixels.slice(at, length);
                for (int i = 0; i < Math.min(value, width - x); i++) {
                    int b = literal.u8(compression == RLE8 ? i : i / 2);
                    indexes[y * width + x + i] = (byte) (compression == RLE8 ? b : i % 2 == 0 ? b >> 4 : b & 15);
                }
                at += length + (length & 1);
                x += value;
            }
            // A run that is longer than its row is cut off.
            x = Math.min(x, width);
            if (y == height - 1 && x >= width) {
                break;
            }
        }
        return indexes;
    }
}
