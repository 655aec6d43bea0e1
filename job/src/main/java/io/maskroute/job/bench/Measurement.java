package io.maskroute.job.bench;

import io.maskroute.core.bench.BenchModel;
import io.maskroute.core.bench.BenchModel.LlmMillis;
import io.maskroute.core.bench.BenchModel.PictureMillis;
import io.maskroute.core.bench.BenchModel.Variant;
import io.maskroute.core.bench.VisionMillis;
import io.maskroute.core.flops.DecoderFlops;
import io.maskroute.core.flops.VisionFlops;
import io.maskroute.job.bench.BenchOptions.BenchPart;
import io.maskroute.job.bench.BenchResult.VisionStage;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * The runs themselves: every kind once to warm up, then pair by pair, forwards and backwards in turn, so that neither a slow
 * moment nor a drift of the machine falls on one kind alone.
 */
final class Measurement {
    private static final int GEMMS = 5;
    /** A product that takes longer, as in bf16 on a CPU without units for it, is not hurt by a slow moment. */
    private static final double GEMM_MILLIS = 1000;

    private final BenchOptions options;
    private final BenchModel model;
    private final Set<BenchPart> parts;
    private final PrintWriter progress;
    private final List<RunKind> llmKinds;
    private final List<RunKind> pictureKinds;

    private final List<Double> gemm = new ArrayList<>();
    private final Map<RunKind, List<LlmMillis>> llm = new LinkedHashMap<>();
    private final Map<RunKind, List<PictureMillis>> pictures = new LinkedHashMap<>();
    private final List<VisionMillis> vision = new ArrayList<>();

    Measurement(BenchOptions options, BenchModel model, Set<BenchPart> parts, PrintWriter progress) {
        this.options = options;
        this.model = model;
        this.parts = parts;
        this.progress = progress;
        int m = options.prompts();
        llmKinds = parts.contains(BenchPart.LLM) ? RunKind.all(m) : List.of();
        pictureKinds = parts.contains(BenchPart.IMAGE) ? RunKind.ofPictures(m) : List.of();
    }

    BenchResult run(BenchResult.Machine machine, BenchResult.Model described, String routing, String projectors) {
        String started = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        Long afterLoad = ProcessMemory.residentBytes();
        say("warming up");
        long warmUp = System.nanoTime();
        pair(false);
        Duration last = since(warmUp);
        forget();
        Long afterWarmUp = ProcessMemory.residentBytes();
        Rounds rounds = options.rounds();
        int pairs = 0;
        while (rounds.another(pairs, since(warmUp), last)) {
            long start = System.nanoTime();
            pair(pairs % 2 == 1);
            pairs++;
            last = since(start);
            say(String.format(
                    Locale.ROOT,
                    "pair %d of %s%d: %.1f s",
                    pairs,
                    rounds.least() == rounds.most() ? "" : "at most ",
                    rounds.most(),
                    last.toMillis() / 1e3));
        }
        if (pairs < rounds.most()) {
            say("no further pair: it would end more than " + rounds.limit().toMinutes()
                    + " minutes after the warm-up began; --pairs N fixes the number");
        }
        Comparison comparison = new Comparison(model, gemm);
        Comparison.Compared ofLlm = llm.isEmpty() ? null : comparison.llm(llm);
        Comparison.Compared ofPictures = pictures.isEmpty() ? null : comparison.pictures(pictures);
        return new BenchResult(
                BenchResult.FORMAT,
                options.command(),
                started,
                machine,
                described,
                new BenchResult.Routing(
                        routing,
                        projectors,
                        model.plan(Variant.ROUTED).maskTokenLayer(),
                        model.plan(Variant.ROUTED).meanProxies(),
                        model.llmFlopsShare()),
                pairs,
                model.gemmSide(),
                Spread.of(gemm),
                Stream.of(ofLlm, ofPictures)
                        .filter(Objects::nonNull)
                        .flatMap(compared -> compared.ratios().stream())
                        .toList(),
                ofLlm == null ? null : ofLlm.part(),
                ofPictures == null ? null : ofPictures.part(),
                vision.isEmpty() ? null : stages(comparison),
                memory(afterLoad, afterWarmUp));
    }

    private static Duration since(long start) {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    private void pair(boolean backwards) {
        gemm.add(peak());
        for (RunKind kind : ordered(llmKinds, backwards)) {
            llm.computeIfAbsent(kind, k -> new ArrayList<>()).add(model.llm(kind.variant(), kind.prompts()));
        }
        for (RunKind kind : ordered(pictureKinds, backwards)) {
            pictures.computeIfAbsent(kind, k -> new ArrayList<>()).add(model.picture(kind.variant(), kind.prompts()));
        }
        if (parts.contains(BenchPart.IMAGE)) {
            vision.add(model.vision());
        }
    }

    /** GFLOP/s of the fastest of a few products, or of one that takes long. */
    private double peak() {
        double best = model.gemm();
        for (int i = 1; i < GEMMS && best < GEMM_MILLIS; i++) {
            best = Math.min(best, model.gemm());
        }
        return 2 * Math.pow(model.gemmSide(), 3) / 1e9 / (best / 1e3);
    }

    private static List<RunKind> ordered(List<RunKind> kinds, boolean backwards) {
        List<RunKind> ordered = new ArrayList<>(kinds);
        if (backwards) {
            Collections.reverse(ordered);
        }
        return ordered;
    }

    private void forget() {
        gemm.clear();
        llm.clear();
        pictures.clear();
        vision.clear();
    }

    private List<VisionStage> stages(Comparison comparison) {
        VisionFlops flops = model.flops(Variant.DENSE).vision();
        DecoderFlops decoder = model.flops(Variant.DENSE).decoder();
        return List.of(
                stage(comparison, "swin", null, VisionMillis::backbone, flops.backbone()),
                stage(comparison, "projector", null, VisionMillis::projector, flops.projector()),
                stage(
                        comparison,
                        "pixel_decoder",
                        null,
                        VisionMillis::pixelDecoder,
                        flops.pixelEncoder() + flops.pixelConvolutions()),
                stage(
                        comparison,
                        "deformable_layers",
                        "pixel_decoder",
                        VisionMillis::pixelEncoder,
                        flops.pixelEncoder()),
                stage(comparison, "deformable_sampling", "deformable_layers", VisionMillis::sampling, null),
                stage(comparison, "mask_decoder_memory", null, VisionMillis::decoderMemory, decoder.memory()));
    }

    private VisionStage stage(
            Comparison comparison, String name, String partOf, ToDoubleFunction<VisionMillis> millis, Long flops) {
        List<Double> values = vision.stream().mapToDouble(millis).boxed().toList();
        if (flops == null) {
            return new VisionStage(name, partOf, Spread.of(values), null, null, null);
        }
        BenchResult.Speed speed = comparison.speed(values, flops / 1e9);
        return new VisionStage(
                name, partOf, speed.millisPerPrompt(), flops / 1e9, speed.gflopPerSecond(), speed.shareOfGemmPeak());
    }

    private static BenchResult.Memory memory(Long afterLoad, Long afterWarmUp) {
        Runtime runtime = Runtime.getRuntime();
        long heapUsed = runtime.totalMemory() - runtime.freeMemory();
        Long peak = ProcessMemory.peakResidentBytes();
        return new BenchResult.Memory(
                afterLoad,
                afterWarmUp,
                ProcessMemory.residentBytes(),
                peak,
                heapUsed,
                runtime.maxMemory(),
                peak == null ? null : Long.valueOf(peak - heapUsed));
    }

    private void say(String line) {
        progress.println(line);
        progress.flush();
    }
}
