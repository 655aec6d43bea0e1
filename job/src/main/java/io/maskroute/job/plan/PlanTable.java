package io.maskroute.job.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A plan as lines that a person reads. */
public final class PlanTable {
    private static final double GIGABYTE = 1e9;
    private static final double TERA = 1e12;
    /** From such a ratio on, the speed of the LLM is another: its products have more rows, or fewer. */
    private static final double OTHERWISE = 2;

    private PlanTable() {}

    public static List<String> lines(PlanResult plan) {
        List<String> lines = new ArrayList<>();
        PlanResult.Dataset dataset = plan.dataset();
        row(
                lines,
                "dataset",
                "%s: %d images, %d prompts (%.2f per image, at most %d)",
                dataset.path(),
                dataset.images(),
                dataset.prompts(),
                dataset.promptsPerImage(),
                dataset.mostPromptsPerImage());
        dataset.unusable().forEach((reason, count) -> row(lines, "  will fail", "%d prompts: %s", count, reason));
        row(
                lines,
                "model",
                "%s: %.3g parameters, %s",
                plan.model().path(),
                (double) plan.model().parameters(),
                plan.model().dtype());
        row(
                lines,
                "routing",
                plan.routing().projectors().equals(PlanResult.DROPPING)
                        ? "%s: mask tokens from layer %d, image tokens dropped to %d of %d, mean over the layers"
                        : "%s: mask tokens from layer %d, %d of %d image tokens as proxies",
                plan.routing().source(),
                plan.routing().maskTokenLayer(),
                plan.routing().meanProxies(),
                plan.tokens().image());
        PlanResult.Tokens tokens = plan.tokens();
        row(
                lines,
                "tokens",
                "%d image, %d shared text, %d mask; own text %.1f on average, p95 %d, at most %d; %d passes",
                tokens.image(),
                tokens.sharedText(),
                tokens.mask(),
                tokens.ownTextMean(),
                tokens.ownTextP95(),
                tokens.ownTextMax(),
                tokens.passes());
        PlanResult.Flops flops = plan.flops();
        row(
                lines,
                "LLM FLOPs",
                "%.4g T: %.1f %% of each prompt alone and dense (dense and shared: %.1f %%)",
                flops.llm().doubleValue() / TERA,
                100 * flops.llmRatio(),
                flops.llmDense().signum() == 0
                        ? 0
                        : 100
                                * flops.llmDenseShared().doubleValue()
                                / flops.llmDense().doubleValue());
        row(
                lines,
                "all FLOPs",
                "%.4g T: vision %.4g T, mask decoder %.4g T; each prompt alone and dense %.4g T",
                flops.total().doubleValue() / TERA,
                flops.vision().doubleValue() / TERA,
                flops.decoder().doubleValue() / TERA,
                flops.totalDense() / TERA);
        PlanResult.Memory memory = plan.memory();
        row(
                lines,
                "memory",
                "about %.2f GB on the device: weights %.2f, adapter %.3f, keys and values %.3f, activations %.2f (pictures"
                        + " together: %d, prompts at once: %d)",
                memory.totalBytes() / GIGABYTE,
                memory.weightsBytes() / GIGABYTE,
                memory.adapterBytes() / GIGABYTE,
                memory.keysAndValuesBytes() / GIGABYTE,
                memory.activationsBytes() / GIGABYTE,
                memory.images(),
                memory.prompts());
        PlanResult.Time time = plan.time();
        if (time == null) {
            row(lines, "time", "unknown: measure this model with bench --json FILE and give --bench FILE");
        } else {
            row(
                    lines,
                    "time",
                    "%d executors x %.3g hours = %.3g %s, as fast as in %s",
                    time.executors(),
                    time.hours(),
                    time.allocatedHours(),
                    time.gpuHours() == null ? "executor-hours" : "GPU-hours",
                    time.bench());
            row(
                    lines,
                    "  model",
                    "%.3g hours of one: LLM %.3g, vision %.3g, mask decoder %.3g, masks %.3g; busy %.0f %% of the time",
                    time.executorHours(),
                    time.llmHours(),
                    time.visionHours(),
                    time.decoderHours(),
                    time.postprocessHours(),
                    100 * time.busyShare());
            if (time.benchImages() != 0 && time.benchImages() != memory.images()) {
                row(
                        lines,
                        "",
                        "pictures together: %d when measured, %d in a run; bench --pictures %d measures that",
                        time.benchImages(),
                        memory.images(),
                        memory.images());
            }
            double sharing =
                    tokens.passes() == 0 ? time.benchPrompts() : (double) dataset.usablePrompts() / tokens.passes();
            double ratio = sharing / time.benchPrompts();
            if (ratio >= OTHERWISE || ratio <= 1 / OTHERWISE) {
                row(
                        lines,
                        "",
                        "prompts that share a picture: %d when measured, %.1f in a run; bench --prompts %d measures that",
                        time.benchPrompts(),
                        sharing,
                        Math.round(sharing));
            }
            PlanResult.Preparation preparation = time.preparation();
            if (preparation == null) {
                row(lines, "  pictures", "preparing them is not in it: give --measured-run DIR of a finished run");
            } else {
                row(
                        lines,
                        "  pictures",
                        "%.3g core-hours to prepare them, as in %s: %d cores an executor keep its model busy, it has %d",
                        preparation.coreHours(),
                        preparation.run(),
                        preparation.coresToKeepBusy(),
                        preparation.cores());
            }
        }
        return lines;
    }

    private static void row(List<String> lines, String label, String format, Object... values) {
        lines.add(String.format(Locale.ROOT, "%-12s", label) + String.format(Locale.ROOT, format, values));
    }
}
