package io.maskroute.core.bench;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.family.VisualTower;
import io.maskroute.core.flops.FlopsModel;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.model.ForwardPass;
import io.maskroute.core.model.OpenedParts;
import io.maskroute.core.model.PsalmNetwork;
import io.maskroute.core.model.RoutedLlm;
import io.maskroute.core.model.SegmenterOptions;
import io.maskroute.core.model.SegmenterOptions.Dtype;
import io.maskroute.core.model.SharedPrefix;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.segmenter.PicturePrompts;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.Segmentation;
import io.maskroute.core.segmenter.Segmentation.StageMillis;
import io.maskroute.core.task.AnswerRule;
import io.maskroute.core.task.Decoded;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.stream.IntStream;

/**
 * A model in memory once, with a dense and a routed plan over its weights, run on random inputs. For one thread.
 */
public final class BenchModel implements AutoCloseable {
    private static final int CPU_GEMM_SIDE = 2048;
    /** What a GPU does with smaller ones is over before it has been told of the next. */
    private static final int GPU_GEMM_SIDE = 8192;

    /** Which plan runs. */
    public enum Variant {
        DENSE,
        ROUTED
    }

    /**
     * What is measured.
     *
     * @param threads that one operator may use; 0 leaves PyTorch's choice
     * @param gridSide of the square of image tokens; the model's own when pictures are run too
     * @param together pictures of one call; times are per picture
     * @param pictures whether the whole model is loaded, or the LLM alone
     * @param adapter tensors of the schedule's projectors; empty for untrained ones
     * @param prompts of a picture
     */
    public record Settings(
            String device,
            Dtype dtype,
            int threads,
            int gridSide,
            int together,
            boolean pictures,
            RoutingSchedule schedule,
            Optional<TensorSource> adapter,
            PromptShape text,
            int prompts) {}

    /** The LLM over a prefix and the prompts that share it; those of a call's pictures, divided evenly. */
    public record LlmMillis(double prefix, double prompts) {
        public double total() {
            return prefix + prompts;
        }
    }

    /**
     * A picture with its prompts; where a call has several, their times divided evenly.
     *
     * @param stages of all its prompts together, with the scores that the model gives; those of random weights are all alike, the
     *     worst case of post-processing
     * @param total of the call
     * @param postprocessSpread what post-processing takes for the same masks with {@link SpreadScores}; in neither of the others
     */
    public record PictureMillis(StageMillis stages, double total, double postprocessSpread) {
        /** The call's time with spread scores. */
        public double totalSpread() {
            return total - stages.postprocess() + postprocessSpread;
        }
    }

    private final ModelConfig config;
    private final Settings settings;
    private final TorchProgram program;
    private final TorchScope scope;
    private final Optional<PsalmNetwork> network;
    private final RoutedLlm loaded;
    private final Map<Variant, RoutedLlm> llms = new EnumMap<>(Variant.class);
    private final Map<Variant, FlopsModel> flops = new EnumMap<>(Variant.class);
    private final List<PreparedPrompt> prompts;
    private final List<PreparedImage> pictures;
    private final IValue noTaps;
    private final IValue imageTokens;
    private final IValue maskTokens;
    private final IValue spreadScores;
    private final IValue left;
    private final IValue right;

    /** @param opened takes what else must be closed when the rest fails */
    private BenchModel(
            TorchProgram program, ModelConfig config, TensorSource weights, Settings settings, OpenedParts opened) {
        this.config = config;
        this.settings = settings;
        this.program = program;
        scope = opened.add(program.scope());
        RoutingPlan dense = plan(RoutingSchedule.dense());
        RoutingPlan routed = plan(settings.schedule());
        if (settings.pictures()) {
            PsalmNetwork whole = opened.add(
                    new PsalmNetwork(program, config, weights, settings.dtype().type(), dense, Optional.empty()));
            network = Optional.of(whole);
            loaded = whole.llm();
        } else {
            network = Optional.empty();
            loaded = opened.add(RoutedLlm.load(
                    program, config.llm(), weights, settings.dtype().type(), dense, Optional.empty()));
        }
        llms.put(Variant.DENSE, loaded);
        llms.put(Variant.ROUTED, opened.add(loaded.withPlan(routed, settings.adapter())));
        flops.put(Variant.DENSE, FlopsModel.asRun(config, dense, false));
        flops.put(
                Variant.ROUTED,
                FlopsModel.asRun(config, routed, settings.adapter().isPresent()));
        prompts = IntStream.range(0, settings.prompts())
                .mapToObj(i -> settings.text().prompt(config, i))
                .toList();
        pictures = settings.pictures() ? Collections.nCopies(settings.together(), noise(config)) : List.of();
        noTaps = scope.run("no_taps");
        int d = config.llm().hidden();
        imageTokens = random(settings.together(), (long) settings.gridSide() * settings.gridSide(), d);
        int queries = config.maskDecoder().queries();
        maskTokens = scope.run("row", random(1, queries, d), scope.of(0L));
        spreadScores = scope.run(
                "cast",
                scope.floats(SpreadScores.logits(queries), queries, 1),
                scope.of(TorchType.FLOAT32),
                scope.of(program.device()));
        left = random(gemmSide(), gemmSide());
        right = random(gemmSide(), gemmSide());
    }

    /**
     * @throws io.maskroute.core.error.UnusableInputException when the device or the schedule cannot be used, or the device's memory
     *     does not suffice
     */
    public static BenchModel load(ModelConfig config, TensorSource weights, Settings settings) {
        OpenedParts opened = new OpenedParts();
        try {
            TorchProgram program = opened.add(TorchProgram.load(settings.device()));
            TorchProgram.enterThread(settings.threads());
            return new BenchModel(program, config, weights, settings, opened);
        } catch (RuntimeException e) {
            throw opened.closedAfter(e, settings.device());
        }
    }

    /** Version of the loaded libtorch. */
    public static String pytorchVersion() {
        return TorchProgram.pytorchVersion();
    }

    /** What a plan's runs cost. */
    public FlopsModel flops(Variant variant) {
        return flops.get(variant);
    }

    public RoutingPlan plan(Variant variant) {
        return llms.get(variant).plan();
    }

    /** The first {@code count} of the prompts that are run. */
    public List<PreparedPrompt> prompts(int count) {
        return prompts.subList(0, count);
    }

    /** Routed LLM FLOPs of one prompt alone over dense ones. */
    public double llmFlopsShare() {
        return flops.get(Variant.ROUTED).image(prompts(1)).perPrompt().get(0).llmRatio();
    }

    private RoutingPlan plan(RoutingSchedule schedule) {
        return RoutingPlan.of(schedule, config, settings.gridSide(), settings.gridSide());
    }

    /** Side of the square matrices whose product stands for the machine's peak. */
    public int gemmSide() {
        return settings.device().equals("cpu") ? CPU_GEMM_SIDE : GPU_GEMM_SIDE;
    }

    /** A product of two square matrices of side {@link #gemmSide} in the model's dtype: {@code 2 * side^3} operations. */
    public double gemm() {
        try (TorchScope work = program.scope()) {
            long start = System.nanoTime();
            work.await(work.run("matrix_product", left, right));
            return millisSince(start);
        }
    }

    /** The LLM alone: prefixes with random image tokens, and {@code count} prompts of each in one batch. */
    public LlmMillis llm(Variant variant, int count) {
        RoutedLlm llm = llms.get(variant);
        PromptShape text = settings.text();
        try (TorchScope work = program.scope()) {
            long start = System.nanoTime();
            SharedPrefix shared = SharedPrefix.of(prompts(count));
            IValue cache = shared.run(work, llm, new VisualTower.Tokens(imageTokens), noTaps);
            work.await(work.run("at", cache, work.of(0L)));
            double prefix = millisSince(start);

            start = System.nanoTime();
            int rows = settings.together() * count;
            int[][] own = new int[rows][];
            long[] lengths = new long[rows];
            long[] pictureOf = new long[rows];
            for (int r = 0; r < rows; r++) {
                own[r] = prompts.get(r % count).own();
                lengths[r] = own[r].length;
                pictureOf[r] = r / count;
            }
            IValue embedded = llm.textInput(work, own, text.own());
            IValue hidden = llm.suffix(work, embedded, maskTokens, lengths, pictureOf, cache, noTaps);
            work.await(work.elements(hidden)[0]);
            return new LlmMillis(prefix / settings.together(), millisSince(start) / settings.together());
        }
    }

    /** Pictures of noise with {@code count} prompts each, from normalised pixels to masks, as production runs them. */
    public PictureMillis picture(Variant variant, int count) {
        ForwardPass pass = new ForwardPass(
                network.orElseThrow(),
                llms.get(variant),
                flops.get(variant),
                SegmenterOptions.builder().setDevice(settings.device()).build().promptBatch());
        List<PicturePrompts> call = pictures.stream()
                .map(picture -> new PicturePrompts(picture, prompts(count)))
                .toList();
        DoubleAdder spread = new DoubleAdder();
        try {
            long start = System.nanoTime();
            List<List<Segmentation>> results = pass.segment(call, decoded -> spread.add(postprocessSpread(decoded)));
            double total = millisSince(start) - spread.sum();
            StageMillis all = results.stream()
                    .flatMap(List::stream)
                    .map(Segmentation::latency)
                    .reduce(BenchModel::sum)
                    .orElseThrow();
            return new PictureMillis(perPicture(all), total / settings.together(), spread.sum() / settings.together());
        } catch (RowFailure e) {
            throw new IllegalStateException("the measured picture failed: " + e.getMessage(), e);
        }
    }

    /** As {@link ForwardPass} has it from decoded queries to a mask in Java, with other scores. */
    private double postprocessSpread(Decoded decoded) {
        long start = System.nanoTime();
        try {
            prompts.get(0).task().masks(decoded.withLogits(spreadScores), AnswerRule.of(0));
        } catch (RowFailure e) {
            throw new IllegalStateException("the measured masks failed: " + e.getMessage(), e);
        }
        return millisSince(start);
    }

    /** The vision stages one by one, per picture. */
    public VisionMillis vision() {
        return new VisionStages(config, network.orElseThrow(), settings.dtype().type()).run(pictures);
    }

    private static StageMillis sum(StageMillis a, StageMillis b) {
        return new StageMillis(
                a.vision() + b.vision(),
                a.prefix() + b.prefix(),
                a.prompt() + b.prompt(),
                a.decoder() + b.decoder(),
                a.postprocess() + b.postprocess());
    }

    private StageMillis perPicture(StageMillis all) {
        int n = settings.together();
        return new StageMillis(
                all.vision() / n, all.prefix() / n, all.prompt() / n, all.decoder() / n, all.postprocess() / n);
    }

    static double millisSince(long start) {
        return (System.nanoTime() - start) / 1e6;
    }

    private static PreparedImage noise(ModelConfig config) {
        int size = config.image().size();
        byte[] pixels = new byte[3 * size * size];
        Random random = new Random(size);
        random.nextBytes(pixels);
        int side = config.visualTokens().stretchedSize();
        byte[] stretched = new byte[3 * side * side];
        random.nextBytes(stretched);
        return new PreparedImage(pixels, size, size, size, size, size, stretched);
    }

    private IValue random(long... shape) {
        return RandomInputs.tensor(scope, settings.dtype().type(), program.device(), shape);
    }

    @Override
    public void close() {
        llms.get(Variant.ROUTED).close();
        if (network.isPresent()) {
            network.get().close();
        } else {
            loaded.close();
        }
        scope.close();
        program.close();
    }
}
