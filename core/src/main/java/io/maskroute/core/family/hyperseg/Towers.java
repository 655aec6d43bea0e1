package io.maskroute.core.family.hyperseg;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.config.ModelConfigCheck;
import io.maskroute.core.config.VisualTokens;

/** The sizes of what makes HyperSeg's visual tokens. */
record Towers(Siglip siglip, Perceiver perceiver) implements VisualTokens {
    /**
     * @param size side in pixels of the stretched picture; what is behind the last whole patch is not read
     * @param layers of the checkpoint, of which the last is not run
     */
    record Siglip(int size, int patch, int hidden, int ffn, int layers, int heads, double layerNormEps) {
        int side() {
            return size / patch;
        }
    }

    /**
     * @param dim width of the latents
     * @param inner width of queries, keys and values
     * @param ffn inner width of the FFN
     */
    record Perceiver(int dim, int inner, int heads, int ffn, int latents) {
        /** One per Swin map that it reads. */
        static final int LAYERS = 3;
    }

    @Override
    public String family() {
        return Hyperseg.NAME;
    }

    @Override
    public int gridSide(ModelConfig config) {
        return siglip.side();
    }

    @Override
    public int latents() {
        return perceiver.latents();
    }

    @Override
    public int stretchedSize() {
        return siglip.size();
    }

    @Override
    public void check(ModelConfigCheck check, ModelConfig config) {
        String tower = "vision_config.vision_tower.";
        check.between(tower + "patch_size", siglip.patch(), 1, 64);
        check.between(tower + "image_size", siglip.size(), siglip.patch(), ModelConfigCheck.MAX_IMAGE);
        check.between(tower + "hidden_size", siglip.hidden(), 1, ModelConfigCheck.MAX_WIDTH);
        check.between(tower + "intermediate_size", siglip.ffn(), 1, ModelConfigCheck.MAX_WIDTH);
        check.between(tower + "num_hidden_layers", siglip.layers(), 2, ModelConfigCheck.MAX_LAYERS);
        check.divides(tower + "num_attention_heads", siglip.heads(), tower + "hidden_size", siglip.hidden());
        check.positive(tower + "layer_norm_eps", siglip.layerNormEps());
        check.between("perceiver.dim", perceiver.dim(), 1, ModelConfigCheck.MAX_WIDTH);
        check.between("perceiver.inner", perceiver.inner(), 1, ModelConfigCheck.MAX_WIDTH);
        check.between("perceiver.ffn", perceiver.ffn(), 1, ModelConfigCheck.MAX_WIDTH);
        check.between("perceiver.latents", perceiver.latents(), 1, 1 << 14);
        check.divides("perceiver.heads", perceiver.heads(), "perceiver.inner", perceiver.inner());
    }
}
