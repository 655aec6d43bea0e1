package io.maskroute.core.checkpoint;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.safetensors.RandomTensors;
import java.util.Arrays;
import java.util.List;

/**
 * Seeded random weights for any configuration: for measuring speed at the published size, for tests, and as the start of
 * training. The scales keep activations near 1 (weights have variance 1 / fan-in), and deformable attention starts by looking
 * around each point in a ring, as Deformable DETR initialises it.
 */
public final class RandomWeights {
    /**
     * What training begins with of the weights that end Swin's blocks and the LLM's FFNs. The LLM's attention is left alone: through it
     * mask tokens come to know the prompt, and at a fifth they did not within 1,150 steps.
     */
    private static final double BRANCH = 0.2;

    private static final List<String> BRANCH_ENDS = List.of(".attn.proj.weight", ".mlp.fc2.weight");

    /** Mask tokens begin small, so that what attention brings them counts. */
    private static final double MASK_TOKENS = 0.3;

    /** Attention logit of a token for itself in the heads that begin by looking at what is near, see {@link #near}. */
    private static final double NEAR = 11;

    private RandomWeights() {}

    /** Every tensor that the model reads, made when it is read; the same numbers as {@link RandomCheckpoint} writes. */
    public static RandomTensors of(ModelConfig config, long seed) {
        return build(config, seed, false);
    }

    /**
     * The start of training: as {@link #of}, but Swin's blocks and the LLM's FFNs add little to what they read, so that gradients and
     * words come through the whole depth, and half of the LLM's heads look at what is near.
     */
    public static RandomTensors forTraining(ModelConfig config, long seed) {
        return build(config, seed, true);
    }

    private static RandomTensors build(ModelConfig config, long seed, boolean training) {
        RandomTensors.Builder weights = RandomTensors.builder("random weights, seed " + seed, seed);
        for (Parameter parameter : StateDict.expected(config)) {
            if (parameter.required()) {
                if (training && parameter.key().endsWith(".self_attn.query_key_value.bias")) {
                    weights.given(parameter.key(), parameter.info().shape(), near(config.llm()));
                } else {
                    add(weights, parameter, config, seed, training);
                }
            }
        }
        return weights.build();
    }

    private static void add(
            RandomTensors.Builder weights, Parameter parameter, ModelConfig config, long seed, boolean training) {
        long[] shape = parameter.info().shape();
        switch (parameter.role()) {
            case SAMPLING_OFFSETS -> weights.given(parameter.key(), shape, ring(config.pixelDecoder()));
            case PLACE -> weights.given(parameter.key(), shape, Places.of((int) shape[1], (int) shape[2], seed));
            case NORM_SCALE, RUNNING_VAR -> weights.uniform(parameter.key(), shape, 1, 0);
            default -> weights.uniform(parameter.key(), shape, 0, deviation(parameter, training));
        }
    }

    private static double deviation(Parameter parameter, boolean training) {
        return switch (parameter.role()) {
            case WEIGHT -> {
                long[] shape = parameter.info().shape();
                double fanIn = (double) parameter.info().elements() / shape[0];
                // Offsets are in pixels of a level: a weight of full size would scatter the ring.
                double gain = parameter.key().endsWith("sampling_offsets.weight") ? 0.1 : 1;
                if (training && BRANCH_ENDS.stream().anyMatch(parameter.key()::endsWith)) {
                    gain = BRANCH;
                }
                yield gain / Math.sqrt(fanIn);
            }
            case BIAS, POSITION_BIAS -> 0.02;
            case EMBEDDING -> training && parameter.key().equals("seg_query") ? MASK_TOKENS : 1;
            default -> 0;
        };
    }

    /**
     * The first half of the heads have the same query and key on the rotated channels, so that the logit of two tokens falls with the
     * distance of their positions: a prompt's few words are not lost among the image tokens.
     *
     * @return [heads, (q, k, v), channels]
     */
    private static float[] near(ModelConfig.Llm llm) {
        float[] bias = new float[3 * llm.hidden()];
        float value = (float) Math.sqrt(NEAR * Math.sqrt(llm.headDim()) / llm.rotaryDim());
        for (int head = 0; head < llm.heads() / 2; head++) {
            for (int part = 0; part < 2; part++) {
                int start = (3 * head + part) * llm.headDim();
                Arrays.fill(bias, start, start + llm.rotaryDim(), value);
            }
        }
        return bias;
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
