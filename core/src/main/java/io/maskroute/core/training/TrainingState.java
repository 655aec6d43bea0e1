package io.maskroute.core.training;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.SafetensorsWriter;
import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What training needs to go on.
 *
 * @param steps taken so far
 * @param rows of the data that were used for them, which is for whoever feeds the trainer
 * @param values per weight its own numbers, AdamW's two moments and its moving average, under the prefixes {@code weight/},
 *     {@code first/}, {@code second/} and {@code average/}
 */
public record TrainingState(long steps, long rows, Map<String, float[]> values) {
    static final String WEIGHT = "weight/";
    static final String FIRST = "first/";
    static final String SECOND = "second/";
    static final String AVERAGE = "average/";

    private static final String POSITION = "steps and rows";

    /** The averaged weights by name: the trained model, or those of its tensors that were trained. */
    public Map<String, float[]> averages() {
        Map<String, float[]> averages = new LinkedHashMap<>();
        values.forEach((name, numbers) -> {
            if (name.startsWith(AVERAGE)) {
                averages.put(name.substring(AVERAGE.length()), numbers);
            }
        });
        return averages;
    }

    float[] require(String name, long[] shape) {
        float[] numbers = values.get(name);
        long elements = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        if (numbers == null || numbers.length != elements) {
            throw new UnusableInputException("the training state has "
                    + (numbers == null
                            ? "no " + name
                            : numbers.length + " numbers for " + name + " instead of " + elements)
                    + "; it belongs to another model");
        }
        return numbers;
    }

    /** Writes the state as one safetensors file of flat fp32 tensors, which replaces an older one when it is complete. */
    public void write(Path file) throws IOException {
        Map<String, TensorInfo> infos = new LinkedHashMap<>();
        values.forEach((name, numbers) -> infos.put(name, TensorInfo.of(DType.F32, numbers.length)));
        infos.put(POSITION, TensorInfo.of(DType.I64, 2));
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, infos, Map.of())) {
            for (Map.Entry<String, float[]> entry : values.entrySet()) {
                writer.writeFloats(entry.getKey(), entry.getValue());
            }
            writer.writeLongs(POSITION, new long[] {steps, rows});
            writer.finish();
        }
    }

    /** @throws UnusableInputException when the file is no training state */
    public static TrainingState read(TensorSource source) {
        Map<String, float[]> values = new LinkedHashMap<>();
        for (String name : source.names()) {
            if (!name.equals(POSITION)) {
                values.put(name, source.floats(name));
            }
        }
        long[] position = source.longs(POSITION);
        return new TrainingState(position[0], position[1], values);
    }
}
