package io.maskroute.core.family.hyperseg;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.family.VisualTower;
import io.maskroute.core.model.WeightLoader;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.List;

/** SigLIP over the stretched picture with its projector, and the perceiver over Swin's maps. */
final class HypersegTower implements VisualTower {
    private static final List<String> LATENTS = List.of(
            "temporal_query",
            "level_embed.",
            "local_project.",
            "expanded_seg_query_project.",
            Hyperseg.NEXT_LATENTS + ".");

    private final Towers sizes;
    private final IValue siglip;
    private final IValue siglipLayers;
    private final IValue projector;
    private final IValue latents;
    private final IValue perceiver;
    private final IValue perceiverLayers;
    private final boolean video;

    HypersegTower(TorchScope scope, Towers sizes, WeightLoader loader, TorchType dtype) {
        this.sizes = sizes;
        int used = sizes.siglip().layers() - 1;
        String encoder = Hyperseg.SIGLIP + "encoder.layers.";
        // A golden fixture shows the last layer's output too, though nothing reads it.
        int there = loader.has(encoder + used + ".mlp.fc1.weight") ? used + 1 : used;
        siglip = loader.group(scope, Hyperseg.SIGLIP, dtype, name -> name.startsWith("embeddings."));
        siglipLayers = loader.groups(scope, encoder, there, dtype);
        projector = loader.group(scope, Hyperseg.PROJECTOR, dtype);
        latents = loader.group(scope, "", dtype, name -> LATENTS.stream().anyMatch(name::startsWith));
        perceiver = loader.group(scope, Hyperseg.PERCEIVER, dtype, name -> name.startsWith("norm."));
        perceiverLayers = loader.groups(scope, Hyperseg.PERCEIVER + "layers.", Towers.Perceiver.LAYERS, dtype);
        video = loader.has(Hyperseg.NEXT_LATENTS + ".weight");
    }

    @Override
    public Tokens tokens(TorchScope work, IValue maps, IValue stretched, IValue taps) {
        IValue seen = work.run(
                "siglip",
                stretched,
                siglip,
                siglipLayers,
                work.of(sizes.siglip().layers() - 1L),
                work.of((long) sizes.siglip().patch()),
                work.of((long) sizes.siglip().heads()),
                work.of(sizes.siglip().layerNormEps()),
                taps);
        IValue grid = work.run("siglip_projector", seen, projector, taps);
        return new Tokens(
                grid,
                work.run(
                        "fine_tokens",
                        maps,
                        latents,
                        perceiver,
                        perceiverLayers,
                        work.of((long) sizes.perceiver().heads()),
                        taps));
    }

    @Override
    public void trace(TorchScope work, IValue taps, int first) {
        if (video) {
            work.run("next_latents", taps, latents, work.of((long) first), work.of((long) sizes.latents()));
        }
    }
}
