package io.maskroute.core.checkpoint;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.safetensors.RandomTensors;

/**
 * Seeded random weights for any configuration: for measuring speed at the published size, for tests, and as the start of
 * training. The scales keep activations near 1 (weights have variance 1 / fan-in), and deformable attention starts by looking
 * around each point in a ring, as Deformable DETR initialises it.
 */
public final class RandomWeights {
    private RandomWeights() {}

    /** Every tensor that the model reads, made when it is read; the same numbers as {@link RandomCheckpoint} writes. */
    public static RandomTensors of(ModelConfig config, long seed) {
        RandomTensors.Builder weights = RandomTensors.builder("random weights, seed " + seed, seed);
        for (Parameter parameter : StateDict.expected(config)) {
            if (parameter.required()) {
                add(weights, parameter, config);
            }
        }
        return weights.build();
    }

    private static void add(RandomTensors.Builder weights, Parameter parameter, ModelConfig config) {
        long[] shape = parameter.info().shape();
        switch (parameter.role()) {
            case SAMPLING_OFFSETS -> weights.given(parameter.key(), shape, ring(config.pixelDecoder()));
            case NORM_SCALE, RUNNING_VAR -> weights.uniform(parameter.key(), shape, 1, 0);
            default -> weights.uniform(parameter.key(), shape, 0, deviation(parameter));
        }
    }

    private static double deviation(Parameter parameter) {
        return switch (parameter.role()) {
            case WEIGHT -> {
                long[] shape = parameter.info().shape();
                double fanIn = (double) parameter.info().elements() / shape[0];
                // Offsets are in pixels of a level: a weight of full size would scatter the ring.
                double gain = parameter.key().endsWith("sampling_offsets.weight") ? 0.1 : 1;
                yield gain / Math.sqrt(fanIn);
            }
            case BIAS, POSITION_BIAS -> 0.02;
            case EMBEDDING -> 1;
            default -> 0;
        };
    }

    /**
     * Head h looks in direction 2 pi h / heads (on a square, so that axes and diagonals reach equally far), point p goes p + 1
     * steps; the same on each of the three levels.
     *
     * @return [heads, 3, points, (x, y)]
     */
    private static float[] ring(ModelConfig.PixelDecoder decoder) {
        float[] offsets = new float[decoder.heads() * 3 * decoder.points() * 2];
        int at = 0;
        for (int head = 0; head < decoder.heads(); head++) {
            double angle = 2 * Math.PI * head / decoder.heads();
            double reach = Math.max(Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle)));
            for (int level = 0; level < 3; level++) {
                for (int point = 1; point <= decoder.points(); point++) {
                    offsets[at++] = (float) (Math.cos(angle) / reach * point);
                    offsets[at++] = (float) (Math.sin(angle) / reach * point);
                }
            }
        }
        return offsets;
    }
}
