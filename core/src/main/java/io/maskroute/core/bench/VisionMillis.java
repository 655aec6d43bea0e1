package io.maskroute.core.bench;

/**
 * What one picture's vision work takes, stage by stage.
 *
 * @param backbone Swin with the normalisation of the pixels
 * @param projector from the Swin map to image tokens
 * @param pixelDecoder all of it, {@code pixelEncoder} included
 * @param pixelEncoder its deformable layers, measured apart
 * @param sampling the weighted samples of all those layers, from one of them measured apart at random points
 * @param decoderMemory the mask decoder's keys and values
 */
public record VisionMillis(
        double backbone,
        double projector,
        double pixelDecoder,
        double pixelEncoder,
        double sampling,
        double decoderMemory) {}
