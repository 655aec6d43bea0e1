package io.maskroute.core.image;

import io.maskroute.core.error.RowFailure;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * What a WebP file says about its pixels. Transparency and colour profile are left out, as in Pillow's conversion to RGB; of
 * an animation the first frame counts.
 *
 * @param height of the canvas; 0 in a simple file, where the bitstream alone knows
 * @param left where the bitstream's picture lies on the canvas
 * @param orientation what EXIF says
 * @param pixelStream a simple WebP file with the same samples
 */
record WebpFile(int height, int width, int top, int left, Orientation orientation, byte[] pixelStream) {
    private static final int HEADER = 12;
    /** Bytes that the reader of lossless pixels holds ahead. With them a sound file never makes it ask beyond the end. */
    private static final int READ_AHEAD = 8;

    static boolean isWebp(Bytes file) {
        return file.startsWith(0, "RIFF") && file.startsWith(8, "WEBP");
    }

    static ImageHeader header(Bytes file) throws RowFailure {
        WebpFile webp = parse(file);
        if (webp.height > 0) {
            return new ImageHeader(webp.height, webp.width, webp.orientation);
        }
        Bytes stream = Bytes.of(webp.pixelStream).slice(HEADER + 8, 10);
        if (file.startsWith(HEADER, "VP8L")) {
            int sides = (int) stream.u32(1, true);
            return new ImageHeader(1 + (sides >> 14 & 0x3FFF), 1 + (sides & 0x3FFF), webp.orientation);
        }
        return new ImageHeader(stream.u16(8, true) & 0x3FFF, stream.u16(6, true) & 0x3FFF, webp.orientation);
    }

    /** @throws RowFailure {@code unreadable-image} */
    static WebpFile parse(Bytes file) throws RowFailure {
        int height = 0;
        int width = 0;
        int top = 0;
        int left = 0;
        Orientation orientation = Orientation.TOP_LEFT;
        Bytes pixels = null;
        int at = HEADER;
        while (at + 8 <= file.length()) {
            Bytes body = file.slice(at + 8, file.u32(at + 4, true));
            if (file.startsWith(at, "VP8X")) {
                body.slice(0, 10);
                width = 1 + body.u24LittleEndian(4);
                height = 1 + body.u24LittleEndian(7);
            } else if (file.startsWith(at, "VP8 ") || file.startsWith(at, "VP8L")) {
                pixels = pixels == null ? file.slice(at, 8L + body.length()) : pixels;
            } else if (file.startsWith(at, "ANMF") && pixels == null) {
                body.slice(0, 16);
                left = 2 * body.u24LittleEndian(0);
                top = 2 * body.u24LittleEndian(3);
                pixels = frameBitstream(body);
            } else if (file.startsWith(at, "EXIF")) {
                boolean prefixed = body.startsWith(0, "Exif\0\0");
                orientation = TiffDirectory.parse(prefixed ? body.slice(6, body.length() - 6) : body)
                        .orientation();
            }
            at += 8 + body.length() + (body.length() & 1);
        }
        if (pixels == null) {
            throw Bytes.unreadable("the WebP file is cut off before its pixels");
        }
        return new WebpFile(height, width, top, left, orientation, simpleFile(pixels));
    }

    private static Bytes frameBitstream(Bytes frame) throws RowFailure {
        int at = 16;
        while (at + 8 <= frame.length()) {
            Bytes chunk = frame.slice(at, 8 + frame.u32(at + 4, true));
            if (chunk.startsWith(0, "VP8 ") || chunk.startsWith(0, "VP8L")) {
                return chunk;
            }
            at += chunk.length() + (chunk.length() & 1);
        }
        throw Bytes.unreadable("the WebP animation's first frame has no pixels");
    }

    private static byte[] simpleFile(Bytes chunk) {
        int padded = chunk.length() + (chunk.length() & 1);
        boolean lossless = chunk.startsWith(0, "VP8L");
        ByteBuffer file = ByteBuffer.allocate(lossless ? HEADER + chunk.length() + READ_AHEAD : HEADER + padded)
                .order(ByteOrder.LITTLE_ENDIAN);
        file.put("RIFF".getBytes(StandardCharsets.US_ASCII));
        file.putInt(4 + padded);
        file.put("WEBP".getBytes(StandardCharsets.US_ASCII));
        file.put(chunk.data(), chunk.offset(), chunk.length());
        return file.array();
    }
}
