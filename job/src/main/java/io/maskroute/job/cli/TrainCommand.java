package io.maskroute.job.cli;

import io.maskroute.core.checkpoint.ModelConfigJson;
import io.maskroute.core.checkpoint.ModelFolder;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.training.Trainer.Trainable;
import io.maskroute.core.training.TrainingSettings;
import io.maskroute.core.training.TrainingSettings.Loss;
import io.maskroute.core.training.TrainingSettings.Reading;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.job.config.ConfigurationException;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.input.PictureOrientation;
import io.maskroute.job.run.SparkSessions;
import io.maskroute.job.training.LateMaskTokens;
import io.maskroute.job.training.TrainOptions;
import io.maskroute.job.training.TrainingFolder;
import io.maskroute.job.training.TrainingRun;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        versionProvider = Cli.VersionProvider.class,
        description = {
            "Trains a model on a dataset with ground truth, from random numbers or from a checkpoint, dense or routed, in this"
                    + " process.",
            "The same command continues an interrupted run, with the same outcome."
        })
final class TrainCommand implements Callable<Integer> {
    /** What is learned. */
    enum Objective {
        WORDS(Reading.WORDS),
        PROMPTS(Reading.PROMPT),
        POINTING(Reading.WITH_PICTURE),
        MASKS(Reading.WITH_PICTURE);

        private final Reading reading;

        Objective(Reading reading) {
            this.reading = reading;
        }

        TrainingSettings of(TrainingSettings all) {
            return this == MASKS ? all : all.pointing(reading);
        }
    }

    private final Cli.Environment environment;

    @Mixin
    private ConfigArguments configuration;

    @Option(names = "--init", required = true, paramLabel = "DIR", description = "Model folder to begin with.")
    private Path init;

    @Option(
            names = "--from-scratch",
            description = "Take configuration and tokenizer from --init, and begin with random weights.")
    private boolean fromScratch;

    @Option(names = "--dataset", paramLabel = "DIR", description = "Dataset to train on.")
    private String dataset;

    @Option(names = "--validation", paramLabel = "DIR", description = "Dataset whose first pictures validate.")
    private String validation;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "Folder for the trained model.")
    private Path output;

    @Option(names = "--fresh", description = "Start over if the folder holds a run already.")
    private boolean fresh;

    @Option(
            names = "--routing",
            paramLabel = "DIR",
            description = "Routing adapter: train under routing, and its projectors too; default: dense.")
    private String routing;

    @Option(
            names = "--trainable",
            paramLabel = "WHAT",
            defaultValue = "all",
            description = "all, or adapter: the projectors alone; default: ${DEFAULT-VALUE}.")
    private Trainable trainable;

    @Option(
            names = "--objective",
            paramLabel = "WHAT",
            defaultValue = "masks",
            description =
                    "masks, or a cheaper stage before, of where prompts point to, without the mask decoder: words, which leaves the LLM"
                            + " out, prompts, which stand alone in the LLM, or pointing, with the picture before them; default: ${DEFAULT-VALUE}.")
    private Objective objective;

    @Option(
            names = "--loss",
            paramLabel = "NAME=WEIGHT",
            description =
                    "Weight of a loss in place of its default, 0 to leave it out: ${COMPLETION-CANDIDATES}; may be repeated.")
    private Map<Loss, Double> losses = Map.of();

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            description = "auto (the first GPU, else the CPU), cpu or cuda:N.")
    private String device;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "10000",
            description = "Steps; default: ${DEFAULT-VALUE}.")
    private int steps;

    @Option(
            names = "--pictures",
            paramLabel = "N",
            defaultValue = "4",
            description = "Pictures in a step; default: ${DEFAULT-VALUE}.")
    private int pictures;

    @Option(
            names = "--prompts",
            paramLabel = "N",
            defaultValue = "8",
            description = "Prompts of a picture in a step, at most; default: ${DEFAULT-VALUE}.")
    private int prompts;

    @Option(
            names = "--learning-rate",
            paramLabel = "RATE",
            defaultValue = "4e-4",
            description = "Highest learning rate; default: ${DEFAULT-VALUE}.")
    private double learningRate;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            defaultValue = "200",
            description = "Steps until the highest learning rate; default: ${DEFAULT-VALUE}.")
    private int warmUp;

    @Option(
            names = "--final-rate",
            paramLabel = "SHARE",
            defaultValue = "0.01",
            description = "Share of the learning rate that is left at the end; 1 keeps it; default: ${DEFAULT-VALUE}.")
    private double finalRate;

    @Option(
            names = "--late-mask-tokens",
            paramLabel = "LAYERS",
            defaultValue = "0",
            converter = LateMaskTokensConverter.class,
            description =
                    "Have mask tokens join the LLM later in every other step, at a layer drawn from 1 to this one, or from two as 2-4, so"
                            + " that the model can be routed so; 0 for none; default: ${DEFAULT-VALUE}.")
    private LateMaskTokens lateMaskTokens;

    @Option(
            names = "--mask-tokens",
            paramLabel = "N",
            description = "Give the model this many mask tokens, copies of those it has; default: as many as it has.")
    private Integer maskTokens;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "Seed; default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--store-as",
            paramLabel = "TYPE",
            defaultValue = "f16",
            description = "Type of the stored weights: f32, f16 or bf16; default: ${DEFAULT-VALUE}.")
    private DType storeAs;

    @Option(
            names = "--log-every",
            paramLabel = "N",
            defaultValue = "50",
            description = "Steps between lines of the log; default: ${DEFAULT-VALUE}.")
    private int log;

    @Option(
            names = "--checkpoint-every",
            paramLabel = "N",
            defaultValue = "500",
            description = "Steps between checkpoints; default: ${DEFAULT-VALUE}.")
    private int checkpoint;

    @Option(
            names = "--validate-every",
            paramLabel = "N",
            defaultValue = "500",
            description = "Steps between validations; default: ${DEFAULT-VALUE}.")
    private int validate;

    @Option(
            names = "--validation-pictures",
            paramLabel = "N",
            defaultValue = "32",
            description = "Pictures to validate on; default: ${DEFAULT-VALUE}.")
    private int validationPictures;

    @Option(
            names = "--stop-after",
            paramLabel = "N",
            description = "End this process after so many steps; the same command goes on from there.")
    private Integer stopAfter;

    TrainCommand(Cli.Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        requirePositive();
        Map<String, Object> folders = new LinkedHashMap<>();
        folders.put("--init", init);
        folders.put("--routing", routing);
        folders.put("--output", output);
        LocalPaths.require("train", folders);
        Map<String, Object> settings = new HashMap<>();
        settings.put("model.path", init);
        settings.put("model.routing", routing);
        settings.put("model.device", device);
        settings.put("dataset.path", dataset);
        JobConfig config = configuration.load(environment.home(), settings);
        TrainOptions options = new TrainOptions(
                steps,
                pictures,
                prompts,
                learningRate,
                warmUp,
                finalRate,
                lateMaskTokens,
                seed,
                trainable,
                trainingSettings());
        // Before --fresh removes anything: the inputs are there.
        Configuration hadoop = SparkSessions.hadoop(config);
        DatasetManifest manifest = DatasetManifest.read(config.dataset(), hadoop);
        if (fromScratch) {
            ModelConfigJson.read(init.resolve("config.json"));
        } else {
            ModelFolder.open(init);
        }
        TrainingFolder folder = TrainingFolder.open(
                output,
                storeAs,
                new TrainingFolder.Identity(
                        options,
                        config.dataset(),
                        PictureOrientation.of(config.orientation(), manifest).decoded(),
                        init.toString(),
                        fromScratch,
                        maskTokens,
                        config.model().routing()),
                fresh);
        TrainingRun run = new TrainingRun(
                config,
                options,
                new TrainingRun.Start(init, fromScratch, Optional.ofNullable(maskTokens)),
                new TrainingRun.Pace(
                        log, checkpoint, validate, validationPictures, stopAfter == null ? steps : stopAfter),
                folder,
                line -> {
                    environment.out().println(line);
                    environment.out().flush();
                });
        boolean done = SparkSessions.with(
                config,
                spark -> run.run(
                        spark,
                        InputDataset.open(spark, config.dataset(), manifest),
                        Optional.ofNullable(validation)
                                .map(path -> InputDataset.open(spark, path, DatasetManifest.read(path, hadoop)))));
        environment.out().println(done ? "trained: " + output : "to go on, give the same command again");
        return Cli.DONE;
    }

    private TrainingSettings trainingSettings() {
        losses.forEach((loss, weight) -> {
            if (!(weight >= 0 && weight < Double.POSITIVE_INFINITY)) {
                throw new ConfigurationException("--loss " + name(loss) + " must be 0 or more, not " + weight);
            }
        });
        TrainingSettings result = objective.of(TrainingSettings.DEFAULT.weighted(losses));
        losses.forEach((loss, weight) -> {
            if (result.weight(loss) != weight) {
                throw new ConfigurationException("--objective " + name(objective) + " has no loss " + name(loss)
                        + ": leave out --loss " + name(loss));
            }
        });
        if (Arrays.stream(Loss.values()).allMatch(loss -> result.weight(loss) == 0)) {
            throw new ConfigurationException("--loss leaves --objective " + name(objective) + " nothing to learn from");
        }
        return result;
    }

    private static String name(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private void requirePositive() {
        Map<String, Number> numbers = new LinkedHashMap<>();
        numbers.put("--steps", steps);
        numbers.put("--pictures", pictures);
        numbers.put("--prompts", prompts);
        numbers.put("--learning-rate", learningRate);
        numbers.put("--warm-up", warmUp);
        numbers.put("--final-rate", finalRate);
        numbers.put("--log-every", log);
        numbers.put("--checkpoint-every", checkpoint);
        numbers.put("--validate-every", validate);
        numbers.put("--validation-pictures", validationPictures);
        numbers.put("--mask-tokens", maskTokens == null ? 1 : maskTokens);
        numbers.put("--stop-after", stopAfter == null ? 1 : stopAfter);
        numbers.forEach((option, value) -> {
            if (!(value.doubleValue() > 0)) {
                throw new ConfigurationException(option + " must be above 0, not " + value);
            }
        });
        if (lateMaskTokens.last() > 0 && objective == Objective.WORDS) {
            throw new ConfigurationException("--objective words has no mask tokens: leave out --late-mask-tokens");
        }
        if (validation != null && objective != Objective.MASKS) {
            throw new ConfigurationException(
                    "--objective " + name(objective) + " makes no masks to validate: leave out --validation");
        }
        if (trainable == Trainable.ADAPTER && routing == null) {
            throw new ConfigurationException("--trainable adapter needs an adapter: give --routing DIR");
        }
    }

    static final class LateMaskTokensConverter implements ITypeConverter<LateMaskTokens> {
        private static final Pattern LAYERS = Pattern.compile("(?:(\\d{1,6})-)?(\\d{1,6})");

        @Override
        public LateMaskTokens convert(String text) {
            Matcher layers = LAYERS.matcher(text);
            try {
                if (layers.matches()) {
                    int last = Integer.parseInt(layers.group(2));
                    return layers.group(1) == null
                            ? LateMaskTokens.upTo(last)
                            : new LateMaskTokens(Integer.parseInt(layers.group(1)), last);
                }
            } catch (IllegalArgumentException e) {
                // Said below, with what they should be.
            }
            throw new TypeConversionException(
                    "must be a layer, two of them like 2-4, or 0 for none, not '" + text + "'");
        }
    }
}
