package io.maskroute.core.family.psalm;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.family.VisualTower;
import io.maskroute.core.model.WeightLoader;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;

/** The projector from one of Swin's maps to image tokens. */
final class ProjectorTower implements VisualTower {
    private final VisionProjector sizes;
    private final IValue weights;

    ProjectorTower(TorchScope scope, VisionProjector sizes, WeightLoader loader, TorchType dtype) {
        this.sizes = sizes;
        this.weights = loader.group(scope, Psalm.PROJECTOR + ".", dtype, name -> !name.endsWith("num_batches_tracked"));
    }

    @Override
    public Tokens tokens(TorchScope work, IValue maps, IValue stretched, IValue taps) {
        return new Tokens(work.run(
                switch (sizes.kind()) {
                    case SWIN_CONV -> "swin_conv_projector";
                    case LINEAR -> "linear_projector";
                    case MLP -> "mlp_projector";
                },
                work.run("at", maps, work.of(sizes.stage() - 2L)),
                weights,
                taps));
    }
}
