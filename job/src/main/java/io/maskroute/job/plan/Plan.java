package io.maskroute.job.plan;

import io.maskroute.core.checkpoint.ModelFolder;
import io.maskroute.core.checkpoint.StateDict;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.flops.FlopsModel;
import io.maskroute.core.flops.ImageFlops;
import io.maskroute.core.model.Devices;
import io.maskroute.core.model.MemoryModel;
import io.maskroute.core.model.SegmenterOptions;
import io.maskroute.core.model.SegmenterOptions.Dtype;
import io.maskroute.core.routing.RoutingAdapter;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.text.PromptTokenizer;
import io.maskroute.core.text.PromptTokenizer.SharedText;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.job.bench.BenchResult;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.fetch.ModelFiles;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.run.SparkSessions;
import io.maskroute.job.run.SparkSteps;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;

/** Counts a dataset's tokens with Spark, and works out the rest from sizes. */
public final class Plan {
    private final JobConfig config;
    private final Optional<BenchTimes> times;
    private final Fleet fleet;
    private final Optional<String> measuredRun;

    /**
     * @param bench what the estimate of time is made from
     * @param benchFile its file
     * @param measuredRun folder of a run that says what preparing pictures takes
     */
    public Plan(
            JobConfig config,
            Optional<BenchResult> bench,
            String benchFile,
            Fleet fleet,
            Optional<String> measuredRun) {
        this.config = config;
        this.times = bench.map(result -> new BenchTimes(result, benchFile));
        this.fleet = fleet;
        this.measuredRun = measuredRun;
    }

    /** @throws UnusableInputException when the dataset, the model, the routing or the bench result cannot be used */
    public PlanResult run() {
        Configuration hadoop = SparkSessions.hadoop(config);
        DatasetManifest manifest = DatasetManifest.read(config.dataset(), hadoop);
        ModelFiles files = new ModelFiles(config.modelCache().orElse(null));
        ModelOptions options = files.local(config.model(), hadoop);
        ModelFolder folder = ModelFolder.open(Path.of(options.path()));
        boolean dense = options.routing().equals(ModelOptions.DENSE);
        try (RoutingAdapter adapter =
                dense ? RoutingAdapter.dense() : RoutingAdapter.open(Path.of(options.routing()), folder.config())) {
            Costs costs = new Costs(
                    folder,
                    adapter.schedule(),
                    adapter.tensors().isPresent(),
                    dtype(options),
                    !manifest.classSets().isEmpty());
            times.ifPresent(t -> t.requireMeasured(costs.parameters(), costs.dtype, device(options), dense));
            Optional<PreparationTimes> preparing =
                    measuredRun.map(run -> PreparationTimes.of(run, SparkSessions.hadoop(config)));
            TokenCounts counts = SparkSessions.with(
                    config,
                    spark -> SparkSteps.named(
                            spark.sparkContext(),
                            "count the tokens of " + config.dataset(),
                            () -> TokenCounting.count(
                                    InputDataset.open(spark, config.dataset(), manifest)
                                            .limited(config.limit()),
                                    files,
                                    config.model())));
            return costs.of(counts, preparing);
        }
    }

    /** What was measured says where the run will be. */
    private String device(ModelOptions options) {
        return options.device().equals(ModelOptions.AUTO)
                ? times.flatMap(BenchTimes::device).orElseGet(() -> Devices.one(options.device()))
                : options.device();
    }

    /** A plan is made where the GPUs are not: what was measured there tells, else they are taken to be cards of today. */
    private Dtype dtype(ModelOptions options) {
        String label = options.dtype();
        if (label.equals(ModelOptions.AUTO)) {
            label = device(options).equals(Devices.CPU)
                    ? Dtype.FP32.label()
                    : times.flatMap(BenchTimes::dtype).orElse(Dtype.BF16.label());
        }
        return Dtype.valueOf(label.toUpperCase(Locale.ROOT));
    }

    /** One model under one routing. */
    private final class Costs {
        private final ModelFolder folder;
        private final ModelConfig model;
        private final boolean trained;
        private final Dtype dtype;
        private final boolean classes;
        private final RoutingPlan plan;
        private final FlopsModel flops;
        private final FlopsModel denseFlops;
        private final SharedText shared;

        /** @param classes whether there may be prompts for classes */
        Costs(ModelFolder folder, RoutingSchedule schedule, boolean trained, Dtype dtype, boolean classes) {
            this.folder = folder;
            this.model = folder.config();
            this.trained = trained;
            this.dtype = dtype;
            this.classes = classes;
            int side = model.imageTokenSide();
            plan = RoutingPlan.of(schedule, model, side, side);
            flops = FlopsModel.asRun(model, plan, trained);
            denseFlops = FlopsModel.asRun(model, RoutingPlan.of(RoutingSchedule.dense(), model, side, side), false);
            try (PromptTokenizer tokenizer = PromptTokenizer.open(folder.tokenizer(), model, side * side)) {
                shared = tokenizer.sharedText();
            }
        }

        PlanResult of(TokenCounts counts, Optional<PreparationTimes> preparing) {
            PlanResult.Flops total = flops(counts);
            return new PlanResult(
                    PlanResult.FORMAT,
                    dataset(counts),
                    new PlanResult.Model(config.model().path(), parameters(), dtype.label()),
                    new PlanResult.Routing(
                            config.model().routing(),
                            plan.dropping().isPresent() ? PlanResult.DROPPING : trained ? "adapter" : "untrained",
                            plan.maskTokenLayer(),
                            plan.meanProxies()),
                    tokens(counts),
                    total,
                    memory(counts),
                    times.map(t -> t.estimate(
                                    total,
                                    counts.usablePrompts(),
                                    counts.images() - counts.pictures().getOrDefault(0, 0L),
                                    plan.isDense(),
                                    fleet,
                                    preparing))
                            .orElse(null));
        }

        long parameters() {
            return StateDict.parameters(model);
        }

        private PlanResult.Dataset dataset(TokenCounts counts) {
            long images = counts.images();
            long prompts = counts.usablePrompts() + counts.unusablePrompts();
            return new PlanResult.Dataset(
                    config.dataset(),
                    images,
                    counts.pictures().getOrDefault(0, 0L),
                    prompts,
                    counts.usablePrompts(),
                    Map.copyOf(counts.unusable()),
                    images == 0 ? 0 : (double) prompts / images,
                    counts.mostPrompts());
        }

        private PlanResult.Tokens tokens(TokenCounts counts) {
            long prompts = counts.usablePrompts();
            long always = (long) plan.imageTokens()
                    + shared.tokens()
                    + model.maskDecoder().queries();
            return new PlanResult.Tokens(
                    plan.imageTokens(),
                    plan.meanProxies(),
                    model.maskDecoder().queries(),
                    shared.tokens(),
                    prompts == 0 ? 0 : (double) counts.ownTokens() / prompts,
                    counts.quantile(0.5),
                    counts.quantile(0.95),
                    counts.quantile(1),
                    passes(counts),
                    prompts * always + counts.ownTokens());
        }

        /** Shared work once per pass, and each prompt's own: what {@link ImageFlops#perPrompt} divides sums to the same. */
        private PlanResult.Flops flops(TokenCounts counts) {
            SegmentLayout prefix = new SegmentLayout(shared.prefix(), plan.imageTokens(), shared.task());
            long passes = passes(counts);
            long prompts = counts.usablePrompts();
            BigInteger llm = times(passes, flops.image(prefix).prefix().total());
            BigInteger llmDenseShared =
                    times(passes, denseFlops.image(prefix).prefix().total());
            BigInteger llmDense = BigInteger.ZERO;
            for (Map.Entry<Integer, Long> own : counts.ownText().entrySet()) {
                long alike = own.getValue();
                ImageFlops routed = flops.image(prefix, own.getKey());
                ImageFlops dense = denseFlops.image(prefix, own.getKey());
                llm = llm.add(times(alike, routed.prompts().get(0).own().total()));
                llmDense = llmDense.add(
                        times(alike, routed.prompts().get(0).dense().total()));
                llmDenseShared = llmDenseShared.add(
                        times(alike, dense.prompts().get(0).own().total()));
            }
            BigInteger vision = times(passes, flops.vision().total());
            BigInteger decoder = times(passes, flops.decoder().memory())
                    .add(times(prompts, flops.decoder().prompt()));
            double alone = (double) prompts
                    * (flops.vision().total()
                            + flops.decoder().memory()
                            + flops.decoder().prompt());
            return new PlanResult.Flops(
                    llm,
                    llmDense,
                    llmDense.signum() == 0 ? 0 : llm.doubleValue() / llmDense.doubleValue(),
                    llmDenseShared,
                    vision,
                    decoder,
                    llm.add(vision).add(decoder),
                    llmDense.doubleValue() + alone);
        }

        private static BigInteger times(long count, long flops) {
            return BigInteger.valueOf(count).multiply(BigInteger.valueOf(flops));
        }

        private long passes(TokenCounts counts) {
            return counts.passes(config.runtime().promptsPerCall());
        }

        private PlanResult.Memory memory(TokenCounts counts) {
            String device = device(config.model());
            int images = config.runtime().imagesPerCall(device);
            int atOnce = (int) Math.min(
                    (long) images * counts.mostPrompts(),
                    Math.min(
                            config.runtime().promptsPerCall(),
                            SegmenterOptions.builder().setDevice(device).build().promptBatch()));
            MemoryModel.Estimate bytes = new MemoryModel(model, plan, trained, dtype)
                    .estimate(shared.tokens(), counts.quantile(1), images, atOnce, classes);
            return new PlanResult.Memory(
                    images,
                    atOnce,
                    bytes.weights(),
                    bytes.adapter(),
                    bytes.keysAndValues(),
                    bytes.activations(),
                    bytes.total());
        }
    }
}
