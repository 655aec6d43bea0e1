package io.maskroute.job.report;

import io.maskroute.job.report.CalibrationFigures.Fit;
import io.maskroute.job.report.CalibrationFigures.Layer;
import io.maskroute.job.report.Charts.Bar;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Writes the page of a calibration: one HTML file like {@link ReportWriter}'s, without script or pictures. */
public final class CalibrationPage {
    private CalibrationPage() {}

    /** Writes the page as UTF-8 and leaves the stream open. */
    public static void write(CalibrationFigures figures, OutputStream out) throws IOException {
        Writer writer = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
        Html html = new Html(writer);
        ReportWriter.head(html, figures.title());
        html.open("body").open("header").element("p", "maskroute calibration", "class", "brand");
        html.open("h1").element("bdi", figures.title()).close("h1").close("header");
        html.line().open("main").open("div", "class", "charts");
        attention(html, figures.layers());
        errors(html, figures.layers());
        html.close("div");
        table(html, figures.layers());
        facts(html, figures.facts());
        html.close("main").line();
        html.open("footer")
                .text("Made by maskroute. This page holds everything it shows.")
                .close("footer");
        html.close("body").close("html").line();
        writer.flush();
    }

    private static void attention(Html html, List<Layer> layers) throws IOException {
        ReportWriter.section(html, "attention", "Attention of mask tokens to image tokens");
        html.element(
                "p",
                "Share of the mask tokens' attention in the dense model: mean over heads, mask tokens and prompts. Layers that"
                        + " the schedule leaves out for mask tokens are pale.",
                "class",
                "hint");
        List<Bar> bars = new ArrayList<>();
        for (Layer layer : layers) {
            bars.add(new Bar(
                    "layer " + layer.layer(),
                    layer.attention(),
                    Units.percent(layer.attention()),
                    layer.maskTokens() ? "bar" : "bar quiet"));
        }
        Charts.bars(html, "Attention of mask tokens to image tokens", bars);
        html.close("section").line();
    }

    private static void errors(Html html, List<Layer> layers) throws IOException {
        List<Integer> strides = layers.stream()
                .flatMap(layer -> layer.fits().stream().map(Fit::stride))
                .distinct()
                .sorted()
                .toList();
        for (int stride : strides) {
            ReportWriter.section(html, "stride-" + stride, "FFN error at stride " + stride);
            html.element(
                    "p",
                    "Squared error of the projected change over the squared change, on held-out pictures: untrained (pale) and"
                            + " fitted.",
                    "class",
                    "hint");
            List<Bar> bars = new ArrayList<>();
            for (Layer layer : layers) {
                for (Fit fit : layer.fits()) {
                    if (fit.stride() == stride) {
                        bars.add(new Bar(
                                "layer " + layer.layer(),
                                fit.untrained(),
                                Units.percent(fit.untrained()),
                                "bar quiet"));
                        bars.add(new Bar("", fit.fitted(), Units.percent(fit.fitted()), "bar"));
                    }
                }
            }
            Charts.bars(html, "Error untrained and fitted at stride " + stride, bars);
            html.close("section").line();
        }
    }

    private static void table(Html html, List<Layer> layers) throws IOException {
        ReportWriter.section(html, "layers", "Layers");
        html.open("div", "class", "scroll", "role", "region", "aria-label", "Layers", "tabindex", "0");
        html.open("table").open("thead").open("tr");
        for (String column :
                List.of("Layer", "Schedule", "Mask tokens", "Stride", "Untrained", "Without delta", "Fitted", "Gain")) {
            html.element("th", column, "scope", "col");
        }
        html.close("tr").close("thead").open("tbody");
        for (Layer layer : layers) {
            String schedule = layer.stride() == 1 ? "dense" : "stride " + layer.stride();
            String masks = layer.maskTokens() ? "present" : "not yet";
            if (layer.fits().isEmpty()) {
                row(html, Integer.toString(layer.layer()), schedule, masks, "–", "–", "–", "–", "–");
            }
            for (Fit fit : layer.fits()) {
                row(
                        html,
                        Integer.toString(layer.layer()),
                        schedule,
                        masks,
                        Integer.toString(fit.stride()),
                        Units.percent(fit.untrained()),
                        Units.percent(fit.projector()),
                        Units.percent(fit.fitted()),
                        Units.score(fit.untrained() / fit.fitted()) + "x");
            }
        }
        html.close("tbody").close("table").close("div").close("section").line();
    }

    private static void row(Html html, String... cells) throws IOException {
        html.line().open("tr");
        for (String cell : cells) {
            html.element("td", cell);
        }
        html.close("tr");
    }

    private static void facts(Html html, Map<String, String> facts) throws IOException {
        ReportWriter.section(html, "run", "Calibration");
        html.open("dl", "class", "facts");
        for (Map.Entry<String, String> fact : facts.entrySet()) {
            html.open("div").element("dt", fact.getKey()).open("dd");
            html.element("bdi", fact.getValue()).close("dd").close("div").line();
        }
        html.close("dl").close("section").line();
    }
}
