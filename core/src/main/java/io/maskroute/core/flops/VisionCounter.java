package io.maskroute.core.flops;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.Families;

/** Swin, the projector to image tokens and the pixel decoder. */
final class VisionCounter {
    /** Pixel-decoder levels: res5, res4, res3. */
    private static final int LEVELS = 3;

    private static final int RES2 = 2;
    private static final int RES5 = 5;

    private final ModelConfig config;

    VisionCounter(ModelConfig config) {
        this.config = config;
    }

    VisionFlops count() {
        return new VisionFlops(backbone(), Families.of(config).flops(config), pixelEncoder(), pixelConvolutions());
    }

    private long backbone() {
        ModelConfig.Swin swin = config.swin();
        long patchValues = 3L * swin.patch() * swin.patch();
        long sum = linear(positions(RES2), patchValues, swin.channels(0));
        for (int s = 0; s < swin.depths().size(); s++) {
            sum += swin.depths().get(s) * block(s);
            if (s + 1 < swin.depths().size()) {
                sum += linear(positions(RES2 + s + 1), 4L * swin.channels(s), swin.channels(s + 1));
            }
        }
        return sum;
    }

    private long block(int s) {
        ModelConfig.Swin swin = config.swin();
        long c = swin.channels(s);
        long windowsAcross = (config.mapSide(RES2 + s) - 1) / swin.window() + 1;
        long window = (long) swin.window() * swin.window();
        long padded = windowsAcross * windowsAcross * window;
        long attention = linear(padded, c, 3 * c) + 2 * linear(padded, window, c) + linear(padded, c, c);
        return attention + 2 * linear(positions(RES2 + s), c, swin.mlpRatio() * c);
    }

    private long pixelEncoder() {
        ModelConfig.PixelDecoder pixel = config.pixelDecoder();
        long c = pixel.convDim();
        long positions = 0;
        for (int level = 0; level < LEVELS; level++) {
            positions += positions(RES5 - level);
        }
        long samples = (long) pixel.heads() * LEVELS * pixel.points();
        long perLayer = linear(positions, c, c) // values
                + linear(positions, c, 2 * samples) // offsets
                + linear(positions, c, samples) // attention weights
                + linear(positions, 4 * samples, c / pixel.heads()) // four taps
                + linear(positions, c, c) // output
                + 2 * linear(positions, c, pixel.ffn());
        return pixel.layers() * perLayer;
    }

    private long pixelConvolutions() {
        ModelConfig.PixelDecoder pixel = config.pixelDecoder();
        long c = pixel.convDim();
        long sum = 0;
        for (int stage = RES5; stage > RES5 - LEVELS; stage--) {
            sum += linear(positions(stage), config.swin().channels(stage - RES2), c);
        }
        long res2 = positions(RES2);
        return sum
                + linear(res2, config.swin().channels(0), c) // adapter_1
                + linear(res2, 9 * c, c) // layer_1
                + linear(res2, c, pixel.maskDim());
    }

    private long positions(int stage) {
        long side = config.mapSide(stage);
        return side * side;
    }

    /** {@code rows} vectors through a matrix {@code in} x {@code out}. */
    static long linear(long rows, long in, long out) {
        return 2 * rows * in * out;
    }
}
