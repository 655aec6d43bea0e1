package io.maskroute.core.model;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.Families;
import io.maskroute.core.family.VisualTower;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Swin, what makes visual tokens, and the pixel decoder: what a picture goes through before any prompt is read. */
public final class VisionEncoder {
    private static final String PIXEL_LAYERS = "transformer.encoder.layers.";

    private final ModelConfig config;
    private final TorchProgram program;
    private final TorchType dtype;
    private final TorchScope scope;
    private final IValue stem;
    private final IValue blocks;
    private final VisualTower tower;
    private final IValue pixelDecoder;
    private final IValue pixelLayers;

    /** @param scope owns the weights */
    VisionEncoder(TorchProgram program, TorchScope scope, ModelConfig config, WeightLoader weights, TorchType dtype) {
        this.program = program;
        this.config = config;
        this.dtype = dtype;
        this.scope = scope;
        String swin = Families.of(config).swinKeys();
        stem = weights.group(scope, swin, dtype, name -> !name.contains(".blocks."));
        blocks = blocks(weights, swin);
        tower = Families.of(config).tower(scope, config, weights, dtype);
        pixelDecoder = weights.group(scope, "pixel_decoder.", dtype, name -> !name.startsWith(PIXEL_LAYERS));
        pixelLayers = weights.groups(
                scope, "pixel_decoder." + PIXEL_LAYERS, config.pixelDecoder().layers(), dtype);
    }

    private IValue blocks(WeightLoader weights, String swin) {
        List<IValue> stages = new ArrayList<>();
        for (int s = 0; s < config.swin().depths().size(); s++) {
            List<IValue> stage = new ArrayList<>();
            for (int b = 0; b < config.swin().depths().get(s); b++) {
                stage.add(weights.group(
                        scope,
                        swin + "layers." + s + ".blocks." + b + ".",
                        dtype,
                        name -> !name.endsWith("relative_position_index")));
            }
            stages.add(scope.list(stage.toArray(IValue[]::new)));
        }
        return scope.list(stages.toArray(IValue[]::new));
    }

    /**
     * Normalised pixels of B pictures on the device.
     *
     * @param square {@code [B, 3, S, S]}, what Swin reads
     * @param stretched {@code [B, 3, s, s]}, what a tower of the family's own reads; null where there is none
     */
    public record Pixels(IValue square, IValue stretched) {}

    /** Pixels of 0..255 -> what {@link EncodedPictures} takes. */
    public Pixels normalize(TorchScope work, List<PreparedImage> images) {
        IValue square = work.run(
                "normalize_pixels",
                bytes(work, images, PreparedImage::pixels, config.image().size()),
                work.doubles(doubles(config.image().mean())),
                work.doubles(doubles(config.image().std())),
                work.of(dtype),
                work.of(program.device()));
        int side = config.visualTokens().stretchedSize();
        IValue stretched = side == 0
                ? null
                : work.run(
                        "stretched_pixels",
                        bytes(work, images, PreparedImage::stretched, side),
                        work.of(dtype),
                        work.of(program.device()));
        return new Pixels(square, stretched);
    }

    /** {@code [B, 3, side, side]} */
    private static IValue bytes(
            TorchScope work, List<PreparedImage> images, Function<PreparedImage, byte[]> samples, int side) {
        int length = 3 * side * side;
        byte[] pixels = samples.apply(images.get(0));
        if (images.size() > 1) {
            pixels = new byte[images.size() * length];
            for (int i = 0; i < images.size(); i++) {
                System.arraycopy(samples.apply(images.get(i)), 0, pixels, i * length, length);
            }
        }
        return work.bytes(pixels, images.size(), 3, side, side);
    }

    /**
     * Normalised fp32 pixels of one picture.
     *
     * @param square {@code [3, S, S]}
     * @param stretched {@code [3, s, s]}, or empty
     */
    Pixels input(TorchScope work, float[] square, float[] stretched) {
        int side = config.visualTokens().stretchedSize();
        return new Pixels(input(work, square, config.image().size()), side == 0 ? null : input(work, stretched, side));
    }

    private IValue input(TorchScope work, float[] pixels, int side) {
        return work.run("cast", work.floats(pixels, 1, 3, side, side), work.of(dtype), work.of(program.device()));
    }

    /** Pixels {@code [B, 3, S, S]} -> the maps res2..res5. */
    public IValue backbone(TorchScope work, IValue pixels, IValue taps) {
        ModelConfig.Swin swin = config.swin();
        return work.run(
                "swin",
                pixels,
                stem,
                blocks,
                work.ints(swin.heads().stream().mapToLong(Integer::longValue).toArray()),
                work.of((long) swin.window()),
                work.of((long) swin.patch()),
                work.of(swin.layerNormEps()),
                taps);
    }

    /**
     * The maps and the pixels they were made of -> visual tokens.
     *
     * @param maps what {@link #backbone} gave
     */
    public VisualTower.Tokens tokens(TorchScope work, IValue maps, Pixels pixels, IValue taps) {
        return tower.tokens(work, maps, pixels.stretched(), taps);
    }

    /** See {@link VisualTower#trace}. */
    void trace(TorchScope work, IValue taps, int latents) {
        tower.trace(work, taps, latents);
    }

    /** The maps -> mask features {@code [B, mask_dim, h, w]} and three levels {@code [B, C, h, w]}, coarse to fine. */
    public IValue pixelDecoder(TorchScope work, IValue maps, IValue taps) {
        return work.run(
                "pixel_decoder",
                maps,
                pixelDecoder,
                pixelLayers,
                work.of((long) config.pixelDecoder().heads()),
                work.of((long) config.pixelDecoder().points()),
                taps);
    }

    /**
     * The deformable layers of {@link #pixelDecoder} alone.
     *
     * @param x {@code [1, S, C]} over the positions of res5, res4, res3
     * @param position {@code [1, S, C]}, added where the layers look from
     */
    public IValue pixelEncoder(TorchScope work, IValue x, IValue position, IValue taps) {
        IValue shapes = pixelShapes(work);
        return work.run(
                "deformable_encoder",
                x,
                position,
                pixelLayers,
                work.of((long) config.pixelDecoder().heads()),
                work.of((long) config.pixelDecoder().points()),
                shapes,
                work.run("reference_points", shapes, x),
                taps);
    }

    /** {@code List[List[int]]}: height and width of res5, res4, res3. */
    public IValue pixelShapes(TorchScope work) {
        return work.list(IntStream.of(5, 4, 3)
                .mapToObj(config::mapSide)
                .map(side -> work.ints(side, side))
                .toArray(IValue[]::new));
    }

    /** Positions S of those maps together. */
    public int pixelPositions() {
        return IntStream.of(5, 4, 3)
                .map(config::mapSide)
                .map(side -> side * side)
                .sum();
    }

    private static double[] doubles(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }
}
