package io.maskroute.core.model;

import io.maskroute.core.checkpoint.RandomCheckpoint;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.config.VisualTokens;
import io.maskroute.core.family.psalm.Psalm;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.safetensors.SafetensorsWriter;
import io.maskroute.core.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes small model folders with seeded random weights. */
public final class TinyModel {
    private TinyModel() {}

    public static ModelConfig config(VisualTokens projector) {
        ModelConfig psalm = Psalm.published();
        return new ModelConfig(
                new ModelConfig.Image(
                        128,
                        psalm.image().mean(),
                        psalm.image().std(),
                        psalm.image().padValue()),
                new ModelConfig.Swin(8, List.of(2, 1, 2, 1), List.of(1, 2, 4, 8), 6, 4, 4, 1e-5),
                projector,
                new ModelConfig.Llm(64, 128, 4, 4, 8, 2048, 1e-5, 10000.0, 512),
                new ModelConfig.PixelDecoder(32, 32, 4, 2, 64, 4),
                new ModelConfig.MaskDecoder(32, 4, 3, 64, 6),
                new ModelConfig.SpecialTokens(2047, 2045, 2046));
    }

    /** The same with absolute positions. */
    public static ModelConfig placed(ModelConfig config) {
        ModelConfig.Swin swin = config.swin();
        return new ModelConfig(
                config.image(),
                new ModelConfig.Swin(
                        swin.embedDim(),
                        swin.depths(),
                        swin.heads(),
                        swin.window(),
                        swin.mlpRatio(),
                        swin.patch(),
                        swin.layerNormEps(),
                        true),
                config.visualTokens(),
                config.llm(),
                config.pixelDecoder(),
                config.maskDecoder(),
                config.specialTokens());
    }

    static Path write(Path folder, ModelConfig config, Path tokenizer) throws IOException {
        RandomCheckpoint.write(folder, config, DType.F32, 7);
        Files.copy(tokenizer, folder.resolve("tokenizer.json"));
        return folder;
    }

    /** Changes one number of a tensor of {@link #write}. */
    public static void overwrite(Path folder, String name, int element, float value) throws IOException {
        Path file = folder.resolve("model.safetensors");
        try (Safetensors found = Safetensors.open(file)) {
            Map<String, TensorInfo> infos = new LinkedHashMap<>();
            found.names().forEach(each -> infos.put(each, found.info(each)));
            try (SafetensorsWriter writer = SafetensorsWriter.create(file, infos, Map.of())) {
                for (String each : found.names()) {
                    float[] numbers = found.floats(each);
                    if (each.equals(name)) {
                        numbers[element] = value;
                    }
                    writer.writeFloats(each, numbers);
                }
                writer.finish();
            }
        }
    }
}
