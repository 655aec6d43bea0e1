package io.maskroute.core.image;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.image.JpegFile.Colors;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** The strips or tiles of a TIFF file, unpacked one at a time. Source: TIFF 6.0, and Adobe's notes on deflate and on JPEG in TIFF. */
final class TiffSegments {
    private final TiffFile tiff;
    private final TiffDirectory.Values offsets;
    private final TiffDirectory.Values counts;
    private final TiffDirectory.Values jpegTables;
    private final int inPlane;
    /** Samples of a pixel that lie together. */
    private final int together;

    private final int stride;
    private final boolean predicted;
    private final boolean reversed;
    private final byte[][] planes;
    private final int[][] lines;
    /** Bytes read beyond those unpacked. */
    private long surplus;

    /** @throws RowFailure {@code unreadable-image} */
    TiffSegments(TiffFile tiff) throws RowFailure {
        this.tiff = tiff;
        TiffDirectory tags = tiff.tags();
        offsets = tags.get(tiff.tiled() ? TiffFile.TILE_OFFSETS : TiffFile.STRIP_OFFSETS);
        counts = tags.get(tiff.tiled() ? TiffFile.TILE_BYTE_COUNTS : TiffFile.STRIP_BYTE_COUNTS);
        jpegTables = tags.get(TiffFile.JPEG_TABLES);
        int colors = tiff.planar() ? tiff.colors() : 1;
        if (offsets.count() < tiff.across() * tiff.down() * colors) {
            throw Bytes.unreadable("the TIFF file lacks part of its pixels");
        }
        inPlane = (int) (tiff.across() * tiff.down());
        together = tiff.planar() ? 1 : tiff.samples();
        stride = (int) ((tiff.segmentWidth() * together * tiff.bits() + 7) / 8);
        predicted = tiff.isPredicting() && tags.get(TiffFile.PREDICTOR).first(1) == 2;
        reversed = tiff.compression() != TiffFile.JPEG
                && tags.get(TiffFile.FILL_ORDER).first(1) == 2;
        planes = new byte[colors][];
        lines = new int[colors][(int) tiff.segmentWidth() * together];
    }

    /** @throws RowFailure {@code unreadable-image}, {@code unsupported-image} */
    void unpack(int index, int rows) throws IOException, RowFailure {
        for (int p = 0; p < planes.length; p++) {
            int at = index + p * inPlane;
            planes[p] = tiff.compression() == TiffFile.JPEG ? jpeg(at, rows) : unpacked(at, rows);
        }
    }

    /** A row's samples as whole numbers: one line with all of a pixel's together, or one for each plane. Valid until the next. */
    int[][] line(int y) {
        for (int p = 0; p < planes.length; p++) {
            read(planes[p], y * stride, lines[p]);
        }
        return lines;
    }

    private Bytes stored(int index, int rows) throws RowFailure {
        Bytes file = tiff.file();
        long offset = offsets.at(index);
        long count = index < counts.count() ? counts.at(index) : file.length() - offset;
        if (offset < 0 || count < 0 || offset > file.length()) {
            throw Bytes.unreadable("the TIFF file announces more bytes than it has");
        }
        long unpacked = (long) stride * rows;
        // Some writers put other counts where nothing is compressed.
        Bytes found = file.slice((int) offset, tiff.compression() == TiffFile.NONE ? unpacked : count);
        // Strips may be alike and stored once; but bytes that hold no pixels must not be read for every strip.
        surplus += found.length() + jpegTables.count() - unpacked;
        if (surplus > 16L * file.length()) {
            throw Bytes.unreadable("the TIFF file's strips or tiles overlap");
        }
        return reversed ? reversed(found) : found;
    }

    private static Bytes reversed(Bytes stored) {
        byte[] turned = new byte[stored.length()];
        for (int i = 0; i < turned.length; i++) {
            turned[i] = (byte) (Integer.reverse(stored.u8(i)) >>> 24);
        }
        return Bytes.of(turned);
    }

    private byte[] unpacked(int index, int rows) throws RowFailure {
        Bytes stored = stored(index, rows);
        byte[] data = new byte[stride * rows];
        int filled =
                switch (tiff.compression()) {
                    case TiffFile.NONE -> copy(stored, data);
                    case TiffFile.LZW -> lzw(stored, data);
                    case TiffFile.PACK_BITS -> unpackBits(stored, data);
                    default -> inflate(stored, data);
                };
        if (filled < data.length) {
            throw Bytes.unreadable("the TIFF file lacks part of its pixels");
        }
        if (predicted) {
            undoPredictor(data);
        }
        return data;
    }

    private static int copy(Bytes stored, byte[] to) {
        System.arraycopy(stored.data(), stored.offset(), to, 0, to.length);
        return to.length;
    }

    private static int lzw(Bytes stored, byte[] to) throws RowFailure {
        if (stored.length() > 1 && stored.u8(0) == 0 && (stored.u8(1) & 1) == 1) {
            throw TiffFile.unsupported("with LZW as before version 5");
        }
        return Lzw.tiff().decode(stored, to);
    }

    private static int unpackBits(Bytes stored, byte[] to) {
        int filled = 0;
        int at = 0;
        while (filled < to.length && at < stored.length()) {
            int n = (byte) stored.u8(at++);
            if (n >= 0) {
                int length = Math.min(Math.min(n + 1, to.length - filled), stored.length() - at);
                System.arraycopy(stored.data(), stored.offset() + at, to, filled, length);
                at += n + 1;
                filled += length;
            } else if (n > -128 && at < stored.length()) {
                int length = Math.min(1 - n, to.length - filled);
                Arrays.fill(to, filled, filled + length, (byte) stored.u8(at++));
                filled += length;
            }
        }
        return filled;
    }

    private static int inflate(Bytes stored, byte[] to) throws RowFailure {
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(stored.data(), stored.offset(), stored.length());
            int filled = 0;
            int n = -1;
            while (filled < to.length && n != 0) {
                n = inflater.inflate(to, filled, to.length - filled);
                filled += n;
            }
            return filled;
        } catch (DataFormatException e) {
            throw Bytes.unreadable("the TIFF file's deflate data is damaged");
        } finally {
            inflater.end();
        }
    }

    /** Stored are the differences from the pixel before. */
    private void undoPredictor(byte[] data) {
        int bytes = tiff.bits() / 8;
        int pixel = together * bytes;
        int low = bytes == 1 || tiff.tags().littleEndian() ? 0 : 1;
        for (int row = 0; row < data.length; row += stride) {
            for (int i = row + pixel; i < row + stride; i += bytes) {
                int sum = (data[i + low] & 0xff) + (data[i + low - pixel] & 0xff);
                data[i + low] = (byte) sum;
                if (bytes == 2) {
                    int high = i + 1 - low;
                    data[high] += (byte) (data[high - pixel] + (sum >> 8));
                }
            }
        }
    }

    private byte[] jpeg(int index, int rows) throws IOException, RowFailure {
        JpegFile jpeg = JpegFile.parse(withTables(stored(index, rows)));
        int components =
                switch (jpeg.colors()) {
                    case GRAY -> 1;
                    case RGB, YCBCR -> 3;
                    case CMYK, YCCK -> 4;
                };
        tiff.requireModest(jpeg.width(), jpeg.height());
        // The last strip may be as high as the others, and all are filled up to whole blocks.
        boolean fits = jpeg.width() == tiff.segmentWidth()
                && jpeg.height() >= rows
                && jpeg.height() < tiff.segmentHeight() + 16
                && components == together;
        if (!fits) {
            throw Bytes.unreadable("the TIFF file holds JPEG data of other sizes than its own");
        }
        byte[] samples = ImageIoReaders.samples(jpeg);
        return tiff.photometric() == TiffFile.YCBCR && together == 3
                ? JpegColors.toRgb(samples, Colors.YCBCR)
                : samples;
    }

    /** Tables that strips share stand in front of each, as if in one file. */
    private Bytes withTables(Bytes strip) throws RowFailure {
        if (jpegTables.count() < 4 || strip.length() < 2) {
            return strip;
        }
        Bytes tables = jpegTables.bytes();
        ByteArrayOutputStream joined = new ByteArrayOutputStream(tables.length() + strip.length());
        // Without the end of the tables and the start of the strip.
        joined.write(tables.data(), tables.offset(), tables.length() - 2);
        joined.write(strip.data(), strip.offset() + 2, strip.length() - 2);
        return Bytes.of(joined.toByteArray());
    }

    private void read(byte[] data, int from, int[] line) {
        int bits = tiff.bits();
        if (bits == 8) {
            for (int i = 0; i < line.length; i++) {
                line[i] = data[from + i] & 0xff;
            }
        } else if (bits == 16) {
            int low = tiff.tags().littleEndian() ? 0 : 1;
            for (int i = 0, at = from; i < line.length; i++, at += 2) {
                line[i] = data[at + low] & 0xff | (data[at + 1 - low] & 0xff) << 8;
            }
        } else {
            int held = 0;
            int heldBits = 0;
            int at = from;
            for (int i = 0; i < line.length; i++) {
                while (heldBits < bits) {
                    held = held << 8 | data[at++] & 0xff;
                    heldBits += 8;
                }
                heldBits -= bits;
                line[i] = held >> heldBits & (1 << bits) - 1;
            }
        }
    }
}
