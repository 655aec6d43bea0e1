package io.maskroute.job.bench;

import io.maskroute.core.bench.BenchModel;
import io.maskroute.core.bench.BenchModel.Settings;
import io.maskroute.core.bench.PromptShape;
import io.maskroute.core.checkpoint.ModelFolder;
import io.maskroute.core.checkpoint.RandomWeights;
import io.maskroute.core.checkpoint.StateDict;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.family.Families;
import io.maskroute.core.routing.RandomProjectors;
import io.maskroute.core.routing.RoutingAdapter;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.text.PromptTokenizer;
import io.maskroute.job.bench.BenchOptions.BenchPart;
import io.maskroute.job.config.ConfigurationException;
import java.io.PrintWriter;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** From options to a result: finds the weights and the routing, loads the model, and measures. */
public final class Bench {
    /** Any would do; the same numbers every time. */
    private static final long SEED = 1;

    private static final String ADAPTER = "adapter";
    private static final String RANDOM = "random";
    private static final String UNTRAINED = "untrained";
    private static final String NONE = "no";

    private final BenchOptions options;
    private final PrintWriter progress;

    /** @param progress takes a line per pair */
    public Bench(BenchOptions options, PrintWriter progress) {
        this.options = options;
        this.progress = progress;
    }

    /**
     * @throws UnusableInputException when the model or the routing cannot be used
     * @throws ConfigurationException when the options do not fit the model
     */
    public BenchResult run() {
        if (options.model().isEmpty()) {
            ModelConfig config = Families.fallback().sizes();
            try (TensorSource weights = RandomWeights.of(config, SEED)) {
                return run(config, PromptShape.PSALM, weights, "psalm, " + weights.origin());
            }
        }
        ModelFolder folder = ModelFolder.open(options.model().get());
        try (TensorSource weights = folder.openWeights(false)) {
            return run(folder.config(), shape(folder), weights, folder.path().toString());
        }
    }

    /** The model's own prompt. */
    private static PromptShape shape(ModelFolder folder) {
        ModelConfig config = folder.config();
        int imageTokens = config.imageTokenSide() * config.imageTokenSide();
        try (PromptTokenizer tokenizer = PromptTokenizer.open(folder.tokenizer(), config, imageTokens)) {
            return PromptShape.of(tokenizer);
        } catch (RowFailure e) {
            throw new UnusableInputException(
                    folder.tokenizer() + " does not fit the model: " + e.getMessage()
                            + "; take the tokenizer that belongs to it",
                    e);
        }
    }

    /** @param prompt the model's own, before {@code --text} makes it longer or shorter */
    private BenchResult run(ModelConfig config, PromptShape prompt, TensorSource weights, String origin) {
        int side = side(config);
        Set<BenchPart> parts = parts(config, side);
        PromptShape text = prompt.withTokens(textTokens(config, side, prompt));
        try (RoutingAdapter adapter = RoutingAdapter.open(options.routing(), config.llm())) {
            RoutingSchedule schedule = adapter.schedule();
            Optional<TensorSource> tensors = adapter.tensors();
            String projectors = tensors.isPresent() ? ADAPTER : UNTRAINED;
            if (schedule.dropping().isPresent()) {
                projectors = NONE;
            } else if (tensors.isEmpty() && options.randomProjectors()) {
                tensors = Optional.of(RandomProjectors.of(schedule, config.llm(), SEED));
                projectors = RANDOM;
            }
            progress.println("loading " + origin);
            progress.flush();
            BenchResult.Machine machine = MachineFacts.gather(options.threads());
            try (BenchModel model = BenchModel.load(
                    config,
                    weights,
                    new Settings(
                            options.device(),
                            options.dtype(),
                            options.threads(),
                            side,
                            options.pictures(),
                            parts.contains(BenchPart.IMAGE),
                            schedule,
                            tensors,
                            text,
                            options.prompts()))) {
                BenchResult.Model described = new BenchResult.Model(
                        origin,
                        StateDict.parameters(config),
                        options.dtype().label(),
                        options.device(),
                        side * side,
                        text.tokens(),
                        new BenchResult.Text(text.prefix(), text.task(), text.condition(), text.suffix()),
                        config.maskDecoder().queries(),
                        options.prompts(),
                        options.pictures());
                return new Measurement(options, model, parts, progress)
                        .run(machine, described, options.routing().toString(), projectors);
            }
        }
    }

    private int side(ModelConfig config) {
        if (options.imageTokens().isEmpty()) {
            return config.imageTokenSide();
        }
        int tokens = options.imageTokens().getAsInt();
        int side = (int) Math.round(Math.sqrt(tokens));
        if (side * side != tokens) {
            throw new ConfigurationException(
                    "--image-tokens " + tokens + " is no square grid; give a square number, such as " + side * side);
        }
        return side;
    }

    /** Pictures give the model's own number of image tokens; any other is for the LLM alone. */
    private Set<BenchPart> parts(ModelConfig config, int side) {
        boolean own = side == config.imageTokenSide();
        if (options.parts().isEmpty()) {
            return own ? EnumSet.allOf(BenchPart.class) : EnumSet.of(BenchPart.LLM);
        }
        if (options.parts().contains(BenchPart.IMAGE) && !own) {
            int tokens = config.imageTokenSide() * config.imageTokenSide();
            throw new ConfigurationException(
                    "--parts image with --image-tokens " + side * side + ": this model's pictures have " + tokens
                            + " image tokens; measure the LLM alone with --parts llm");
        }
        return options.parts();
    }

    /** Those asked for must fit the model's positions; otherwise a small model has as many as fit. */
    private int textTokens(ModelConfig config, int side, PromptShape prompt) {
        int positions = config.llm().maxPositions();
        int room = positions - side * side - config.maskDecoder().queries();
        int tokens = options.textTokens().orElse(Math.max(PromptShape.LEAST, Math.min(prompt.tokens(), room)));
        if (tokens > room) {
            throw new ConfigurationException(
                    (positions - room + tokens) + " tokens (" + tokens + " text, " + side * side
                            + " image, " + config.maskDecoder().queries() + " mask) do not fit the model's " + positions
                            + " positions; give smaller --text or --image-tokens");
        }
        return tokens;
    }
}
