package io.maskroute.core.checkpoint;

import io.maskroute.core.config.JsonFields;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.TensorSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * What a model folder holds, found out as far as it goes: where {@link ModelFolder#open} ends at the first thing that is wrong,
 * this lists them all. Reads names and shapes of tensors, and none of their numbers.
 *
 * @param files of weights, those that would be read
 * @param config empty when {@code config.json} cannot be used
 * @param coverage how the weights match it; empty without either
 * @param dtypes of the floating-point tensors that the model reads
 * @param splitAttention whether queries, keys and values are stored apart; empty where there are none
 * @param tokenizer empty when there is none that can be used
 * @param notes what a user should know though it does not keep the folder from being used
 * @param problems what keeps it from being used, one line each; none, and every command takes it
 */
public record FolderContents(
        List<Path> files,
        Optional<ModelConfig> config,
        Optional<WeightCoverage> coverage,
        Set<DType> dtypes,
        Optional<Boolean> splitAttention,
        Optional<TokenizerJson> tokenizer,
        List<String> notes,
        List<String> problems) {

    /** @throws UnusableInputException when there is no such folder; whatever is wrong inside it is a problem */
    public static FolderContents of(Path folder) {
        ModelFolder.requireFolder(folder);
        return new Reading(folder).contents();
    }

    /** One look, part by part. */
    private static final class Reading {
        private final Path folder;
        private final List<String> notes = new ArrayList<>();
        private final List<String> problems = new ArrayList<>();

        Reading(Path folder) {
            this.folder = folder;
        }

        FolderContents contents() {
            Optional<JsonFields> json = attempt(() -> JsonFields.read(ModelFolder.part(folder, ModelFolder.CONFIG)));
            Optional<WeightFiles> files = attempt(() -> WeightFiles.find(folder));
            Optional<TokenizerJson> tokenizer = attempt(() -> TokenizerJson.open(folder));
            Optional<TensorSource> weights = files.flatMap(found -> attempt(found::open));
            try {
                Optional<WeightSizes> sizes = weights.map(WeightSizes::of);
                Optional<ModelConfig> config = json.flatMap(read -> attempt(() -> ModelConfigJson.read(read, sizes)));
                config.ifPresent(found -> notes.addAll(ModelFolder.notes(json.get(), found)));
                Optional<WeightCoverage> coverage = Optional.empty();
                if (config.isPresent() && weights.isPresent()) {
                    coverage = Optional.of(WeightCoverage.of(
                            StateDict.expected(config.get()), FusedAttention.over(weights.get(), config.get())));
                    coverage.filter(found -> !found.complete())
                            .ifPresent(found -> problems.add(
                                    "the weights do not fit config.json: " + String.join("; ", found.mismatches())));
                }
                if (config.isPresent() && tokenizer.isPresent()) {
                    attempt(() -> {
                        tokenizer.get().requireOf(config.get().specialTokens());
                        return tokenizer;
                    });
                }
                return new FolderContents(
                        files.map(WeightFiles::files).orElse(List.of()),
                        config,
                        coverage,
                        dtypes(weights, coverage),
                        weights.flatMap(Reading::splitAttention),
                        tokenizer,
                        List.copyOf(notes),
                        List.copyOf(problems));
            } finally {
                weights.ifPresent(TensorSource::close);
            }
        }

        private <T> Optional<T> attempt(Supplier<T> part) {
            try {
                return Optional.of(part.get());
            } catch (UnusableInputException e) {
                problems.add(e.getMessage());
                return Optional.empty();
            }
        }

        private static Set<DType> dtypes(Optional<TensorSource> weights, Optional<WeightCoverage> coverage) {
            Set<DType> found = EnumSet.noneOf(DType.class);
            coverage.ifPresent(covered -> covered.matched().stream()
                    .filter(weights.get().names()::contains)
                    .map(key -> weights.get().info(key).dtype())
                    .filter(DType::isFloating)
                    .forEach(found::add));
            return found;
        }

        private static Optional<Boolean> splitAttention(TensorSource weights) {
            if (weights.names().stream().anyMatch(name -> name.endsWith(".self_attn.query_key_value.weight"))) {
                return Optional.of(false);
            }
            return weights.names().stream().anyMatch(name -> name.endsWith(".self_attn.q_proj.weight"))
                    ? Optional.of(true)
                    : Optional.empty();
        }
    }

    /** Whether every command would take it. */
    public boolean usable() {
        return problems.isEmpty();
    }

    /** Sum of the sizes of {@link #files}, in bytes. */
    public long bytes() {
        return files.stream().mapToLong(FolderContents::size).sum();
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (java.io.IOException e) {
            throw new UnusableInputException(file + " cannot be read: " + Reason.of(e), e);
        }
    }
}
