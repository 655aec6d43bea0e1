package io.maskroute.job.training;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.maskroute.core.checkpoint.TokenizerJson;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.core.routing.AdapterFolder;
import io.maskroute.core.routing.RoutingAdapter;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.training.TrainedModel;
import io.maskroute.core.training.TrainingState;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.storage.Json;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The folder of a training run: the model so far, a routing adapter in {@code routing} if there is one, and in {@code training} what is
 * needed to go on: {@code run.json} (what the run is) and {@code state.safetensors}; and {@code log.jsonl}.
 */
public final class TrainingFolder {
    private static final ObjectMapper LINES = JsonMapper.builder().build();
    private static final String ROUTING = "routing";

    private final Path folder;
    private final Path training;
    private final DType dtype;

    /**
     * What a run is: it can only be continued as the same one.
     *
     * @param orientation of the pictures; runs of before it was recorded kept them as stored
     * @param init the folder it began from
     * @param maskTokens that the model was given, null for as many as it had
     */
    public record Identity(
            TrainOptions options,
            String dataset,
            ExifOrientation orientation,
            String init,
            boolean fromScratch,
            Integer maskTokens,
            String routing) {
        public Identity {
            orientation = orientation == null ? ExifOrientation.STORED : orientation;
        }
    }

    private TrainingFolder(Path folder, DType dtype) {
        this.folder = folder;
        this.training = folder.resolve("training");
        this.dtype = dtype;
    }

    /**
     * @param dtype of the model's weights as they are stored
     * @param fresh whether what an earlier run left is thrown away: what it needs to go on, its model and its adapter
     * @throws UnusableInputException when the folder holds another run, naming what differs, or what this one begins from
     */
    public static TrainingFolder open(Path folder, DType dtype, Identity identity, boolean fresh) {
        TrainingFolder opened = new TrainingFolder(folder, dtype);
        try {
            opened.requireInputsElsewhere(identity, fresh);
            opened.prepare(identity, fresh);
        } catch (IOException e) {
            throw new UnusableInputException(folder + " cannot be written: " + Reason.of(e), e);
        }
        return opened;
    }

    private void requireInputsElsewhere(Identity identity, boolean fresh) throws IOException {
        if (isSame(Path.of(identity.init()), folder)) {
            throw new UnusableInputException(folder
                    + " is the folder of --init, whose model the trained one would replace; give another --output");
        }
        if (fresh && !identity.routing().equals(ModelOptions.DENSE)) {
            Path routing = Path.of(identity.routing());
            Path adapter = folder.resolve(ROUTING);
            if (isSame(routing, adapter) || isSame(routing, adapter.resolve(RoutingAdapter.SCHEDULE_FILE))) {
                throw new UnusableInputException("--fresh would remove the adapter of --routing, " + routing
                        + ", with what else a run left in " + folder + "; give another --output, or move the adapter");
            }
        }
    }

    private static boolean isSame(Path one, Path other) throws IOException {
        return Files.exists(one) && Files.exists(other) && Files.isSameFile(one, other);
    }

    private void prepare(Identity identity, boolean fresh) throws IOException {
        Files.createDirectories(training);
        Path run = training.resolve("run.json");
        if (fresh) {
            removeAdapter();
            // What the run was goes last: without it, a state that is left would be taken for the next run's.
            for (Path file : List.of(
                    folder.resolve("model.safetensors"),
                    folder.resolve("config.json"),
                    training.resolve("log.jsonl"),
                    statePath(),
                    run)) {
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

    private void removeAdapter() throws IOException {
        Path adapter = folder.resolve(ROUTING);
        if (!Files.isDirectory(adapter)) {
            return;
        }
        Files.deleteIfExists(adapter.resolve(RoutingAdapter.SCHEDULE_FILE));
        Files.deleteIfExists(adapter.resolve(RoutingAdapter.TENSORS_FILE));
        try {
            Files.delete(adapter);
        } catch (DirectoryNotEmptyException e) {
            // Somebody else's files are in it.
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
            TokenizerJson tokenizer,
            Map<String, float[]> averages,
            TensorSource initial,
            RoutingAdapter adapter)
            throws IOException {
        TrainedModel.write(folder, model, averages, initial, dtype, Map.of());
        // In one file, from whichever it comes. A link to another folder's is replaced, not followed.
        Files.copy(
                new ByteArrayInputStream(tokenizer.json()),
                folder.resolve(TokenizerJson.FILE),
                StandardCopyOption.REPLACE_EXISTING);
        if (adapter.tensors().isPresent()) {
            AdapterFolder.write(
                    folder.resolve(ROUTING), adapter.schedule(), model.llm(), averages, Map.of("format", "pt"));
        }
    }
}
