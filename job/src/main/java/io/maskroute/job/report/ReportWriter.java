package io.maskroute.job.report;

import io.maskroute.job.report.Charts.Bar;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * Writes a report: one HTML file that needs nothing else, asks the network for nothing (its Content-Security-Policy forbids
 * it) and works from {@code file:}. Figures, failures and pictures show without JavaScript; filters and sorting need it.
 */
public final class ReportWriter {
    /** Prompts shown; with this many photographs of COCO's size (640x480) the file has about 4 MB. */
    public static final int GALLERY_LIMIT = 60;
    /** Longer side, in pixels, of the pictures in the file; larger ones are scaled down. */
    public static final int PICTURE_SIDE = 800;
    /** Kinds of failures listed. */
    public static final int FAILURE_LIMIT = 50;

    private static final String STYLE = Layers.style() + resource("report.css");
    private static final String SCRIPT = resource("report.js");

    private ReportWriter() {}

    /**
     * Writes the report as UTF-8, item by item, and leaves the stream open.
     *
     * @throws IOException if the stream cannot be written
     */
    public static void write(ReportData report, OutputStream out) throws IOException {
        Writer writer = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
        Html html = new Html(writer);
        head(html, report.title());
        html.open("body").element("a", "Skip to the pictures", "class", "skip", "href", "#gallery");
        header(html, report);
        html.line().open("main");
        figures(html, report.figures());
        charts(html, report);
        ScoreTables.write(html, report.scores());
        failures(html, report.failures());
        Gallery.write(html, report.gallery(), report.figures().prompts());
        run(html, report);
        html.close("main").line();
        footer(html);
        html.open("script").trusted(SCRIPT).close("script");
        html.close("body").close("html").line();
        writer.flush();
    }

    static void footer(Html html) throws IOException {
        html.open("footer")
                .text("Made by maskroute. This page holds everything it shows.")
                .close("footer");
    }

    static void head(Html html, String title) throws IOException {
        html.trusted("<!doctype html>\n")
                .open("html", "lang", "en")
                .open("head")
                .line();
        html.empty("meta", "charset", "utf-8").line();
        html.empty("meta", "http-equiv", "Content-Security-Policy", "content", policy())
                .line();
        html.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1")
                .line();
        html.empty("meta", "name", "color-scheme", "content", "light dark").line();
        // An empty icon keeps browsers from asking a server for one.
        html.empty("link", "rel", "icon", "href", "data:,").line();
        html.element("title", title + " – maskroute report").line();
        html.open("style").trusted(STYLE).close("style").close("head").line();
    }

    /** Nothing may be fetched, and only this page's own style and script count. */
    private static String policy() {
        return "default-src 'none'; img-src data:; style-src '" + hash(STYLE) + "'; script-src '" + hash(SCRIPT)
                + "'; base-uri 'none'; form-action 'none'";
    }

    private static void header(Html html, ReportData report) throws IOException {
        html.line().open("header").element("p", "maskroute run report", "class", "brand");
        html.open("h1").element("bdi", report.title()).close("h1");
        for (String note : report.notes()) {
            html.open("p", "class", "notice", "role", "note").element("strong", "Please note. ");
            html.element("bdi", note).close("p");
        }
        html.close("header");
    }

    private static void figures(Html html, RunFigures figures) throws IOException {
        section(html, "summary", "Summary");
        html.open("dl", "class", "tiles");
        tile(html, "Images", Units.count(figures.images()), null);
        tile(html, "Prompts", Units.count(figures.prompts()), Units.count(figures.ok()) + " ok");
        tile(
                html,
                "Failed",
                Units.count(figures.failed()),
                figures.prompts() > 0
                        ? Units.percent((double) figures.failed() / figures.prompts()) + " of prompts"
                        : null);
        if (figures.quality() != null) {
            RunFigures.Quality quality = figures.quality();
            tile(html, "cIoU", Units.percent(quality.cIoU()), "all pixels together");
            tile(html, "gIoU", Units.percent(quality.gIoU()), "mean of " + Units.count(quality.samples()) + " prompts");
            if (quality.verdicts() != null) {
                RunFigures.Verdicts verdicts = quality.verdicts();
                tile(
                        html,
                        "N-acc",
                        Units.percent(verdicts.noTargetAccuracy()),
                        "empty answers to " + Units.count(verdicts.noTarget()) + " prompts without target");
                tile(html, "T-acc", Units.percent(verdicts.targetAccuracy()), "answers to prompts with a target");
            }
        }
        if (figures.flops() != null) {
            RunFigures.Flops flops = figures.flops();
            tile(
                    html,
                    "LLM FLOPs",
                    Units.percent(flops.llmRatio()),
                    "of each prompt alone and dense; by routing alone " + Units.percent(flops.llmAloneRatio()));
        }
        if (figures.latency() != null) {
            tile(
                    html,
                    "Latency p50",
                    Units.millis(figures.latency().p50Ms()),
                    "per prompt; p95 " + Units.millis(figures.latency().p95Ms()));
        }
        if (figures.promptsPerSecond() != null) {
            tile(html, "Throughput", Units.rate(figures.promptsPerSecond()), "prompts, whole job");
        }
        html.close("dl").close("section").line();
    }

    private static void tile(Html html, String label, String value, String detail) throws IOException {
        html.open("div", "class", "tile").element("dt", label).element("dd", value, "class", "figure");
        if (detail != null) {
            html.element("dd", detail, "class", "detail");
        }
        html.close("div").line();
    }

    private static void charts(Html html, ReportData report) throws IOException {
        RunFigures figures = report.figures();
        html.open("div", "class", "charts");
        if (figures.quality() != null && !figures.quality().precisionAt().isEmpty()) {
            section(html, "precision", "Precision at IoU");
            html.element("p", "Share of prompts whose mask reaches an IoU.", "class", "hint");
            Charts.precision(html, figures.quality().precisionAt());
            html.close("section").line();
        }
        if (report.iouHistogram().stream().anyMatch(count -> count > 0)) {
            section(html, "histogram", "Prompts by IoU");
            html.element("p", "How many prompts reach which IoU.", "class", "hint");
            List<Bar> bars = new ArrayList<>();
            for (int bin = report.iouHistogram().size() - 1; bin >= 0; bin--) {
                long count = report.iouHistogram().get(bin);
                String from = Integer.toString(100 * bin / report.iouHistogram().size());
                bars.add(new Bar("from " + from + " %", count, Units.count(count), "bar"));
            }
            Charts.bars(html, "Prompts by IoU", bars);
            html.close("section").line();
        }
        if (figures.latency() != null && !figures.latency().stageMeansMs().isEmpty()) {
            section(html, "latency", "Latency by stage");
            html.element("p", "Mean per prompt; shared work is divided over its prompts.", "class", "hint");
            List<Bar> bars = new ArrayList<>();
            for (Map.Entry<String, Double> stage :
                    figures.latency().stageMeansMs().entrySet()) {
                bars.add(new Bar(stage.getKey(), stage.getValue(), Units.millis(stage.getValue()), "bar"));
            }
            Charts.bars(html, "Mean latency by stage", bars);
            html.close("section").line();
        }
        if (figures.flops() != null) {
            RunFigures.Flops flops = figures.flops();
            section(html, "flops", "FLOPs per prompt");
            html.element("p", "Mean, two per multiply-add.", "class", "hint");
            Charts.bars(
                    html,
                    "FLOPs per prompt",
                    List.of(
                            new Bar("LLM, dense", flops.llmDense(), Units.flops(flops.llmDense()), "bar quiet"),
                            new Bar("LLM, as run", flops.llm(), Units.flops(flops.llm()), "bar"),
                            new Bar("vision", flops.vision(), Units.flops(flops.vision()), "bar"),
                            new Bar("decoder", flops.decoder(), Units.flops(flops.decoder()), "bar")));
            html.close("section").line();
        }
        if (report.calibration() != null) {
            LayerCharts layers = new LayerCharts(html, report.calibration().layers());
            layers.attention();
            layers.errors("projectors", "FFN error of the routing adapter", layer -> layer.fit(layer.stride()));
        }
        html.close("div");
    }

    private static void failures(Html html, List<ReportData.FailureGroup> failures) throws IOException {
        section(html, "failures", "Failures");
        if (failures.isEmpty()) {
            html.element("p", "No prompt failed.", "class", "hint")
                    .close("section")
                    .line();
            return;
        }
        html.open("div", "class", "scroll", "role", "region", "aria-label", "Failures by kind", "tabindex", "0");
        html.open("table").open("thead").open("tr");
        for (String column : List.of("Stage", "Kind", "Prompts", "For example", "Prompt")) {
            html.element("th", column, "scope", "col", "class", column.equals("Prompts") ? "number" : null);
        }
        html.close("tr").close("thead").open("tbody");
        for (ReportData.FailureGroup group : failures.subList(0, Math.min(failures.size(), FAILURE_LIMIT))) {
            html.line().open("tr").element("td", group.stage()).open("td").element("code", group.kind());
            html.close("td").element("td", Units.count(group.count()), "class", "number");
            html.open("td", "class", "long")
                    .element("bdi", Gallery.brief(group.exampleMessage()))
                    .close("td");
            html.open("td")
                    .element("code", Gallery.brief(group.examplePromptId()))
                    .close("td")
                    .close("tr");
        }
        html.close("tbody").close("table").close("div");
        if (failures.size() > FAILURE_LIMIT) {
            html.element("p", (failures.size() - FAILURE_LIMIT) + " more kinds are not listed.", "class", "hint");
        }
        html.close("section").line();
    }

    private static void run(Html html, ReportData report) throws IOException {
        section(html, "run", "Run");
        html.open("dl", "class", "facts");
        for (Map.Entry<String, String> fact : report.run().entrySet()) {
            html.open("div").element("dt", fact.getKey()).open("dd");
            html.element("bdi", fact.getValue()).close("dd").close("div").line();
        }
        html.close("dl");
        if (report.config() != null) {
            html.open("details").element("summary", "Configuration");
            html.element("pre", report.config(), "tabindex", "0").close("details");
        }
        html.close("section").line();
    }

    static void section(Html html, String id, String title) throws IOException {
        html.line().open("section", "id", id, "aria-labelledby", id + "-title");
        html.element("h2", title, "id", id + "-title");
    }

    private static String hash(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return "sha256-" + Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** With line ends as the browser will hash them. */
    private static String resource(String name) {
        try (InputStream in = ReportWriter.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).replace("\r\n", "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
