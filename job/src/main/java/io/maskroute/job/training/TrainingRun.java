package io.maskroute.job.training;

import io.maskroute.core.checkpoint.ModelConfigJson;
import io.maskroute.core.checkpoint.ModelFolder;
import io.maskroute.core.checkpoint.RandomWeights;
import io.maskroute.core.checkpoint.RepeatedMaskTokens;
import io.maskroute.core.checkpoint.TokenizerJson;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.config.ModelConfigCheck;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ImagePreprocessor;
import io.maskroute.core.model.Devices;
import io.maskroute.core.routing.RoutingAdapter;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.text.PromptTokenizer;
import io.maskroute.core.training.StepResult;
import io.maskroute.core.training.Trainer;
import io.maskroute.core.training.TrainingState;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.input.ImageBytes;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.input.PictureOrientation;
import io.maskroute.job.training.Batches.Batch;
import io.maskroute.job.training.Examples.Example;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Trains in this process, on one device. What it needs to go on is written every {@link Pace#checkpoint} steps; the same command
 * then continues there, and the outcome is the same as without the interruption.
 */
public final class TrainingRun {
    /**
     * @param log steps between lines of the log
     * @param checkpoint steps between checkpoints
     * @param validation steps between validations
     * @param pictures to validate on
     * @param stopAfter steps after which this process ends, though the run goes on; it can be continued
     */
    public record Pace(int log, int checkpoint, int validation, int pictures, int stopAfter) {}

    /**
     * @param init folder with {@code config.json}, a tokenizer and, unless training starts from random numbers, weights
     * @param fromScratch whether its weights, if any, are left alone
     * @param maskTokens that the model gets, empty for as many as it has
     */
    public record Start(Path init, boolean fromScratch, Optional<Integer> maskTokens) {}

    private final JobConfig config;
    private final TrainOptions options;
    private final Start start;
    private final Pace pace;
    private final TrainingFolder folder;
    private final Consumer<String> say;

    public TrainingRun(
            JobConfig config,
            TrainOptions options,
            Start start,
            Pace pace,
            TrainingFolder folder,
            Consumer<String> say) {
        this.config = config;
        this.options = options;
        this.start = start;
        this.pace = pace;
        this.folder = folder;
        this.say = say;
    }

    /**
     * @return whether all steps are done
     * @throws UnusableInputException when the model, the adapter or a dataset cannot be used, or the folder holds another run
     */
    public boolean run(SparkSession spark, InputDataset dataset, Optional<InputDataset> held) {
        ModelConfig model = model();
        TokenizerJson tokenizerJson = TokenizerJson.open(start.init());
        int side = model.imageTokenSide();
        int late = options.lateMaskTokens().last();
        if (late > model.llm().layers()) {
            throw new UnusableInputException("mask tokens cannot join at layer " + late + ": the LLM of "
                    + start.init() + " has " + model.llm().layers() + " layers; give --late-mask-tokens up to "
                    + model.llm().layers());
        }
        try (TensorSource weights = weights(model);
                RoutingAdapter adapter = adapter(model);
                PromptTokenizer tokenizer = PromptTokenizer.open(tokenizerJson, model, side * side);
                Trainer trainer = Trainer.open(
                        model,
                        weights,
                        RoutingPlan.of(adapter.schedule(), model, side, side),
                        adapter.tensors(),
                        options.trainable(),
                        Devices.one(config.model().device()),
                        0,
                        options.settings())) {
            Optional<TrainingState> state = folder.state();
            state.ifPresent(trainer::restore);
            long rows = train(
                    spark,
                    dataset,
                    held,
                    model,
                    tokenizer,
                    trainer,
                    state.map(TrainingState::rows).orElse(0L));
            folder.writeModel(model, tokenizerJson, trainer.state(rows).averages(), weights, adapter);
            return trainer.steps() >= options.steps();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private ModelConfig model() {
        ModelConfig model = start.fromScratch()
                ? ModelConfigJson.read(start.init().resolve("config.json"))
                : ModelFolder.open(start.init()).config();
        if (start.maskTokens().isEmpty()) {
            return model;
        }
        int maskTokens = start.maskTokens().get();
        int found = model.maskDecoder().queries();
        if (maskTokens < found && !start.fromScratch()) {
            throw new UnusableInputException(
                    "the model of " + start.init() + " has " + found + " mask tokens, more than " + maskTokens
                            + "; give --mask-tokens " + found + " or more, or train --from-scratch");
        }
        ModelConfig other = model.withMaskTokens(maskTokens);
        ModelConfigCheck.require("--mask-tokens", other);
        return other;
    }

    private TensorSource weights(ModelConfig model) {
        if (start.fromScratch()) {
            return RandomWeights.forTraining(model, options.seed());
        }
        TensorSource stored = ModelFolder.open(start.init()).openWeights(false);
        return start.maskTokens().isEmpty()
                ? stored
                : new RepeatedMaskTokens(stored, model.maskDecoder().queries());
    }

    private RoutingAdapter adapter(ModelConfig model) {
        if (config.model().routing().equals("dense")) {
            return RoutingAdapter.dense();
        }
        RoutingAdapter adapter = RoutingAdapter.open(Path.of(config.model().routing()), model);
        if (adapter.schedule().dropping().isPresent()) {
            adapter.close();
            throw new UnusableInputException(
                    config.model().routing()
                            + ": drops image tokens, a baseline that nothing is trained for; train dense or with a routing adapter");
        }
        return adapter;
    }

    private long train(
            SparkSession spark,
            InputDataset dataset,
            Optional<InputDataset> held,
            ModelConfig model,
            PromptTokenizer tokenizer,
            Trainer trainer,
            long rowsBefore)
            throws InterruptedException, IOException {
        Examples examples = examples(spark, dataset, model, tokenizer, trainer);
        int scheduled = trainer.maskTokenLayer();
        Optional<Validation> validation = Optional.empty();
        if (held.isPresent() && options.settings().masks()) {
            List<Example> pictures = heldOut(spark, held.get(), model, tokenizer, trainer);
            validation = Optional.of(new Validation(pictures, options.pictures()));
        }
        long rows = rowsBefore;
        long last = Math.min(options.steps(), trainer.steps() + pace.stopAfter());
        Means means = new Means();
        try (Batches batches = new Batches(
                new PictureOrder(dataset, options.seed()), examples, options.pictures(), rows, dataset.path())) {
            long began = System.nanoTime();
            long first = trainer.steps();
            while (trainer.steps() < last) {
                Batch batch = batches.next();
                rows = batch.rows();
                double rate = options.learningRate(trainer.steps() + 1);
                StepResult result = trainer.step(
                        batch.examples().stream().map(Example::picture).toList(),
                        rate,
                        options.maskTokenLayer(trainer.steps() + 1, scheduled));
                means.add(result);
                long step = trainer.steps();
                boolean end = step == last;
                if (end || step % pace.log() == 0) {
                    double seconds = (System.nanoTime() - began) / 1e9 / (step - first);
                    LogLine line = means.line(step, rate, seconds);
                    say.accept(line.text(options.steps()) + skipped(examples));
                    folder.log(line);
                    means = new Means();
                }
                // Before the validation, which may fail where the step did not.
                if (end || step % pace.checkpoint() == 0) {
                    folder.writeState(trainer.state(rows));
                }
                if (validation.isPresent() && (end || step % pace.validation() == 0)) {
                    LogLine line = validation.get().run(step, trainer::segment);
                    say.accept(line.text(options.steps()));
                    folder.log(line);
                }
            }
        }
        return rows;
    }

    private static String skipped(Examples examples) {
        return examples.unusable() == 0 ? "" : ", " + examples.unusable() + " rows left out";
    }

    private Examples examples(
            SparkSession spark, InputDataset dataset, ModelConfig model, PromptTokenizer tokenizer, Trainer trainer) {
        return new Examples(
                dataset.reader(),
                new ImageBytes(
                        dataset.path(),
                        config.runtime().imageRoots(),
                        spark.sparkContext().hadoopConfiguration(),
                        config.runtime().maxImageBytes()),
                PictureOrientation.of(config.orientation(), dataset.manifest()),
                new ImagePreprocessor(model),
                tokenizer,
                trainer.targetGrid(),
                options.prompts(),
                options.seed());
    }

    private List<Example> heldOut(
            SparkSession spark, InputDataset held, ModelConfig model, PromptTokenizer tokenizer, Trainer trainer) {
        Examples examples = examples(spark, held, model, tokenizer, trainer);
        List<Example> some = new ArrayList<>();
        for (Row row : held.rows().limit(pace.pictures()).collectAsList()) {
            examples.of(row, 0).ifPresent(some::add);
        }
        if (some.isEmpty()) {
            throw new UnusableInputException("no picture of " + held.path() + " can be validated on");
        }
        return some;
    }
}
