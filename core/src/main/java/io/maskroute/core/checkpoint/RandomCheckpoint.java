package io.maskroute.core.checkpoint;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.RandomTensors;
import io.maskroute.core.safetensors.SafetensorsWriter;
import io.maskroute.core.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** {@link RandomWeights} as a model folder. */
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
        RandomTensors weights = RandomWeights.of(config, seed);
        Map<String, TensorInfo> infos = new LinkedHashMap<>();
        weights.names()
                .forEach(name ->
                        infos.put(name, new TensorInfo(dtype, weights.info(name).shape())));
        Files.createDirectories(folder);
        ModelConfigJson.write(folder.resolve("config.json"), config);
        try (SafetensorsWriter writer = SafetensorsWriter.create(
                folder.resolve("model.safetensors"),
                infos,
                Map.of("format", "pt", "weights", "random numbers, seed " + seed))) {
            float[] chunk = new float[CHUNK];
            for (String name : weights.names()) {
                long elements = weights.info(name).elements();
                for (long start = 0; start < elements; start += CHUNK) {
                    float[] values = elements - start >= CHUNK ? chunk : new float[(int) (elements - start)];
                    weights.elements(name, start, values);
                    writer.writeFloats(name, values);
                }
            }
            writer.finish();
        }
    }
}
