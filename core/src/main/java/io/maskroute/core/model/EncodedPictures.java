package io.maskroute.core.model;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.torchscript.TorchScope;

/**
 * What the vision encoder makes of pictures that stand together, before any prompt is read.
 *
 * @param imageTokens {@code [B, N, d]}
 * @param pixelDecoded what {@link VisionEncoder#pixelDecoder} gives: what {@link MaskDecoder#memory} takes
 */
public record EncodedPictures(IValue imageTokens, IValue pixelDecoded) {
    /** @param pixels what {@link VisionEncoder#normalize} gives */
    public static EncodedPictures of(VisionEncoder vision, TorchScope work, IValue pixels, IValue taps) {
        IValue maps = vision.backbone(work, pixels, taps);
        IValue tokens = vision.imageTokens(work, maps, taps);
        return new EncodedPictures(tokens, vision.pixelDecoder(work, maps, taps));
    }
}
