package io.maskroute.core.checkpoint;

import io.maskroute.core.config.JsonFields;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.safetensors.CastTensors;
import io.maskroute.core.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;

/**
 * A model folder in Hugging Face's layout: {@code config.json}, a tokenizer ({@code tokenizer.json}, or {@code
 * vocab.json} and {@code merges.txt}) and weights as {@code *.safetensors} or {@code pytorch_model*.bin}, in one file or in shards.
 *
 * @param path the folder
 * @param rounding what the stored weights are rounded to before anything reads them
 * @param notes what a user should know of the folder, though it can be used
 */
public record ModelFolder(
        Path path, ModelConfig config, TokenizerJson tokenizer, WeightsRounding rounding, List<String> notes) {
    static final String CONFIG = "config.json";
    private static final String CONTENTS = CONFIG + ", a tokenizer (" + TokenizerJson.NEEDED + ") and weights";

    /**
     * Reads the configuration and the tokenizer and checks that everything is in place; of the weights, names and shapes are read.
     *
     * @throws UnusableInputException naming the file that is missing or wrong and what to do
     */
    public static ModelFolder open(Path path) {
        requireFolder(path);
        JsonFields json = JsonFields.read(part(path, CONFIG));
        TokenizerJson tokenizer = TokenizerJson.open(path);
        WeightSizes sizes;
        try (TensorSource weights = WeightFiles.find(path).open()) {
            sizes = WeightSizes.of(weights);
        }
        ModelConfig config = ModelConfigJson.read(json, Optional.of(sizes));
        return new ModelFolder(path, config, tokenizer, WeightsRounding.NONE, notes(json, config));
    }

    static void requireFolder(Path path) {
        boolean folder;
        try {
            folder = Files.readAttributes(path, BasicFileAttributes.class).isDirectory();
        } catch (NoSuchFileException e) {
            throw new UnusableInputException(path + " does not exist; a model is a folder with " + CONTENTS, e);
        } catch (IOException e) {
            throw new UnusableInputException("model folder " + path + " cannot be read: " + Reason.of(e), e);
        }
        if (!folder) {
            throw new UnusableInputException(path + " is a file; a model is a folder with " + CONTENTS);
        }
        if (!Files.isReadable(path) || !Files.isExecutable(path)) {
            throw new UnusableInputException("model folder " + path + " cannot be read: permission denied");
        }
    }

    /** The same folder with its weights rounded: another model, with a fingerprint of its own. */
    public ModelFolder withRounding(WeightsRounding other) {
        return new ModelFolder(path, config, tokenizer, other, notes);
    }

    static List<String> notes(JsonFields json, ModelConfig config) {
        int said = json.integer("vocab_size", config.llm().vocab());
        return said == config.llm().vocab()
                ? List.of()
                : List.of(json.where() + " says vocab_size " + said + ", the table of embeddings has "
                        + config.llm().vocab() + " rows: the table counts");
    }

    /** Of the names in a model folder, those that may be read: its JSON files, the tokenizer's merges, and weights of the kind that is preferred. */
    public static List<String> filesToRead(List<String> names) {
        boolean safetensors = names.stream().anyMatch(name -> name.endsWith(".safetensors"));
        return names.stream()
                .filter(name -> name.endsWith(".json")
                        || name.equals(VocabAndMerges.MERGES)
                        || name.endsWith(safetensors ? ".safetensors" : ".bin"))
                .toList();
    }

    static Path part(Path folder, String name) {
        Path file = folder.resolve(name);
        if (!Files.isRegularFile(file)) {
            throw new UnusableInputException("model folder " + folder + " has no " + name
                    + ForeignFiles.unfinished(file)
                            .map(half -> " (" + half.getFileName() + " is an unfinished download)")
                            .orElse("")
                    + "; it needs " + CONTENTS);
        }
        ForeignFiles.refuse(file);
        return file;
    }

    /**
     * Opens the weights under PSALM's keys, rounded as asked. Checkpoints with split attention projections are shown fused.
     *
     * @throws UnusableInputException when a file is missing or damaged; what the files hold is checked by {@link
     *     WeightCoverage}
     */
    public TensorSource openWeights() {
        TensorSource fused = FusedAttention.over(WeightFiles.find(path).open(), config);
        return rounding.dtype()
                .<TensorSource>map(dtype -> CastTensors.of(fused, dtype))
                .orElse(fused);
    }

    /** How what the files hold matches the configuration; reads names and shapes alone. */
    public WeightCoverage coverage() {
        try (TensorSource weights = openWeights()) {
            return WeightCoverage.of(StateDict.expected(config), weights);
        }
    }

    /**
     * Opens what the model reads of its weights, see {@link #openWeights()}.
     *
     * @param allowPartial lets weights pass that do not match the configuration; what does not is zero
     * @throws UnusableInputException as {@link WeightCoverage#require}
     */
    public TensorSource openWeights(boolean allowPartial) {
        TensorSource weights = openWeights();
        try {
            List<Parameter> expected = StateDict.expected(config);
            WeightCoverage coverage = WeightCoverage.of(expected, weights);
            coverage.require(allowPartial);
            return new MatchedWeights(weights, coverage, expected);
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }
}
