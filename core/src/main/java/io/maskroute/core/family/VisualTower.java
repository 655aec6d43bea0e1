package io.maskroute.core.family;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.torchscript.TorchScope;

/** What makes a picture's visual tokens, with its weights on the device. Threads may share it, each with scopes of its own. */
public interface VisualTower {
    /**
     * Visual tokens of pictures that stand together.
     *
     * @param grid image tokens {@code [B, N, d]}, row by row
     * @param latents {@code [B, M, d]}; null where the family has none
     */
    record Tokens(IValue grid, IValue latents) {
        public Tokens(IValue grid) {
            this(grid, null);
        }
    }

    /**
     * @param maps Swin's res2..res5, {@code [B, C, h, w]} each
     * @param stretched normalised pixels {@code [B, 3, s, s]}; null where the family has no tower for them
     */
    Tokens tokens(TorchScope work, IValue maps, IValue stretched, IValue taps);

    /**
     * Names what {@code trace} shows beside what production computes.
     *
     * @param taps of the whole pass
     * @param latents position of the first of them in the sequence
     */
    default void trace(TorchScope work, IValue taps, int latents) {}
}
