package io.maskroute.core.flops;

/**
 * Floating-point operations of one picture before any prompt.
 *
 * @param backbone Swin
 * @param projector from the Swin map to image tokens
 * @param pixelEncoder the pixel decoder's deformable layers
 * @param pixelConvolutions the pixel decoder's convolutions
 */
public record VisionFlops(long backbone, long projector, long pixelEncoder, long pixelConvolutions) {
    public long total() {
        return backbone + projector + pixelEncoder + pixelConvolutions;
    }
}
