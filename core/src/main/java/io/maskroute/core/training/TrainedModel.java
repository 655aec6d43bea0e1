package io.maskroute.core.training;

import io.maskroute.core.checkpoint.ModelConfigJson;
import io.maskroute.core.checkpoint.Parameter;
import io.maskroute.core.checkpoint.StateDict;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.SafetensorsWriter;
import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes what training made. */
public final class TrainedModel {
    private TrainedModel() {}

    /**
     * A model folder without its tokenizer: {@code config.json} and {@code model.safetensors} with every weight the model
     * reads.
     *
     * @param trained weights by name
     * @param untrained where the others come from, such as the heads of tasks that were not trained
     * @param dtype that the weights are rounded to
     * @param metadata for the file's header
     */
    public static void write(
            Path folder,
            ModelConfig config,
            Map<String, float[]> trained,
            TensorSource untrained,
            DType dtype,
            Map<String, String> metadata)
            throws IOException {
        Files.createDirectories(folder);
        ModelConfigJson.write(folder.resolve("config.json"), config);
        Map<String, TensorInfo> infos = new LinkedHashMap<>();
        for (Parameter parameter : StateDict.expected(config)) {
            if (parameter.required()) {
                infos.put(
                        parameter.key(), new TensorInfo(dtype, parameter.info().shape()));
            }
        }
        Map<String, String> header = new LinkedHashMap<>(metadata);
        header.put("format", "pt");
        try (SafetensorsWriter writer = SafetensorsWriter.create(folder.resolve("model.safetensors"), infos, header)) {
            for (String name : infos.keySet()) {
                float[] values = trained.get(name);
                writer.writeFloats(name, values == null ? untrained.floats(name) : values);
            }
            writer.finish();
        }
    }
}
