package io.maskroute.datasets.labels;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The samples of a PNG file (PNG specification, third edition) as they are stored: neither gamma nor palette nor transparency
 * changes them, which image libraries do to labels.
 */
final class PngSamples {
    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    private static final int HEADER_LENGTH = 13;
    private static final int PALETTE = 3;
    /** First column, first row, distance of columns, of rows. */
    private static final int[][] ADAM7 = {
        {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
    };

    private static final int[][] WHOLE = {{0, 0, 1, 1}};

    private final Path file;
    private final int height;
    private final int width;
    private final int bits;
    private final int colorType;
    private final boolean interlaced;
    private final List<ByteBuffer> compressed = new ArrayList<>();

    private PngSamples(Path file, ByteBuffer header) {
        this.file = file;
        this.width = header.getInt();
        this.height = header.getInt();
        this.bits = header.get();
        this.colorType = header.get();
        int compression = header.get();
        int filter = header.get();
        int interlace = header.get();
        LabelMap.requireSize(file, height, width);
        boolean known =
                switch (colorType) {
                    case 0 -> bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16;
                    case PALETTE -> bits == 1 || bits == 2 || bits == 4 || bits == 8;
                    case 2, 4, 6 -> bits == 8 || bits == 16;
                    default -> false;
                };
        if (!known || compression != 0 || filter != 0 || interlace < 0 || interlace > 1) {
            throw LabelMap.unusable(
                    file, "is no PNG file that this reads: its header is not as the specification says");
        }
        this.interlaced = interlace == 1;
    }

    static PngSamples parse(Path file, byte[] bytes) {
        if (bytes.length < SIGNATURE.length
                || !Arrays.equals(bytes, 0, SIGNATURE.length, SIGNATURE, 0, SIGNATURE.length)) {
            throw LabelMap.unusable(file, "is no PNG file");
        }
        PngSamples png = null;
        int at = SIGNATURE.length;
        while (at < bytes.length) {
            long length = at + 12 <= bytes.length ? ByteBuffer.wrap(bytes).getInt(at) & 0xFFFFFFFFL : Long.MAX_VALUE;
            if (length > bytes.length - at - 12) {
                throw LabelMap.unusable(file, "is cut off at byte " + at);
            }
            String type = new String(bytes, at + 4, 4, StandardCharsets.ISO_8859_1);
            ByteBuffer data = ByteBuffer.wrap(bytes, at + 8, (int) length).slice();
            boolean needed = type.equals("IHDR") || type.equals("IDAT");
            if (needed) {
                requireCheckSum(file, bytes, at, (int) length);
            }
            if (png == null) {
                if (!type.equals("IHDR") || length != HEADER_LENGTH) {
                    throw LabelMap.unusable(file, "is no PNG file: it does not begin with a header");
                }
                png = new PngSamples(file, data);
            } else if (type.equals("IDAT")) {
                png.compressed.add(data);
            } else if (type.equals("IEND")) {
                break;
            }
            at += 12 + (int) length;
        }
        if (png == null) {
            throw LabelMap.unusable(file, "is cut off before its pixels");
        }
        return png;
    }

    private static void requireCheckSum(Path file, byte[] bytes, int at, int length) {
        CRC32 crc = new CRC32();
        crc.update(bytes, at + 4, length + 4);
        if ((int) crc.getValue() != ByteBuffer.wrap(bytes).getInt(at + 8 + length)) {
            throw LabelMap.unusable(file, "is damaged: a checksum is wrong at byte " + at);
        }
    }

    /** Samples of a pixel: 1 to 4. */
    int samples() {
        return switch (colorType) {
            case 2 -> 3;
            case 4 -> 2;
            case 6 -> 4;
            default -> 1;
        };
    }

    int bits() {
        return bits;
    }

    boolean hasPalette() {
        return colorType == PALETTE;
    }

    private interface RowReader {
        /** @param to of the row's first pixel; the next ones are {@code step} further on */
        void read(byte[] row, int pixels, int[] values, int to, int step);
    }

    LabelMap labels() {
        return decode(
                bits == 16
                        ? (row, pixels, values, to, step) -> {
                            for (int i = 0; i < pixels; i++) {
                                values[to + i * step] = (row[2 * i] & 0xFF) << 8 | row[2 * i + 1] & 0xFF;
                            }
                        }
                        : bits == 8
                                ? (row, pixels, values, to, step) -> {
                                    for (int i = 0; i < pixels; i++) {
                                        values[to + i * step] = row[i] & 0xFF;
                                    }
                                }
                                : this::readPacked);
    }

    private void readPacked(byte[] row, int pixels, int[] values, int to, int step) {
        int perByte = 8 / bits;
        int mask = (1 << bits) - 1;
        for (int i = 0; i < pixels; i++) {
            int shift = 8 - bits - i % perByte * bits;
            values[to + i * step] = row[i / perByte] >> shift & mask;
        }
    }

    LabelMap segmentIds() {
        int samples = samples();
        return decode((row, pixels, values, to, step) -> {
            for (int i = 0, at = 0; i < pixels; i++, at += samples) {
                values[to + i * step] = row[at] & 0xFF | (row[at + 1] & 0xFF) << 8 | (row[at + 2] & 0xFF) << 16;
            }
        });
    }

    private LabelMap decode(RowReader reader) {
        int[] values = new int[height * width];
        int pixelBits = bits * samples();
        int pixelBytes = Math.max(1, pixelBits / 8);
        Inflater inflater = new Inflater();
        try {
            Rows rows = new Rows(inflater);
            for (int[] pass : interlaced ? ADAM7 : WHOLE) {
                int columns = (width - pass[0] + pass[2] - 1) / pass[2];
                if (columns <= 0) {
                    continue;
                }
                byte[] row = new byte[(int) (((long) columns * pixelBits + 7) / 8)];
                byte[] above = new byte[row.length];
                for (int y = pass[1]; y < height; y += pass[3]) {
                    int filter = rows.read(row);
                    unfilter(filter, row, above, pixelBytes);
                    reader.read(row, columns, values, y * width + pass[0], pass[2]);
                    byte[] spare = above;
                    above = row;
                    row = spare;
                }
            }
        } catch (DataFormatException e) {
            throw LabelMap.unusable(file, "is damaged: its pixels cannot be inflated");
        } finally {
            inflater.end();
        }
        return new LabelMap(height, width, values);
    }

    /** Feeds the chunks to the inflater one after another. */
    private final class Rows {
        private final Inflater inflater;
        private final byte[] filter = new byte[1];
        private int next;

        private Rows(Inflater inflater) {
            this.inflater = inflater;
        }

        /** @return the row's filter */
        private int read(byte[] row) throws DataFormatException {
            fill(filter);
            fill(row);
            return filter[0];
        }

        private void fill(byte[] into) throws DataFormatException {
            int filled = 0;
            while (filled < into.length) {
                int count = inflater.inflate(into, filled, into.length - filled);
                filled += count;
                if (count == 0) {
                    if (inflater.finished() || inflater.needsDictionary() || next == compressed.size()) {
                        throw LabelMap.unusable(file, "is damaged: it ends before its pixels do");
                    }
                    inflater.setInput(compressed.get(next++));
                }
            }
        }
    }

    private void unfilter(int filter, byte[] row, byte[] above, int distance) {
        switch (filter) {
            case 0 -> {}
            case 1 -> {
                for (int i = distance; i < row.length; i++) {
                    row[i] += row[i - distance];
                }
            }
            case 2 -> {
                for (int i = 0; i < row.length; i++) {
                    row[i] += above[i];
                }
            }
            case 3 -> {
                for (int i = 0; i < row.length; i++) {
                    int left = i < distance ? 0 : row[i - distance] & 0xFF;
                    row[i] += (byte) (left + (above[i] & 0xFF) >> 1);
                }
            }
            case 4 -> {
                for (int i = 0; i < row.length; i++) {
                    int left = i < distance ? 0 : row[i - distance] & 0xFF;
                    int corner = i < distance ? 0 : above[i - distance] & 0xFF;
                    row[i] += (byte) paeth(left, above[i] & 0xFF, corner);
                }
            }
            default -> throw LabelMap.unusable(file, "is damaged: there is no row filter " + filter);
        }
    }

    private static int paeth(int left, int above, int corner) {
        int estimate = left + above - corner;
        int toLeft = Math.abs(estimate - left);
        int toAbove = Math.abs(estimate - above);
        int toCorner = Math.abs(estimate - corner);
        if (toLeft <= toAbove && toLeft <= toCorner) {
            return left;
        }
        return toAbove <= toCorner ? above : corner;
    }
}
