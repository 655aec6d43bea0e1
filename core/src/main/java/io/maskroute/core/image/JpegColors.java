package io.maskroute.core.image;

import io.maskroute.core.image.JpegFile.Colors;

/**
 * From a JPEG file's stored samples to RGB, to the last bit as libjpeg and Pillow do it: YCbCr by libjpeg's 16-bit
 * fixed-point tables ({@code jdcolor.c}), CMYK taken as inverted, as Adobe writes it, then by Pillow's
 * {@code cmyk2rgb}.
 */
final class JpegColors {
    private static final int[] RED_OF_CR = new int[256];
    private static final int[] BLUE_OF_CB = new int[256];
    private static final int[] GREEN_OF_CR = new int[256];
    private static final int[] GREEN_OF_CB = new int[256];

    static {
        int half = 1 << 15;
        for (int i = 0; i < 256; i++) {
            int x = i - 128;
            RED_OF_CR[i] = (fix(1.40200) * x + half) >> 16;
            BLUE_OF_CB[i] = (fix(1.77200) * x + half) >> 16;
            GREEN_OF_CR[i] = -fix(0.71414) * x;
            GREEN_OF_CB[i] = -fix(0.34414) * x + half;
        }
    }

    private JpegColors() {}

    private static int fix(double v) {
        return (int) (v * (1 << 16) + 0.5);
    }

    /**
     * @param samples interleaved as stored; of three components they are overwritten and returned
     * @return interleaved R, G, B
     */
    static byte[] toRgb(byte[] samples, Colors colors) {
        return switch (colors) {
            case RGB -> samples;
            case GRAY -> grayToRgb(samples);
            case YCBCR -> yccToRgb(samples, 3);
            case CMYK -> cmykToRgb(samples);
            case YCCK -> cmykToRgb(invertColors(yccToRgb(samples, 4)));
        };
    }

    private static byte[] grayToRgb(byte[] gray) {
        byte[] rgb = new byte[3 * gray.length];
        for (int i = 0, o = 0; i < gray.length; i++) {
            byte v = gray[i];
            rgb[o++] = v;
            rgb[o++] = v;
            rgb[o++] = v;
        }
        return rgb;
    }

    /** Converts the first three of every {@code step} samples in place. */
    private static byte[] yccToRgb(byte[] samples, int step) {
        for (int i = 0; i + step <= samples.length; i += step) {
            int y = samples[i] & 0xff;
            int cb = samples[i + 1] & 0xff;
            int cr = samples[i + 2] & 0xff;
            samples[i] = clip(y + RED_OF_CR[cr]);
            samples[i + 1] = clip(y + ((GREEN_OF_CB[cb] + GREEN_OF_CR[cr]) >> 16));
            samples[i + 2] = clip(y + BLUE_OF_CB[cb]);
        }
        return samples;
    }

    /** YCCK holds the complements of C, M and Y; K is as stored. */
    private static byte[] invertColors(byte[] samples) {
        for (int i = 0; i + 4 <= samples.length; i += 4) {
            for (int c = 0; c < 3; c++) {
                samples[i + c] = (byte) ~samples[i + c];
            }
        }
        return samples;
    }

    /** Stored are the complements of the inks. */
    private static byte[] cmykToRgb(byte[] cmyk) {
        byte[] rgb = new byte[cmyk.length / 4 * 3];
        for (int i = 0, o = 0; o < rgb.length; i += 4, o += 3) {
            inkToRgb(
                    255 - (cmyk[i] & 0xff),
                    255 - (cmyk[i + 1] & 0xff),
                    255 - (cmyk[i + 2] & 0xff),
                    255 - (cmyk[i + 3] & 0xff),
                    rgb,
                    o);
        }
        return rgb;
    }

    /** Pillow's {@code cmyk2rgb}; the inks are 0..255, 0 for none. */
    static void inkToRgb(int c, int m, int y, int k, byte[] rgb, int o) {
        int light = 255 - k;
        rgb[o] = lit(c, light);
        rgb[o + 1] = lit(m, light);
        rgb[o + 2] = lit(y, light);
    }

    private static byte lit(int ink, int light) {
        int scaled = ink * light + 128;
        return clip(light - ((scaled + (scaled >> 8)) >> 8));
    }

    private static byte clip(int v) {
        return (byte) (v < 0 ? 0 : Math.min(v, 255));
    }
}
