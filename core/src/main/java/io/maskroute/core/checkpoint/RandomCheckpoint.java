package io.maskroute.core.checkpoint;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.SafetensorsWriter;
import io.maskroute.core.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A checkpoint of seeded random numbers for any configuration: for measuring speed at the published size, for tests, and as
 * the start of training. The scales keep activations near 1 (weights have variance 1 / fan-in), and deformable attention
 * starts by looking around each point in a ring, as Deformable DETR initialises it.
 */
public final class RandomCheckpoint {
    private static final int CHUNK = 1 << 18;

    private RandomCheckpoint() {}

    /**
     * Writes {@code config.json} and {@code model.safetensors}; the tokenizer is the caller's to add.
     *
     * @param folder made when absent
     * @param dtype a floating-point type
     */
    public static void write(Path folder, ModelConfig config, DType dtype, long seed) throws IOException {
        if (!dtype.isFloating()) {
            throw new IllegalArgumentException(dtype + " holds no fractions");
        }
        List<Parameter> parameters =
                StateDict.expected(config).stream().filter(Parameter::required).toList();
        Map<String, TensorInfo> infos = new LinkedHashMap<>();
        parameters.forEach(
                p -> infos.put(p.key(), new TensorInfo(dtype, p.info().shape())));
        Files.createDirectories(folder);
        ModelConfigJson.write(folder.resolve("config.json"), config);
        try (SafetensorsWriter writer = SafetensorsWriter.create(
                folder.resolve("model.safetensors"),
                infos,
                Map.of("format", "pt", "weights", "random numbers, seed " + seed))) {
            float[] chunk = new float[CHUNK];
            for (Parameter parameter : parameters) {
                fill(writer, parameter, config, seed, chunk);
            }
            writer.finish();
        }
    }

    private static void fill(
            SafetensorsWriter writer, Parameter parameter, ModelConfig config, long seed, float[] chunk)
            throws IOException {
        if (parameter.role() == Parameter.Role.SAMPLING_OFFSETS) {
            writer.writeFloats(parameter.key(), ring(config.pixelDecoder()));
            return;
        }
        Uniform random = new Uniform(seed ^ parameter.key().hashCode() * 0x9E3779B97F4A7C15L);
        double centre =
                switch (parameter.role()) {
                    case NORM_SCALE, RUNNING_VAR -> 1;
                    default -> 0;
                };
        float width = (float) (deviation(parameter) * Math.sqrt(3));
        for (long left = parameter.info().elements(); left > 0; ) {
            float[] values = left >= chunk.length ? chunk : new float[(int) left];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) centre + (width == 0 ? 0 : width * random.next());
            }
            writer.writeFloats(parameter.key(), values);
            left -= values.length;
        }
    }

    /** Standard deviation of a tensor's numbers around their centre. */
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
    static float[] ring(ModelConfig.PixelDecoder decoder) {
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

    /** SplitMix64 (Steele, Lea, Flood 2014), written out because the numbers must never change with the Java version. */
    private static final class Uniform {
        private long state;

        Uniform(long seed) {
            state = seed;
        }

        /** In [-1, 1). */
        float next() {
            state += 0x9E3779B97F4A7C15L;
            long z = state;
            z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
            z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
            z ^= z >>> 31;
            return (z >> 40) * 0x1p-23f;
        }
    }
}
