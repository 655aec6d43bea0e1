package io.maskroute.job.training;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.routing.AdapterFolder;
import io.maskroute.core.routing.RoutingAdapter;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.training.TrainedModel;
import io.maskroute.core.training.TrainingState;
import io.maskroute.job.results.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;

/**
 * The folder of a training run: the model so far, a routing adapter in {@code routing} if there is one, and in {@code training} what is
 * needed to go on: {@code run.json} (what the run is) and {@code state.safetensors}; and {@code log.jsonl}.
 */
public final class TrainingFolder {
    private static final ObjectMapper LINES = JsonMapper.builder().build();

    private final Path folder;
    private final Path training;
    private final DType dtype;

    /**
     * What a run is: it can only be continued as the same one.
     *
     * @param init the folder it began from
     * @param maskTokens that the model was given, null for as many as it had
     */
    public record Identity(
            TrainOptions options,
            String dataset,
            String init,
            boolean fromScratch,
            Integer maskTokens,
            String routing) {}

    private TrainingFolder(Path folder, DType dtype) {
        this.folder = folder;
        this.training = folder.resolve("training");
        this.dtype = dtype;
    }

    /**
     * @param dtype of the model's weights as they are stored
     * @param fresh whether what is known of an earlier run is thrown away
     * @throws UnusableInputException when the folder holds another run, naming what differs
     */
    public static TrainingFolder open(Path folder, DType dtype, Identity identity, boolean fresh) {
        TrainingFolder opened = new TrainingFolder(folder, dtype);
        try {
            opened.prepare(identity, fresh);
        } catch (IOException e) {
            throw new UnusableInputException(folder + " cannot be written: " + e.getMessage(), e);
        }
        return opened;
    }

    private void prepare(Identity identity, boolean fresh) throws IOException {
        Files.createDirectories(training);
        Path run = training.resolve("run.json");
        if (fresh) {
            for (Path file : new Path[] {run, statePath(), training.resolve("log.jsonl")}) {
                Files.deleteIfExists(file);
            }
        }
        if (Files.exists(run)) {
            Identity found = Json.read(run, Identity.class);
            if (!found.equals(identity)) {
                throw new UnusableInputException(folder + " holds another training run: " + found + " instead of "
                        + identity + "; give the same options to continue it, another --output, or --fresh");
            }
        } else {
            Files.write(run, Json.write(identity));
        }
    }

    private Path statePath() {
        return training.resolve("state.safetensors");
    }

    Optional<TrainingState> state() {
        if (!Files.exists(statePath())) {
            return Optional.empty();
        }
        try (TensorSource source = Safetensors.open(statePath())) {
            return Optional.of(TrainingState.read(source));
        }
    }

    void writeState(TrainingState state) throws IOException {
        state.write(statePath());
    }

    void log(LogLine line) throws IOException {
        Files.writeString(
                training.resolve("log.jsonl"),
                LINES.writeValueAsString(line) + "\n",
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
    }

    /**
     * The model of the averaged weights, and the adapter if there is one.
     *
     * @param averages of whatever was trained, by name
     * @param initial where the other weights come from
     */
    void writeModel(
            ModelConfig model,
            Path tokenizer,
            Map<String, float[]> averages,
            TensorSource initial,
            RoutingAdapter adapter)
            throws IOException {
        TrainedModel.write(folder, model, averages, initial, dtype, Map.of());
        Path copy = folder.resolve("tokenizer.json");
        if (!copy.equals(tokenizer)) {
            Files.copy(tokenizer, copy, StandardCopyOption.REPLACE_EXISTING);
        }
        if (adapter.tensors().isPresent()) {
            AdapterFolder.write(
                    folder.resolve("routing"), adapter.schedule(), model.llm(), averages, Map.of("format", "pt"));
        }
    }
}
