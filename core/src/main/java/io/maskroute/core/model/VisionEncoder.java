package io.maskroute.core.model;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Swin, the projector to image tokens, and the pixel decoder: what a picture goes through before any prompt is read. */
public final class VisionEncoder {
    private static final String SWIN = "model.vision_tower.";
    private static final String PIXEL_LAYERS = "transformer.encoder.layers.";

    private final ModelConfig config;
    private final TorchProgram program;
    private final TorchType dtype;
    private final TorchScope scope;
    private final IValue stem;
    private final IValue blocks;
    private final IValue projector;
    private final IValue pixelDecoder;
    private final IValue pixelLayers;

    /** @param scope owns the weights */
    VisionEncoder(TorchProgram program, TorchScope scope, ModelConfig config, WeightLoader weights, TorchType dtype) {
        this.program = program;
        this.config = config;
        this.dtype = dtype;
        this.scope = scope;
        stem = weights.group(scope, SWIN, dtype, name -> !name.contains(".blocks."));
        blocks = blocks(weights);
        projector = weights.group(scope, "model.mm_projector.", dtype, name -> !name.endsWith("num_batches_tracked"));
        pixelDecoder = weights.group(scope, "pixel_decoder.", dtype, name -> !name.startsWith(PIXEL_LAYERS));
        pixelLayers = weights.groups(
                scope, "pixel_decoder." + PIXEL_LAYERS, config.pixelDecoder().layers(), dtype);
    }

    private IValue blocks(WeightLoader weights) {
        List<IValue> stages = new ArrayList<>();
        for (int s = 0; s < config.swin().depths().size(); s++) {
            List<IValue> stage = new ArrayList<>();
            for (int b = 0; b < config.swin().depths().get(s); b++) {
                stage.add(weights.group(
                        scope,
                        SWIN + "layers." + s + ".blocks." + b + ".",
                        dtype,
                        name -> !name.endsWith("relative_position_index")));
            }
            stages.add(scope.list(stage.toArray(IValue[]::new)));
        }
        return scope.list(stages.toArray(IValue[]::new));
    }

    /** Pixels of 0..255 of B pictures -> what {@link #backbone} takes. */
    public IValue normalize(TorchScope work, List<PreparedImage> images) {
        int size = config.image().size();
        int length = 3 * size * size;
        byte[] pixels = images.get(0).pixels();
        if (images.size() > 1) {
            pixels = new byte[images.size() * length];
            for (int i = 0; i < images.size(); i++) {
                System.arraycopy(images.get(i).pixels(), 0, pixels, i * length, length);
            }
        }
        return work.run(
                "normalize_pixels",
                work.bytes(pixels, images.size(), 3, size, size),
                work.doubles(doubles(config.image().mean())),
                work.doubles(doubles(config.image().std())),
                work.of(dtype),
                work.of(program.device()));
    }

    /** Normalised fp32 pixels {@code [1, 3, S, S]} on the CPU -> what {@link #backbone} takes. */
    IValue input(TorchScope work, IValue pixels) {
        return work.run("cast", pixels, work.of(dtype), work.of(program.device()));
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

    /** The maps -> image tokens {@code [B, N, d]}. */
    public IValue imageTokens(TorchScope work, IValue maps, IValue taps) {
        ModelConfig.VisionProjector vision = config.visionProjector();
        return work.run(
                switch (vision.kind()) {
                    case SWIN_CONV -> "swin_conv_projector";
                    case LINEAR -> "linear_projector";
                    case MLP -> "mlp_projector";
                },
                work.run("at", maps, work.of(vision.stage() - 2L)),
                projector,
                taps);
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
