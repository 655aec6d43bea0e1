package io.maskroute.job.bench;

import io.maskroute.job.bench.BenchResult.Part;
import io.maskroute.job.bench.BenchResult.Ratio;
import io.maskroute.job.bench.BenchResult.Run;
import io.maskroute.job.bench.BenchResult.Speed;
import io.maskroute.job.bench.BenchResult.VisionStage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** A result as lines that a person reads. Spreads are given as median (least – most). */
public final class BenchTable {
    private static final double GIGABYTE = 1e9;

    private BenchTable() {}

    public static List<String> lines(BenchResult result) {
        List<String> lines = new ArrayList<>();
        BenchResult.Model model = result.model();
        line(
                lines,
                "model      %s: %.3g parameters, %s on %s",
                model.weights(),
                (double) model.parameters(),
                model.dtype(),
                model.device());
        line(
                lines,
                "sequence   %d image + %d text (%d + %d shared, %d a prompt's own) + %d mask tokens; %d prompts per picture where"
                        + " shared; pictures at once: %d",
                model.imageTokens(),
                model.textTokens(),
                model.text().prefix(),
                model.text().task(),
                model.text().condition() + model.text().suffix(),
                model.maskTokens(),
                model.promptsPerImage(),
                model.imagesPerCall());
        BenchResult.Routing routing = result.routing();
        line(
                lines,
                "routing    %s, %s projectors: mask tokens from layer %d, %d proxies, %s of the dense LLM FLOPs for a"
                        + " prompt alone",
                routing.source(),
                routing.projectors(),
                routing.maskTokenLayer(),
                routing.meanProxies(),
                percent(routing.llmFlopsShare()));
        BenchResult.Machine machine = result.machine();
        line(
                lines,
                "machine    %d cores, %s%s, PyTorch %s, %s, load %s",
                machine.cores(),
                machine.cpu(),
                machine.gpus().stream().map(gpu -> ", " + gpu).collect(Collectors.joining()),
                machine.pytorch(),
                machine.threads() == 0 ? "PyTorch's number of threads" : machine.threads() + " threads",
                machine.loadAverage() == null ? "unknown" : String.format(Locale.ROOT, "%.1f", machine.loadAverage()));
        line(
                lines,
                "GEMM %d  %s GFLOP/s; %d pairs of runs",
                result.gemmSide(),
                spread("%.0f", result.gemmGflopPerSecond()),
                result.pairs());
        if (result.llm() != null) {
            part(lines, "LLM alone", result.llm(), result.ratios());
        }
        if (result.image() != null) {
            part(lines, "whole pictures", result.image(), result.ratios());
            line(
                    lines,
                    "  %s: with the scores that the model gives; random weights give all masks alike, the worst case of"
                            + " post-processing",
                    BenchResult.PIPELINE);
            line(
                    lines,
                    "  %s: the same run, post-processing with scores that differ as a trained model's do (%s)",
                    BenchResult.PIPELINE_SPREAD,
                    BenchResult.POSTPROCESS_SPREAD);
        }
        if (result.vision() != null) {
            vision(lines, result.vision());
        }
        memory(lines, result.memory());
        lines.add("");
        lines.add(inShort(result));
        return lines;
    }

    /** What all the figures come to, for who reads one line. */
    private static String inShort(BenchResult result) {
        List<String> parts = new ArrayList<>();
        fast(result, "routed_alone", BenchResult.LLM)
                .ifPresent(ratio -> parts.add(String.format(
                        Locale.ROOT,
                        "routing makes the LLM %.2f times as fast for a prompt alone, at %s of its FLOPs",
                        ratio.speedUp().median(),
                        percent(ratio.flopsShare()))));
        fast(result, "routed_shared", BenchResult.LLM)
                .ifPresent(ratio -> parts.add(String.format(
                        Locale.ROOT,
                        "with %d prompts to a picture routing and sharing make it %.1f times as fast",
                        result.model().promptsPerImage(),
                        ratio.speedUp().median())));
        fast(result, "routed_shared", BenchResult.PIPELINE)
                .ifPresent(ratio -> parts.add(String.format(
                        Locale.ROOT,
                        "and the whole of a picture %.1f times",
                        ratio.speedUp().median())));
        fast(result, "routed_alone", BenchResult.PIPELINE)
                .ifPresent(ratio -> parts.add(String.format(
                        Locale.ROOT,
                        "and the whole of a picture %.2f times",
                        ratio.speedUp().median())));
        return "In short: " + String.join(", ", parts) + ".";
    }

    private static Optional<Ratio> fast(BenchResult result, String run, String part) {
        return result.ratios().stream()
                .filter(ratio -> ratio.run().equals(run)
                        && ratio.against().equals(RunKind.DENSE_ALONE.label())
                        && ratio.part().equals(part))
                .findFirst();
    }

    /** @param ratios those of other parts are left out */
    private static void part(List<String> lines, String title, Part part, List<Ratio> ratios) {
        lines.add("");
        line(lines, "%-32s %-26s %10s %10s %8s", title, "ms per prompt", "GFLOP", "GFLOP/s", "of GEMM");
        for (Run run : part.runs()) {
            run.parts().forEach((name, speed) -> speed(lines, run.name() + ", " + name, speed));
            StringBuilder stages = new StringBuilder();
            run.stageMillisPerPrompt().forEach((stage, millis) -> stages.append(stages.isEmpty() ? "" : ", ")
                    .append(stage)
                    .append(' ')
                    .append(String.format(Locale.ROOT, "%.4g", millis.median())));
            line(lines, "    stages: %s", stages);
        }
        Set<String> names = part.runs().get(0).parts().keySet();
        for (Ratio ratio : ratios) {
            if (!names.contains(ratio.part())) {
                continue;
            }
            line(
                    lines,
                    "  %s against %s, %s: %s at %s of the FLOPs, conversion %s",
                    ratio.run(),
                    ratio.against(),
                    ratio.part(),
                    spread("%.2fx", ratio.speedUp()),
                    percent(ratio.flopsShare()),
                    spread("%.2f", ratio.conversion()));
        }
    }

    private static void speed(List<String> lines, String name, Speed speed) {
        line(
                lines,
                "  %-30s %-26s %10.4g %10.0f %8s",
                name,
                spread("%.4g", speed.millisPerPrompt()),
                speed.gflopPerPrompt(),
                speed.gflopPerSecond().median(),
                percent(speed.shareOfGemmPeak().median()));
    }

    private static void vision(List<String> lines, List<VisionStage> stages) {
        lines.add("");
        line(lines, "%-32s %-26s %10s %10s %8s", "vision, one picture", "ms", "GFLOP", "GFLOP/s", "of GEMM");
        for (VisionStage stage : stages) {
            String name = (stage.partOf() == null ? "" : "  of it ") + stage.stage();
            if (stage.gflop() == null) {
                line(lines, "  %-30s %s", name, spread("%.4g", stage.millis()));
            } else {
                speed(
                        lines,
                        name,
                        new Speed(stage.millis(), stage.gflop(), stage.gflopPerSecond(), stage.shareOfGemmPeak()));
            }
        }
    }

    private static void memory(List<String> lines, BenchResult.Memory memory) {
        lines.add("");
        if (memory.peakRssBytes() == null) {
            line(lines, "memory     unknown: this system has no /proc/self/status");
            return;
        }
        line(
                lines,
                "memory     peak %.2f GB resident, at most %.2f GB of it beyond the Java heap; %.2f GB after loading, %.2f GB"
                        + " after warming up, %.2f GB at the end",
                memory.peakRssBytes() / GIGABYTE,
                memory.peakRssBeyondHeapBytes() / GIGABYTE,
                memory.rssAfterLoadBytes() / GIGABYTE,
                memory.rssAfterWarmUpBytes() / GIGABYTE,
                memory.rssAtEndBytes() / GIGABYTE);
    }

    private static String spread(String format, Spread spread) {
        return String.format(Locale.ROOT, format, spread.median())
                + String.format(Locale.ROOT, " (" + format + " – " + format + ")", spread.min(), spread.max());
    }

    private static String percent(double fraction) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * fraction);
    }

    private static void line(List<String> lines, String format, Object... values) {
        lines.add(String.format(Locale.ROOT, format, values));
    }
}
