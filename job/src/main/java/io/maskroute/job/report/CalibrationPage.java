package io.maskroute.job.report;

import io.maskroute.job.report.CalibrationFigures.Fit;
import io.maskroute.job.report.CalibrationFigures.Layer;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
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
        LayerCharts charts = new LayerCharts(html, figures.layers());
        charts.attention();
        for (int stride : strides(figures.layers())) {
            charts.errors("stride-" + stride, "FFN error at stride " + stride, layer -> layer.fit(stride));
        }
        html.close("div");
        table(html, figures.layers());
        facts(html, figures.facts());
        html.close("main").line();
        ReportWriter.footer(html);
        html.close("body").close("html").line();
        writer.flush();
    }

    private static List<Integer> strides(List<Layer> layers) {
        return layers.stream()
                .flatMap(layer -> layer.fits().stream().map(Fit::stride))
                .distinct()
                .sorted()
                .toList();
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
