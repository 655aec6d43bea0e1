package io.maskroute.core.model;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.family.VisualTower;
import io.maskroute.core.torchscript.TorchScope;

/**
 * What the vision encoder makes of pictures that stand together, before any prompt is read.
 *
 * @param tokens visual tokens of the LLM
 * @param pixelDecoded what {@link VisionEncoder#pixelDecoder} gives: what {@link MaskDecoder#memory} takes
 */
public record EncodedPictures(VisualTower.Tokens tokens, IValue pixelDecoded) {
    /** @param pixels what {@link VisionEncoder#normalize} gives */
    public static EncodedPictures of(VisionEncoder vision, TorchScope work, VisionEncoder.Pixels pixels, IValue taps) {
        IValue maps = vision.backbone(work, pixels.square(), taps);
        VisualTower.Tokens tokens = vision.tokens(work, maps, pixels, taps);
        return new EncodedPictures(tokens, vision.pixelDecoder(work, maps, taps));
    }

    /** The grid of image tokens, {@code [B, N, d]}. */
    public IValue imageTokens() {
        return tokens.grid();
    }
}
