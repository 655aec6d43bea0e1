package io.maskroute.core.family.psalm;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.config.ModelConfigCheck;
import io.maskroute.core.config.VisualTokens;

/**
 * Turns a Swin map into image tokens.
 *
 * @param stage the Swin map it reads: 2 for res2 (stride 4) … 5 for res5 (stride 32)
 * @param planes inner channels of {@code swin_conv}; unused by the other kinds
 */
public record VisionProjector(Kind kind, int stage, int planes) implements VisualTokens {
    public enum Kind {
        /** A residual 3x3 block of stride 2, then a linear layer (PSALM). */
        SWIN_CONV,
        /** One linear layer per position. */
        LINEAR,
        /** Linear, GELU, linear per position. */
        MLP
    }

    @Override
    public String family() {
        return Psalm.NAME;
    }

    @Override
    public int gridSide(ModelConfig config) {
        int side = config.mapSide(stage);
        return kind == Kind.SWIN_CONV ? (side + 1) / 2 : side;
    }

    @Override
    public void check(ModelConfigCheck check, ModelConfig config) {
        check.between("vision_projector.stage", stage, 2, 5);
        if (kind == Kind.SWIN_CONV) {
            check.between("vision_projector.planes", planes, 1, ModelConfigCheck.MAX_WIDTH);
        }
    }
}
