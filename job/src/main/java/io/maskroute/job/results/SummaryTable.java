package io.maskroute.job.results;

import io.maskroute.datasets.metrics.Score;
import io.maskroute.datasets.schema.PromptTask;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The table that a run ends with on the terminal. */
public final class SummaryTable {
    private static final int LABEL = 14;
    private static final int FAILURES_SHOWN = 5;

    private SummaryTable() {}

    private static String pictures(RunSummary.Lost lost) {
        if (lost.pictures() == null) {
            return "";
        }
        return String.format(
                Locale.ROOT,
                "%,d pictures%s: ",
                lost.pictures(),
                lost.prompts() == null ? "" : String.format(Locale.ROOT, " with %,d prompts", lost.prompts()));
    }

    public static List<String> lines(RunSummary summary) {
        List<String> lines = new ArrayList<>();
        row(
                lines,
                "images",
                "%,d%s",
                summary.images(),
                summary.imagesWithoutPrompts() == 0
                        ? ""
                        : String.format(Locale.ROOT, " (%,d without prompts)", summary.imagesWithoutPrompts()));
        row(lines, "prompts", "%,d: %,d ok, %,d failed", summary.prompts(), summary.ok(), summary.failed());
        summary.failures().stream()
                .limit(FAILURES_SHOWN)
                .forEach(f -> row(
                        lines,
                        "  failed",
                        "%,d %s/%s, e.g. %s%s",
                        f.prompts(),
                        f.stage(),
                        f.kind(),
                        f.examplePromptId() == null ? "one without a prompt_id" : f.examplePromptId(),
                        f.exampleMessage() == null ? "" : ": " + f.exampleMessage()));
        if (summary.failures().size() > FAILURES_SHOWN) {
            row(
                    lines,
                    "  failed",
                    "%d more kinds: see the report",
                    summary.failures().size() - FAILURES_SHOWN);
        }
        summary.lost().stream()
                .limit(FAILURES_SHOWN)
                .forEach(lost -> row(lines, "lost", "%s%s", pictures(lost), lost.reason()));
        if (summary.lost().size() > FAILURES_SHOWN) {
            row(
                    lines,
                    "lost",
                    "%d more parts of the dataset: summary.json lists them",
                    summary.lost().size() - FAILURES_SHOWN);
        }
        RunSummary.Metrics metrics = summary.metrics();
        if (metrics == null && summary.scores().isEmpty()) {
            row(lines, "metrics", "none: no prompt has ground truth");
        } else if (metrics != null) {
            row(lines, "cIoU", "%s", percent(metrics.cIoU()));
            row(lines, "gIoU", "%s", percent(metrics.gIoU()));
            row(
                    lines,
                    "Pr@0.5–0.9",
                    "%s %s %s %s %s",
                    percent(metrics.pr50()),
                    percent(metrics.pr60()),
                    percent(metrics.pr70()),
                    percent(metrics.pr80()),
                    percent(metrics.pr90()));
            if (metrics.noTarget() > 0) {
                row(
                        lines,
                        "no target",
                        "%,d of %,d prompts; N-acc %s, T-acc %s",
                        metrics.noTarget(),
                        metrics.samples(),
                        percent(metrics.noTargetAccuracy()),
                        percent(metrics.targetAccuracy()));
            }
        }
        // Those of referring prompts stand above, by one formula.
        summary.scores().stream()
                .filter(score -> !score.task().equals(PromptTask.REFERRING.label()))
                .collect(Collectors.groupingBy(
                        score -> score.task() + ", " + score.formula(), LinkedHashMap::new, Collectors.toList()))
                .forEach((heading, scores) -> row(
                        lines,
                        "",
                        "%s: %s",
                        heading,
                        scores.stream().map(SummaryTable::text).collect(Collectors.joining(", "))));
        String conditions = summary.conditions().line();
        if (!conditions.isEmpty()) {
            row(lines, "made with", "%s", conditions);
        }
        RunSummary.Latency total = summary.latencyMs().get(RunSummary.TOTAL);
        RunSummary.Latency work = summary.latencyMs().get(RunSummary.WORK);
        if (total != null) {
            row(
                    lines,
                    "latency",
                    "p50 %.0f ms, p95 %.0f ms per prompt (with waiting for the model: p50 %.0f ms, p95 %.0f ms)",
                    work.p50(),
                    work.p95(),
                    total.p50(),
                    total.p95());
        }
        if (summary.flops() != null) {
            row(
                    lines,
                    "LLM FLOPs",
                    "%.3g per prompt, %s of dense and unshared (by routing alone %s)",
                    summary.flops().llm(),
                    percent(summary.flops().llmRatio()),
                    percent(summary.flops().llmAloneRatio()));
        }
        if (summary.throughput() != null) {
            row(
                    lines,
                    "throughput",
                    "%.2f prompts/s, %.2f images/s over %.1f s",
                    summary.throughput().promptsPerSecond(),
                    summary.throughput().imagesPerSecond(),
                    summary.throughput().seconds());
        }
        for (String note : summary.notes()) {
            row(lines, "note", "%s", note);
        }
        return lines;
    }

    /** What larger least scores would give, the best gIoU marked; nothing when no prompt is without target. */
    public static List<String> byMinScore(RunSummary summary) {
        if (summary.byMinScore() == null) {
            return List.of();
        }
        double best = summary.byMinScore().stream()
                .mapToDouble(RunSummary.ByMinScore::gIoU)
                .max()
                .orElse(0);
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add(String.format(Locale.ROOT, "%-14s%10s%10s%10s%10s", "least score", "gIoU", "cIoU", "N-acc", "T-acc"));
        boolean marked = false;
        for (RunSummary.ByMinScore each : summary.byMinScore()) {
            boolean mark = !marked && each.gIoU() == best;
            marked |= mark;
            lines.add(String.format(
                            Locale.ROOT,
                            "%-14s%10s%10s%10s%10s",
                            each.minScore(),
                            percent(each.gIoU()),
                            percent(each.cIoU()),
                            percent(each.noTargetAccuracy()),
                            percent(each.targetAccuracy()))
                    + (mark ? "  best gIoU" : ""));
        }
        return lines;
    }

    private static void row(List<String> lines, String label, String format, Object... values) {
        lines.add(String.format(Locale.ROOT, "%-" + LABEL + "s", label) + String.format(Locale.ROOT, format, values));
    }

    private static String text(Score score) {
        return score.name() + " " + (score.value() == null ? "–" : percent(score.value()));
    }

    private static String percent(double fraction) {
        return String.format(Locale.ROOT, "%.2f %%", 100 * fraction);
    }
}
