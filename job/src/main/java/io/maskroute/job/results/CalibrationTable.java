package io.maskroute.job.results;

import io.maskroute.core.calibration.ProjectorSolver;
import io.maskroute.job.report.CalibrationFigures;
import io.maskroute.job.results.CalibrationResult.Candidate;
import io.maskroute.job.results.CalibrationResult.Fit;
import io.maskroute.job.results.CalibrationResult.Layer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** A calibration as lines that a person reads, and as what its page shows. */
public final class CalibrationTable {
    private static final String NONE = "-";

    private CalibrationTable() {}

    public static List<String> lines(CalibrationResult result) {
        List<String> lines = new ArrayList<>();
        facts(result).forEach((name, value) -> lines.add(String.format(Locale.ROOT, "%-14s%s", name, value)));
        lines.add("");
        lines.add(String.format(
                Locale.ROOT,
                "%-6s %-9s %-12s %10s %10s %10s %7s %11s",
                "layer",
                "schedule",
                "mask tokens",
                "untrained",
                "no delta",
                "fitted",
                "gain",
                "attention"));
        for (Layer layer : result.layers()) {
            int stride = result.schedule().strides().get(layer.layer());
            Optional<Fit> chosen =
                    layer.fits().stream().filter(fit -> fit.stride() == stride).findFirst();
            lines.add(String.format(
                    Locale.ROOT,
                    "%-6d %-9s %-12s %10s %10s %10s %7s %11s",
                    layer.layer(),
                    stride == 1 ? "dense" : "stride " + stride,
                    layer.layer() < result.schedule().maskTokenLayer() ? "not yet" : "present",
                    chosen.map(fit -> error(fit.untrained())).orElse(NONE),
                    chosen.map(fit -> error(fit.projector())).orElse(NONE),
                    chosen.map(fit -> error(fit.fitted())).orElse(NONE),
                    chosen.map(fit -> String.format(Locale.ROOT, "%.2fx", fit.untrained() / fit.fitted()))
                            .orElse(NONE),
                    layer.attention() == null ? NONE : percent(layer.attention())));
        }
        return lines;
    }

    /** Of the whole calibration. */
    private static Map<String, String> facts(CalibrationResult result) {
        Map<String, String> facts = new LinkedHashMap<>();
        CalibrationResult.Dataset dataset = result.dataset();
        facts.put(
                "pictures",
                String.format(
                        Locale.ROOT,
                        "%,d fitted to, %,d held out%s",
                        dataset.pictures(),
                        dataset.heldOut(),
                        skipped(dataset.skippedPictures())));
        facts.put(
                "prompts",
                String.format(
                        Locale.ROOT,
                        "%,d, %.1f text tokens of their own%s",
                        dataset.prompts(),
                        dataset.meanOwnText(),
                        skipped(dataset.skippedPrompts())));
        facts.put(
                "projectors",
                String.format(
                        Locale.ROOT,
                        "%s, ridge %s; %d passes, sums of %.3f GB in each task",
                        result.projectors().kind(),
                        result.projectors().ridge() == ProjectorSolver.Options.BY_SAMPLES
                                ? "by samples"
                                : Double.toString(result.projectors().ridge()),
                        result.passes(),
                        result.projectors().sumsBytes() / 1e9));
        CalibrationResult.Schedule schedule = result.schedule();
        facts.put(
                "schedule",
                "mask tokens from layer " + schedule.maskTokenLayer()
                        + (schedule.flopsRatio() == null
                                ? ""
                                : ", LLM FLOPs of a prompt alone " + percent(schedule.flopsRatio()) + " of dense"));
        long worse = result.layers().stream()
                .flatMap(layer -> layer.fits().stream()
                        .filter(fit -> fit.stride() == schedule.strides().get(layer.layer())))
                .filter(fit -> fit.fitted() > fit.untrained())
                .count();
        if (worse > 0) {
            facts.put(
                    "note",
                    worse + " projectors of the schedule are worse than untrained ones on held-out pictures: give more"
                            + " pictures, or a larger --ridge");
        }
        CalibrationResult.Search search = result.search();
        if (search != null) {
            facts.put(
                    "budget",
                    String.format(
                            Locale.ROOT,
                            "%s; the least possible is %s",
                            percent(search.flopsBudget()),
                            percent(search.floor())));
            facts.put("damage", damage(search.chosen()) + uniform(search.uniform()));
        }
        return facts;
    }

    private static String uniform(Candidate uniform) {
        if (uniform == null) {
            return "; no schedule of one stride is within the budget";
        }
        return "; best schedule of one stride: " + damage(uniform);
    }

    private static String damage(Candidate candidate) {
        return String.format(
                Locale.ROOT,
                "%.4g (image tokens %.4g, mask tokens %.4g, joining at layer %d)",
                candidate.imageDamage() + candidate.maskTokenDamage(),
                candidate.imageDamage(),
                candidate.maskTokenDamage(),
                candidate.maskTokenLayer());
    }

    private static String skipped(Map<String, Long> reasons) {
        if (reasons.isEmpty()) {
            return "";
        }
        StringBuilder text = new StringBuilder("; left out: ");
        reasons.forEach((reason, count) -> text.append(text.toString().endsWith(": ") ? "" : ", ")
                .append(count)
                .append(' ')
                .append(reason));
        return text.toString();
    }

    public static CalibrationFigures figures(CalibrationResult result) {
        List<CalibrationFigures.Layer> layers = new ArrayList<>();
        for (Layer layer : result.layers()) {
            layers.add(new CalibrationFigures.Layer(
                    layer.layer(),
                    layer.attention() == null ? Double.NaN : layer.attention(),
                    result.schedule().strides().get(layer.layer()),
                    layer.layer() >= result.schedule().maskTokenLayer(),
                    layer.fits().stream()
                            .map(fit -> new CalibrationFigures.Fit(
                                    fit.stride(), fit.untrained(), fit.projector(), fit.fitted()))
                            .toList()));
        }
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("model", result.model().path());
        facts.put("dataset", result.dataset().path());
        facts.putAll(facts(result));
        return new CalibrationFigures("Routing adapter of " + result.model().path(), layers, facts);
    }

    /** Errors differ by orders of magnitude. */
    private static String error(double fraction) {
        return String.format(Locale.ROOT, "%.3g %%", 100 * fraction);
    }

    private static String percent(double fraction) {
        return String.format(Locale.ROOT, "%.2f %%", 100 * fraction);
    }
}
