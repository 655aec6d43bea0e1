package io.maskroute.core.image;

import java.util.Arrays;

/**
 * Pillow's resize of 8-bit pictures, to the last bit ({@code Resample.c}): a filter that widens when shrinking, with 22-bit
 * fixed-point weights; along the rows first, then down the columns, each pass rounded to 8 bits.
 */
final class PillowResize {
    private static final int PRECISION_BITS = 22;
    private static final int HALF = 1 << (PRECISION_BITS - 1);

    private PillowResize() {}

    /** Pillow's name of a filter, and how far it reaches in input samples when enlarging. */
    enum Filter {
        BILINEAR(1) {
            @Override
            double at(double x) {
                return Math.max(0, 1 - Math.abs(x));
            }
        },
        /** Keys' cubic with a = -0.5; it overshoots at edges. */
        BICUBIC(2) {
            @Override
            double at(double x) {
                double t = Math.abs(x);
                if (t < 1) {
                    return ((A + 2) * t - (A + 3)) * t * t + 1;
                }
                return t < 2 ? (((t - 5) * t + 8) * t - 4) * A : 0;
            }
        };

        private static final double A = -0.5;

        private final double support;

        Filter(double support) {
            this.support = support;
        }

        abstract double at(double x);
    }

    /**
     * Resizes {@code image} into the top left corner of a square of {@code size} pixels a side.
     *
     * @param planes {@code 3 * size * size} samples, channel by channel; only the corner is written
     */
    static void into(Filter filter, RgbImage image, int height, int width, byte[] planes, int size) {
        byte[] rows = alongRows(filter, image, width);
        Weights weights = Weights.of(filter, image.height(), height);
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
    private static byte[] alongRows(Filter filter, RgbImage image, int width) {
        Weights weights = Weights.of(filter, image.width(), width);
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

    private static byte round(int sum) {
        return (byte) Math.max(0, Math.min(sum >> PRECISION_BITS, 255));
    }

    /**
     * Which input samples make up each output sample along one axis.
     *
     * @param first index of the first input sample, per output sample
     * @param count number of input samples, per output sample
     * @param weight fixed-point weights, {@code stride} places per output sample
     */
    private record Weights(int[] first, int[] count, int[] weight, int stride) {

        static Weights of(Filter filter, int inputs, int outputs) {
            double scale = (double) inputs / outputs;
            double widening = Math.max(scale, 1.0);
            double support = filter.support * widening;
            int stride = (int) Math.ceil(support) * 2 + 1;
            int[] first = new int[outputs];
            int[] count = new int[outputs];
            int[] weight = new int[Math.multiplyExact(outputs, stride)];
            double[] exact = new double[stride];
            for (int o = 0; o < outputs; o++) {
                double center = (o + 0.5) * scale;
                double step = 1.0 / widening;
                int from = Math.max(0, (int) (center - support + 0.5));
                int n = Math.min(inputs, (int) (center + support + 0.5)) - from;
                double sum = 0;
                for (int k = 0; k < n; k++) {
                    exact[k] = filter.at((k + from - center + 0.5) * step);
                    sum += exact[k];
                }
                for (int k = 0; k < n; k++) {
                    double fixed = exact[k] / sum * (1 << PRECISION_BITS);
                    weight[o * stride + k] = (int) (fixed < 0 ? fixed - 0.5 : fixed + 0.5);
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
