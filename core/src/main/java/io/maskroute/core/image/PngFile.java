package io.maskroute.core.image;

import io.maskroute.core.error.RowFailure;
import java.io.ByteArrayOutputStream;
import java.util.zip.CRC32;

/**
 * What a PNG file says about its pixels. The JDK's reader checks no checksums, inflates compressed texts without a limit and
 * lets gamma, profiles and transparency change samples; so the checksums are checked here and only the chunks that carry
 * pixels go on to it. An animation shows its first frame.
 *
 * @param bits of a pixel
 * @param orientation what EXIF says
 * @param pixelStream a PNG file with the same samples
 */
record PngFile(long height, long width, int bits, Orientation orientation, byte[] pixelStream) {
    private static final String SIGNATURE = "\u0089PNG\r\n\u001a\n";

    private static final int PALETTE = 3;
    /** What deflate can make of a byte. */
    private static final int MOST_BYTES_OF_A_BYTE = 1032;

    private static final byte[] END = {0, 0, 0, 0, 'I', 'E', 'N', 'D', (byte) 0xAE, 0x42, 0x60, (byte) 0x82};

    static boolean isPng(Bytes file) {
        return file.startsWith(0, SIGNATURE);
    }

    static ImageHeader header(Bytes file) throws RowFailure {
        Bytes size = file.slice(16, 8);
        Orientation orientation = Orientation.TOP_LEFT;
        long at = 8;
        while (at + 12 <= file.length()) {
            int chunk = (int) at;
            long length = file.u32(chunk, false);
            if (file.startsWith(chunk + 4, "eXIf") && chunk + 12 + length <= file.length()) {
                orientation = TiffDirectory.parse(file.slice(chunk + 8, length)).orientation();
            }
            at += 12 + length;
        }
        return new ImageHeader((int) size.u32(4, false), (int) size.u32(0, false), orientation);
    }

    /** @throws RowFailure {@code unreadable-image} */
    static PngFile parse(Bytes file) throws RowFailure {
        ByteArrayOutputStream kept = new ByteArrayOutputStream(file.length());
        kept.write(file.data(), file.offset(), 8);
        Orientation orientation = Orientation.TOP_LEFT;
        Bytes header = null;
        boolean pixels = false;
        boolean palette = false;
        int at = 8;
        // A file without its end chunk is as good as a whole one when the pixels are all there.
        while (at < file.length() && !file.startsWith(at, "\0\0\0\0IEND")) {
            long length = file.slice(at, 8).u32(0, false);
            Bytes chunk = file.slice(at, length + 12);
            boolean image = chunk.startsWith(4, "IDAT");
            if (image || chunk.startsWith(4, "IHDR") || chunk.startsWith(4, "PLTE")) {
                checkSum(chunk);
                kept.write(chunk.data(), chunk.offset(), chunk.length());
            } else if (chunk.startsWith(4, "eXIf")) {
                orientation = TiffDirectory.parse(chunk.slice(8, length)).orientation();
            }
            if (header == null) {
                if (!chunk.startsWith(4, "IHDR") || length != 13) {
                    throw Bytes.unreadable("the PNG file does not start with a header");
                }
                header = chunk;
            }
            pixels |= image;
            palette |= chunk.startsWith(4, "PLTE");
            at += chunk.length();
        }
        if (header == null || !pixels) {
            throw Bytes.unreadable("the PNG file is cut off before its pixels");
        }
        if (header.u8(17) == PALETTE && !palette) {
            throw Bytes.unreadable("the PNG file has no palette");
        }
        kept.writeBytes(END);
        return new PngFile(
                header.u32(12, false),
                header.u32(8, false),
                samplesOf(header.u8(17)) * header.u8(16),
                orientation,
                kept.toByteArray());
    }

    /** Whether the file can hold this picture at all. */
    boolean isLongEnough() {
        return height * width / 8 * bits <= MOST_BYTES_OF_A_BYTE * (long) pixelStream.length;
    }

    private static int samplesOf(int colorType) {
        return switch (colorType) {
            case 2 -> 3;
            case 4 -> 2;
            case 6 -> 4;
            default -> 1;
        };
    }

    private static void checkSum(Bytes chunk) throws RowFailure {
        CRC32 crc = new CRC32();
        int covered = chunk.length() - 8;
        crc.update(chunk.data(), chunk.offset() + 4, covered);
        if (crc.getValue() != chunk.u32(chunk.length() - 4, false)) {
            throw Bytes.unreadable("the PNG file has a wrong checksum");
        }
    }
}
