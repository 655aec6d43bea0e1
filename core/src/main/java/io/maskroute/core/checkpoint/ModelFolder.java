package io.maskroute.core.checkpoint;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.safetensors.TensorSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A model folder in Hugging Face's layout: {@code config.json}, {@code tokenizer.json} and weights as {@code *.safetensors} or
 * {@code pytorch_model*.bin}, in one file or in shards.
 *
 * @param path the folder
 * @param tokenizer the tokenizer's file
 */
public record ModelFolder(Path path, ModelConfig config, Path tokenizer) {
    /**
     * Reads the configuration and checks that everything is in place, without opening the weights.
     *
     * @throws UnusableInputException naming the file that is missing or wrong and what to do
     */
    public static ModelFolder open(Path path) {
        if (!Files.isDirectory(path)) {
            throw new UnusableInputException(path
                    + (Files.exists(path) ? " is a file" : " does not exist")
                    + "; a model is a folder with config.json, tokenizer.json and weights");
        }
        ModelConfig config = ModelConfigJson.read(part(path, "config.json"));
        Path tokenizer = part(path, "tokenizer.json");
        WeightFiles.find(path);
        return new ModelFolder(path, config, tokenizer);
    }

    /** Of the names in a model folder, those that may be read: its JSON files, and weights of the kind that is preferred. */
    public static List<String> filesToRead(List<String> names) {
        boolean safetensors = names.stream().anyMatch(name -> name.endsWith(".safetensors"));
        return names.stream()
                .filter(name -> name.endsWith(".json") || name.endsWith(safetensors ? ".safetensors" : ".bin"))
                .toList();
    }

    private static Path part(Path folder, String name) {
        Path file = folder.resolve(name);
        if (!Files.isRegularFile(file)) {
            throw new UnusableInputException("model folder " + folder + " has no " + name
                    + "; it needs config.json, tokenizer.json and weights");
        }
        return file;
    }

    /**
     * Opens the weights under PSALM's keys. Checkpoints with split attention projections are shown fused.
     *
     * @throws UnusableInputException when a file is missing or damaged; what the files hold is checked by {@link
     *     WeightCoverage}
     */
    public TensorSource openWeights() {
        return FusedAttention.over(WeightFiles.find(path).open(), config.llm());
    }

    /** Opens the weights and requires that they match the configuration, see {@link WeightCoverage#require}. */
    public TensorSource openWeights(boolean allowPartial) {
        TensorSource weights = openWeights();
        try {
            WeightCoverage.of(StateDict.expected(config), weights).require(allowPartial);
            return weights;
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }
}
