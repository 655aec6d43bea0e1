package io.maskroute.core.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/** Puts EXIF data into files that have none. */
final class ExifFiles {
    private static final int ENTRIES = 5_459;

    private ExifFiles() {}

    /** What says how a picture is to be turned, and nothing else. */
    static byte[] orientation(int value, ByteOrder order) {
        ByteBuffer exif = header(26, order);
        exif.putShort((short) 1);
        entry(exif, 274, 3, 1);
        exif.putShort((short) value).putShort((short) 0).putInt(0);
        return exif.array();
    }

    /** 65 KB of tags that each point at the same 65 KB. */
    static byte[] bomb() {
        ByteBuffer exif = header(10 + 12 * ENTRIES + 4, ByteOrder.LITTLE_ENDIAN);
        exif.putShort((short) ENTRIES);
        for (int i = 0; i < ENTRIES; i++) {
            entry(exif, 40_000 + i, 3, (exif.capacity() - 8) / 2);
            exif.putInt(8);
        }
        return exif.array();
    }

    private static ByteBuffer header(int length, ByteOrder order) {
        ByteBuffer exif = ByteBuffer.allocate(length).order(order);
        exif.put((order == ByteOrder.LITTLE_ENDIAN ? "II" : "MM").getBytes(StandardCharsets.US_ASCII));
        return exif.putShort((short) 42).putInt(8);
    }

    private static void entry(ByteBuffer tiff, int tag, int type, int count) {
        tiff.putShort((short) tag).putShort((short) type).putInt(count);
    }

    /** @param file of any format that carries EXIF; of TIFF it must be classic, with its tags in order */
    static byte[] with(byte[] file, byte[] exif) {
        Bytes bytes = Bytes.of(file);
        if (JpegFile.isJpeg(bytes)) {
            byte[] body = joined("Exif\0\0".getBytes(StandardCharsets.US_ASCII), exif);
            return joined(
                    head(file, 2),
                    new byte[] {(byte) 0xFF, (byte) 0xE1},
                    ByteBuffer.allocate(2).putShort((short) (body.length + 2)).array(),
                    body,
                    tail(file, 2));
        }
        if (PngFile.isPng(bytes)) {
            byte[] chunk = joined("eXIf".getBytes(StandardCharsets.US_ASCII), exif);
            CRC32 crc = new CRC32();
            crc.update(chunk);
            return joined(
                    head(file, file.length - 12),
                    ByteBuffer.allocate(4).putInt(exif.length).array(),
                    chunk,
                    ByteBuffer.allocate(4).putInt((int) crc.getValue()).array(),
                    tail(file, file.length - 12));
        }
        if (WebpFile.isWebp(bytes)) {
            byte[] chunk = joined(
                    "EXIF".getBytes(StandardCharsets.US_ASCII),
                    little(4).putInt(exif.length).array(),
                    exif,
                    new byte[exif.length & 1]);
            byte[] longer = joined(file, chunk);
            ByteBuffer.wrap(longer).order(ByteOrder.LITTLE_ENDIAN).putInt(4, longer.length - 8);
            return longer;
        }
        return withTags(file, exif);
    }

    /** The entries of both directories, in a new one at the end. */
    private static byte[] withTags(byte[] tiff, byte[] exif) {
        ByteOrder order = tiff[0] == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        ByteBuffer file = ByteBuffer.wrap(tiff).order(order);
        ByteBuffer other = ByteBuffer.wrap(exif).order(exif[0] == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        int own = file.getShort(file.getInt(4)) & 0xffff;
        int added = other.getShort(8) & 0xffff;
        ByteBuffer longer =
                ByteBuffer.allocate(tiff.length + 2 + 12 * (own + added) + 4).order(order);
        longer.put(tiff).putInt(4, tiff.length);
        longer.putShort((short) (own + added));
        longer.put(tiff, file.getInt(4) + 2, 12 * own);
        for (int i = 0; i < added; i++) {
            int at = 10 + 12 * i;
            entry(longer, other.getShort(at) & 0xffff, other.getShort(at + 2), other.getInt(at + 4));
            if (other.getInt(at + 4) == 1) {
                longer.putShort(other.getShort(at + 8)).putShort((short) 0);
            } else {
                longer.putInt(other.getInt(at + 8));
            }
        }
        return longer.array();
    }

    private static ByteBuffer little(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] head(byte[] file, int length) {
        return java.util.Arrays.copyOf(file, length);
    }

    private static byte[] tail(byte[] file, int from) {
        return java.util.Arrays.copyOfRange(file, from, file.length);
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            joined.writeBytes(part);
        }
        return joined.toByteArray();
    }
}
