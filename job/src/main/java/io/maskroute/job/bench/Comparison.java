package io.maskroute.job.bench;

import static io.maskroute.job.bench.BenchResult.DECODER;
import static io.maskroute.job.bench.BenchResult.LLM;
import static io.maskroute.job.bench.BenchResult.PIPELINE;
import static io.maskroute.job.bench.BenchResult.PIPELINE_LLM;
import static io.maskroute.job.bench.BenchResult.PIPELINE_SPREAD;
import static io.maskroute.job.bench.BenchResult.POSTPROCESS;
import static io.maskroute.job.bench.BenchResult.POSTPROCESS_SPREAD;
import static io.maskroute.job.bench.BenchResult.VISION;

import io.maskroute.core.bench.BenchModel;
import io.maskroute.core.bench.BenchModel.LlmMillis;
import io.maskroute.core.bench.BenchModel.PictureMillis;
import io.maskroute.core.segmenter.Segmentation.FlopCounts;
import io.maskroute.core.segmenter.Segmentation.StageMillis;
import io.maskroute.job.bench.BenchResult.Part;
import io.maskroute.job.bench.BenchResult.Ratio;
import io.maskroute.job.bench.BenchResult.Run;
import io.maskroute.job.bench.BenchResult.Speed;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;

/** From times to speeds and ratios, pair by pair. */
final class Comparison {
    private final BenchModel model;
    private final List<Double> gemm;

    /** @param gemm GFLOP/s of each pair */
    Comparison(BenchModel model, List<Double> gemm) {
        this.model = model;
        this.gemm = gemm;
    }

    /** Runs of a part, and how they compare. */
    record Compared(Part part, List<Ratio> ratios) {}

    Compared llm(Map<RunKind, List<LlmMillis>> measured) {
        Map<RunKind, Run> runs = new LinkedHashMap<>();
        measured.forEach((kind, times) -> {
            Map<String, Spread> stages = new LinkedHashMap<>();
            stages.put("prefix", perPrompt(kind, times, LlmMillis::prefix));
            stages.put("prompt", perPrompt(kind, times, LlmMillis::prompts));
            Map<String, Speed> speeds =
                    Map.of(LLM, speed(perPrompt(kind, times, LlmMillis::total).values(), gflop(kind, FlopCounts::llm)));
            runs.put(kind, new Run(kind.label(), kind.routing(), kind.prompts(), stages, speeds));
        });
        return compared(runs, List.of(LLM));
    }

    Compared pictures(Map<RunKind, List<PictureMillis>> measured) {
        Map<RunKind, Run> runs = new LinkedHashMap<>();
        measured.forEach((kind, times) -> {
            Map<String, Spread> stages = new LinkedHashMap<>();
            stages.put("vision", perPrompt(kind, times, t -> t.stages().vision()));
            stages.put("prefix", perPrompt(kind, times, t -> t.stages().prefix()));
            stages.put("prompt", perPrompt(kind, times, t -> t.stages().prompt()));
            stages.put("decoder", perPrompt(kind, times, t -> t.stages().decoder()));
            stages.put(POSTPROCESS, perPrompt(kind, times, t -> t.stages().postprocess()));
            stages.put(POSTPROCESS_SPREAD, perPrompt(kind, times, PictureMillis::postprocessSpread));
            Map<String, Speed> speeds = new LinkedHashMap<>();
            part(speeds, PIPELINE_LLM, kind, times, t -> llm(t.stages()), FlopCounts::llm);
            part(speeds, VISION, kind, times, t -> t.stages().vision(), FlopCounts::vision);
            part(speeds, DECODER, kind, times, t -> t.stages().decoder(), FlopCounts::decoder);
            part(speeds, PIPELINE, kind, times, PictureMillis::total, Comparison::all);
            part(speeds, PIPELINE_SPREAD, kind, times, PictureMillis::totalSpread, Comparison::all);
            runs.put(kind, new Run(kind.label(), kind.routing(), kind.prompts(), stages, speeds));
        });
        return compared(runs, List.of(PIPELINE_LLM, PIPELINE, PIPELINE_SPREAD));
    }

    private static Compared compared(Map<RunKind, Run> runs, List<String> parts) {
        return new Compared(new Part(List.copyOf(runs.values())), ratios(runs, parts));
    }

    private static long all(FlopCounts counts) {
        return counts.llm() + counts.vision() + counts.decoder();
    }

    /** @param millis of each pair */
    Speed speed(List<Double> millis, double gflop) {
        List<Double> rates = millis.stream().map(ms -> gflop / (ms / 1e3)).toList();
        List<Double> shares = IntStream.range(0, rates.size())
                .mapToObj(i -> rates.get(i) / gemm.get(i))
                .toList();
        return new Speed(Spread.of(millis), gflop, Spread.of(rates), Spread.of(shares));
    }

    private void part(
            Map<String, Speed> speeds,
            String name,
            RunKind kind,
            List<PictureMillis> times,
            ToDoubleFunction<PictureMillis> millis,
            ToLongFunction<FlopCounts> flops) {
        speeds.put(name, speed(perPrompt(kind, times, millis).values(), gflop(kind, flops)));
    }

    private static double llm(StageMillis stages) {
        return stages.prefix() + stages.prompt();
    }

    private static <T> Spread perPrompt(RunKind kind, List<T> times, ToDoubleFunction<T> millis) {
        return Spread.of(times.stream()
                .map(t -> millis.applyAsDouble(t) / kind.prompts())
                .toList());
    }

    /** Of one prompt, shared work divided evenly. */
    private double gflop(RunKind kind, ToLongFunction<FlopCounts> flops) {
        long sum = model.flops(kind.variant()).image(model.prompts(kind.prompts())).perPrompt().stream()
                .mapToLong(flops)
                .sum();
        return sum / 1e9 / kind.prompts();
    }

    /** Everything against one dense prompt alone, and routed against dense where both share. */
    private static List<Ratio> ratios(Map<RunKind, Run> runs, List<String> parts) {
        List<Ratio> ratios = new ArrayList<>();
        for (RunKind kind : runs.keySet()) {
            for (RunKind against : runs.keySet()) {
                boolean withBaseline = against.equals(RunKind.DENSE_ALONE) && !kind.equals(against);
                boolean routingAlone = kind.prompts() > 1
                        && kind.prompts() == against.prompts()
                        && against.routing().equals("dense")
                        && !kind.equals(against);
                if (withBaseline || routingAlone) {
                    parts.forEach(part -> ratios.add(ratio(runs.get(kind), runs.get(against), part)));
                }
            }
        }
        return ratios;
    }

    private static Ratio ratio(Run run, Run against, String part) {
        Speed fast = run.parts().get(part);
        Speed slow = against.parts().get(part);
        List<Double> speedUps = IntStream.range(
                        0, fast.millisPerPrompt().values().size())
                .mapToObj(i -> slow.millisPerPrompt().values().get(i)
                        / fast.millisPerPrompt().values().get(i))
                .toList();
        double share = fast.gflopPerPrompt() / slow.gflopPerPrompt();
        return new Ratio(
                run.name(),
                against.name(),
                part,
                Spread.of(speedUps),
                share,
                Spread.of(speedUps.stream().map(s -> s * share).toList()));
    }
}
