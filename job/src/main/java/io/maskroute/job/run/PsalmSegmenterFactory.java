package io.maskroute.job.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.checkpoint.Fingerprint;
import io.maskroute.core.checkpoint.ModelFolder;
import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.model.PsalmSegmenter;
import io.maskroute.core.routing.RoutingAdapter;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.segmenter.Segmenter;
import io.maskroute.job.config.ModelOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** PSALM-shaped models from folders of this machine. */
public final class PsalmSegmenterFactory implements SegmenterFactory {
    /** Beside the weights: what a reader must know of the model. */
    private static final String MODEL_CARD = "model_card.json";

    private static final ObjectMapper JSON = new ObjectMapper();

    @Override
    public ModelSummary inspect(ModelOptions options) {
        ModelFolder folder = ModelFolder.open(path(options.path())).withRounding(options.weightsRounding());
        List<String> unknown = folder.coverage().unknown();
        String fingerprint;
        try (TensorSource weights = folder.openWeights(options.allowPartial())) {
            fingerprint = Fingerprint.of(folder, weights);
        }
        try (RoutingAdapter adapter = routing(options)
                .map(routing -> RoutingAdapter.open(routing, folder.config()))
                .orElseGet(RoutingAdapter::dense)) {
            return new ModelSummary(
                    fingerprint,
                    adapter.fingerprint(),
                    options.minScore() == null ? folder.config().minScore() : options.minScore(),
                    hasRandomWeights(folder.path().resolve(MODEL_CARD)),
                    unknown,
                    folder.notes());
        }
    }

    @Override
    public Segmenter open(ModelOptions options) {
        return PsalmSegmenter.open(
                path(options.path()),
                options.segmenter().setRouting(routing(options).orElse(null)).build());
    }

    private static Optional<Path> routing(ModelOptions options) {
        return options.routing().equals(ModelOptions.DENSE) ? Optional.empty() : Optional.of(path(options.routing()));
    }

    private static Path path(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new UnusableInputException("'" + text + "' is not a path: " + e.getReason(), e);
        }
    }

    private static boolean hasRandomWeights(Path card) {
        if (!Files.exists(card)) {
            return false;
        }
        try {
            JsonNode weights = JSON.readTree(Files.readAllBytes(card)).path("weights");
            return weights.asText().equals("random");
        } catch (IOException e) {
            throw new UnusableInputException(card + " cannot be read: " + Reason.of(e), e);
        }
    }
}
