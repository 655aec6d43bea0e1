package io.maskroute.core.image;

import io.maskroute.core.error.RowFailure;
import java.io.ByteArrayOutputStream;

/**
 * The first frame of a GIF file, on the screen that it is meant for. Source: the GIF89a specification; what it leaves open is
 * done as Pillow does it: a frame that reaches beyond the screen enlarges it, the screen around the frame has the transparent
 * colour, else the first one, bytes between blocks are passed over, and without any table of colours an index is a gray.
 *
 * @param height of the screen
 * @param width of the screen
 * @param top where the frame lies
 * @param left where the frame lies
 * @param colors the frame's table: 256 times R, G, B; an index beyond the file's own table is black
 * @param around the index of the colour around the frame
 * @param rootBits of the LZW codes
 * @param data the LZW codes
 */
record GifFile(
        int height,
        int width,
        int top,
        int left,
        int frameHeight,
        int frameWidth,
        boolean interlaced,
        byte[] colors,
        int around,
        int rootBits,
        Bytes data) {
    private static final int EXTENSION = 0x21;
    private static final int GRAPHIC_CONTROL = 0xF9;
    private static final int IMAGE = 0x2C;
    private static final int TRAILER = 0x3B;
    private static final int TABLE = 0x80;
    /** An LZW code has at most 12 bits and stands for at most so many pixels; a byte holds fewer. */
    private static final int MOST_PIXELS_OF_A_BYTE = 4096;

    private static final int[][] PASSES = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};

    static boolean isGif(Bytes file) {
        return file.startsWith(0, "GIF87a") || file.startsWith(0, "GIF89a");
    }

    /** @throws RowFailure {@code unreadable-image} */
    static GifFile parse(Bytes file) throws RowFailure {
        Bytes screen = file.slice(6, 7);
        Bytes global = table(file, 13, screen.u8(4));
        int at = 13 + global.length();
        int transparent = -1;
        while (true) {
            int block = file.slice(at, 1).u8(0);
            if (block == IMAGE) {
                break;
            }
            if (block == TRAILER) {
                throw Bytes.unreadable("the GIF file has no picture");
            }
            if (block != EXTENSION) {
                at++;
                continue;
            }
            Bytes control = file.slice(at + 1, 2);
            if (control.u8(0) == GRAPHIC_CONTROL && control.u8(1) >= 4) {
                Bytes body = file.slice(at + 3, 4);
                transparent = (body.u8(0) & 1) == 1 ? body.u8(3) : transparent;
            }
            at += 2;
            while (file.slice(at, 1).u8(0) != 0) {
                at += 1 + file.u8(at);
            }
            at++;
        }
        Bytes frame = file.slice(at + 1, 9);
        Bytes local = table(file, at + 10, frame.u8(8));
        at += 10 + local.length();
        int rootBits = file.slice(at, 1).u8(0);
        if (rootBits < 1 || rootBits > 8) {
            throw Bytes.unreadable("the GIF file's picture is no LZW data");
        }
        int left = frame.u16(0, true);
        int top = frame.u16(2, true);
        int frameWidth = frame.u16(4, true);
        int frameHeight = frame.u16(6, true);
        return new GifFile(
                Math.max(screen.u16(2, true), top + frameHeight),
                Math.max(screen.u16(0, true), left + frameWidth),
                top,
                left,
                frameHeight,
                frameWidth,
                (frame.u8(8) & 0x40) != 0,
                colors(local.length() > 0 ? local : global),
                Math.max(0, transparent),
                rootBits,
                joined(file, at + 1));
    }

    private static Bytes table(Bytes file, int at, int flags) throws RowFailure {
        return file.slice(at, (flags & TABLE) == 0 ? 0 : 3 << (flags & 7) + 1);
    }

    private static byte[] colors(Bytes table) {
        byte[] colors = new byte[3 * 256];
        for (int i = 0; i < colors.length; i++) {
            colors[i] = table.length() == 0 ? (byte) (i / 3) : i < table.length() ? (byte) table.u8(i) : 0;
        }
        return colors;
    }

    /** The sub-blocks' bytes; where the file ends between them, those that are there. */
    private static Bytes joined(Bytes file, int from) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        int at = from;
        while (at < file.length() && file.u8(at) != 0) {
            int length = Math.min(file.u8(at), file.length() - at - 1);
            joined.write(file.data(), file.offset() + at + 1, length);
            at += 1 + length;
        }
        return Bytes.of(joined.toByteArray());
    }

    /** @throws RowFailure {@code unreadable-image} where pixels are missing, too */
    RgbImage decode() throws RowFailure {
        if ((long) frameHeight * frameWidth > (long) MOST_PIXELS_OF_A_BYTE * data.length()) {
            throw Bytes.unreadable("the GIF file lacks part of its pixels");
        }
        byte[] indexes = new byte[frameHeight * frameWidth];
        if (Lzw.gif(rootBits).decode(data, indexes) < indexes.length) {
            throw Bytes.unreadable("the GIF file lacks part of its pixels");
        }
        byte[] rgb = new byte[3 * height * width];
        if (frameHeight < height || frameWidth < width) {
            for (int i = 0; i < rgb.length; i++) {
                rgb[i] = colors[3 * around + i % 3];
            }
        }
        int row = 0;
        for (int[] pass : interlaced ? PASSES : new int[][] {{0, 1}}) {
            for (int y = pass[0]; y < frameHeight; y += pass[1], row++) {
                int o = 3 * ((top + y) * width + left);
                for (int x = 0; x < frameWidth; x++) {
                    int color = 3 * (indexes[row * frameWidth + x] & 0xff);
                    rgb[o++] = colors[color];
                    rgb[o++] = colors[color + 1];
                    rgb[o++] = colors[color + 2];
                }
            }
        }
        return new RgbImage(height, width, rgb);
    }
}
