package io.maskroute.core.image;

import java.util.Arrays;

/**
 * Pillow's {@code BILINEAR} resize of 8-bit pictures, to the last bit ({@code Resample.c}): a triangle filter that widens
 * when shrinking, with 22-bit fixed-point weights; along the rows first, then down the columns, each pass rounded to 8 bits.
 */
final class BilinearResize {
    private static final int PRECISION_BITS = 22;
    private static final int HALF = 1 << (PRECISION_BITS - 1);

    private BilinearResize() {}

    /**
     * Resizes {@code image} into the top left corner of a square of {@code size} pixels a side.
     *
     * @param planes {@code 3 * size * size} samples, channel by channel; only the corner is written
     */
    static void into(RgbImage image, int height, int width, byte[] planes, int size) {
        byte[] rows = alongRows(image, width);
        Weights weights = Weights.of(image.height(), height);
        int[] sums = new int[width];
        for (int channel = 0; channel < 3; channel++) {
            int from = channel * image.height() * width;
            for (int y = 0; y < height; y++) {
                weights.sumLines(y, rows, from, sums);
                int to = (channel * size + y) * size;
                for (int x = 0; x < width; x++) {
                    planes[to + x] = round(sums[x]);
                }
            }
        }
    }

    /** The first pass, from interleaved samples to {@code [3][image height][width]}. */
    private static byte[] alongRows(RgbImage image, int width) {
        Weights weights = Weights.of(image.width(), width);
        int plane = image.height() * width;
        byte[] out = new byte[3 * plane];
        byte[] rgb = image.rgb();
        for (int y = 0; y < image.height(); y++) {
            int row = 3 * y * image.width();
            int to = y * width;
            for (int x = 0; x < width; x++) {
                int r = HALF;
                int g = HALF;
                int b = HALF;
                int i = row + 3 * weights.first[x];
                int w = x * weights.stride;
                int end = w + weights.count[x];
                for (; w < end; w++, i += 3) {
                    int weight = weights.weight[w];
                    r += weight * (rgb[i] & 0xff);
                    g += weight * (rgb[i + 1] & 0xff);
                    b += weight * (rgb[i + 2] & 0xff);
                }
                out[to + x] = round(r);
                out[to + x + plane] = round(g);
                out[to + x + 2 * plane] = round(b);
            }
        }
        return out;
    }

    /** Weights are never negative and add up to one, give or take their own rounding; so only the upper end needs a clip. */
    private static byte round(int sum) {
        return (byte) Math.min(sum >> PRECISION_BITS, 255);
    }

    /**
     * Which input samples make up each output sample along one axis.
     *
     * @param first index of the first input sample, per output sample
     * @param count number of input samples, per output sample
     * @param weight fixed-point weights, {@code stride} places per output sample
     */
    private record Weights(int[] first, int[] count, int[] weight, int stride) {

        static Weights of(int inputs, int outputs) {
            double scale = (double) inputs / outputs;
            double support = Math.max(scale, 1.0);
            int stride = (int) Math.ceil(support) * 2 + 1;
            int[] first = new int[outputs];
            int[] count = new int[outputs];
            int[] weight = new int[Math.multiplyExact(outputs, stride)];
            double[] exact = new double[stride];
            for (int o = 0; o < outputs; o++) {
                double center = (o + 0.5) * scale;
                double step = 1.0 / support;
                int from = Math.max(0, (int) (center - support + 0.5));
                int n = Math.min(inputs, (int) (center + support + 0.5)) - from;
                double sum = 0;
                for (int k = 0; k < n; k++) {
                    exact[k] = Math.max(0, 1 - Math.abs((k + from - center + 0.5) * step));
                    sum += exact[k];
                }
                for (int k = 0; k < n; k++) {
                    weight[o * stride + k] = (int) (0.5 + exact[k] / sum * (1 << PRECISION_BITS));
                }
                first[o] = from;
                count[o] = n;
            }
            return new Weights(first, count, weight, stride);
        }

        /** {@code sums[x]} = the weighted sum for output {@code o} over the lines of {@code sums.length} that start at {@code from}. */
        void sumLines(int o, byte[] lines, int from, int[] sums) {
            Arrays.fill(sums, HALF);
            int n = sums.length;
            for (int k = 0; k < count[o]; k++) {
                int line = from + (first[o] + k) * n;
                int w = weight[o * stride + k];
                for (int x = 0; x < n; x++) {
                    sums[x] += w * (lines[line + x] & 0xff);
                }
            }
        }
    }
}
