package io.maskroute.core.bench;

import static io.maskroute.core.bench.BenchModel.millisSince;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.VisualTower;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.model.PsalmNetwork;
import io.maskroute.core.model.VisionEncoder;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.List;
import java.util.function.Supplier;

/** Times the stages of the vision encoder, each for itself, over pictures together; times are per picture. */
final class VisionStages {
    private static final int LEVELS = 3;

    private final ModelConfig config;
    private final PsalmNetwork network;
    private final TorchType dtype;

    VisionStages(ModelConfig config, PsalmNetwork network, TorchType dtype) {
        this.config = config;
        this.network = network;
        this.dtype = dtype;
    }

    VisionMillis run(List<PreparedImage> pictures) {
        VisionEncoder vision = network.vision();
        IValue noTaps = network.noTaps();
        try (TorchScope work = network.scope()) {
            int n = pictures.size();
            VisionEncoder.Pixels pixels = vision.normalize(work, pictures);
            Timed maps = time(() -> {
                IValue found =
                        vision.backbone(work, vision.normalize(work, pictures).square(), noTaps);
                work.await(work.run("at", found, work.of(0L)));
                return found;
            });
            Timed tokens = time(() -> {
                VisualTower.Tokens made = vision.tokens(work, maps.value(), pixels, noTaps);
                work.await(made.grid());
                if (made.latents() != null) {
                    work.await(made.latents());
                }
                return made.grid();
            });
            Timed decoded = time(() -> {
                IValue levels = vision.pixelDecoder(work, maps.value(), noTaps);
                work.await(work.run("at", levels, work.of(0L)));
                return levels;
            });
            Timed memory = time(() -> {
                IValue features =
                        network.decoder().memory(work, decoded.value(), 0, n).features();
                work.await(features);
                return features;
            });
            return new VisionMillis(
                    maps.millis() / n,
                    tokens.millis() / n,
                    decoded.millis() / n,
                    pixelEncoder(n) / n,
                    sampling(n) * config.pixelDecoder().layers() / n,
                    memory.millis() / n);
        }
    }

    private double pixelEncoder(int pictures) {
        try (TorchScope work = network.scope()) {
            long[] shape = {
                pictures,
                network.vision().pixelPositions(),
                config.pixelDecoder().convDim()
            };
            IValue x = RandomInputs.tensor(work, dtype, network.device(), shape);
            IValue position = RandomInputs.tensor(work, dtype, network.device(), shape);
            return time(() -> {
                        IValue out = network.vision().pixelEncoder(work, x, position, network.noTaps());
                        work.await(out);
                        return out;
                    })
                    .millis();
        }
    }

    /** Uniformly random points: the worst case for the caches. */
    private double sampling(int pictures) {
        ModelConfig.PixelDecoder pixel = config.pixelDecoder();
        int positions = network.vision().pixelPositions();
        try (TorchScope work = network.scope()) {
            String device = network.device();
            IValue value = RandomInputs.tensor(
                    work, dtype, device, pictures, positions, pixel.heads(), pixel.convDim() / pixel.heads());
            IValue locations = RandomInputs.tensor(
                    work, TorchType.FLOAT32, device, pictures, positions, pixel.heads(), LEVELS, pixel.points(), 2);
            IValue attention = RandomInputs.tensor(
                    work, TorchType.FLOAT32, device, pictures, positions, pixel.heads(), LEVELS, pixel.points());
            IValue shapes = network.vision().pixelShapes(work);
            return time(() -> {
                        IValue out = work.run("deformable_sampling", value, shapes, locations, attention);
                        work.await(out);
                        return out;
                    })
                    .millis();
        }
    }

    private record Timed(IValue value, double millis) {}

    private static Timed time(Supplier<IValue> stage) {
        long start = System.nanoTime();
        IValue value = stage.get();
        return new Timed(value, millisSince(start));
    }
}
