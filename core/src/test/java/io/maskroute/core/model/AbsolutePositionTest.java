package io.maskroute.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.checkpoint.RandomWeights;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.psalm.VisionProjector;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Swin's {@code ape}: the same random weights with and without it. */
class AbsolutePositionTest {
    private static final ModelConfig WITHOUT = TinyModel.config(new VisionProjector(VisionProjector.Kind.MLP, 4, 0));

    private static final ModelConfig WITH = TinyModel.placed(WITHOUT);

    @Test
    void theEmbeddingOfItsPlaceIsAddedToEachPatchOfEachPicture() {
        TensorSource weights = RandomWeights.of(WITH, 5);
        float[] position = weights.floats("model.vision_tower.absolute_pos_embed");
        float[] plain = patches(WITHOUT, RandomWeights.of(WITHOUT, 5));
        float[] placed = patches(WITH, weights);

        int side = WITHOUT.mapSide(2);
        assertThat(position).hasSize(WITHOUT.swin().embedDim() * side * side);
        assertThat(placed).hasSize(2 * position.length).hasSameSizeAs(plain);
        for (int i = 0; i < placed.length; i++) {
            assertThat(placed[i] - plain[i]).isCloseTo(position[i % position.length], within(1e-6f));
        }
    }

    /** [2, C, side, side] */
    private static float[] patches(ModelConfig config, TensorSource weights) {
        int size = config.image().size();
        byte[] pixels = new byte[3 * size * size];
        new Random(1).nextBytes(pixels);
        PreparedImage image = new PreparedImage(pixels, size, size, size, size, size);
        int side = config.imageTokenSide();
        try (TorchProgram program = TorchProgram.load("cpu")) {
            TorchProgram.enterThread(0);
            RoutingPlan plan = RoutingPlan.of(RoutingSchedule.dense(), config, side, side);
            try (PsalmNetwork network =
                            new PsalmNetwork(program, config, weights, TorchType.FLOAT32, plan, Optional.empty());
                    TorchScope work = program.scope()) {
                IValue taps = work.dictionary();
                network.vision()
                        .backbone(
                                work,
                                network.vision()
                                        .normalize(work, List.of(image, image))
                                        .square(),
                                taps);
                return work.floats(work.entries(taps).get("swin.patch_embed"));
            }
        }
    }
}
