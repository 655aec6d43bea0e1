package io.maskroute.job.report;

import io.maskroute.job.report.CalibrationFigures.Fit;
import io.maskroute.job.report.CalibrationFigures.Layer;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What a calibration measured, layer by layer, as sections with one chart each; layers run from left to right. */
final class LayerCharts {
    private static final int LEFT = 70;
    private static final int RIGHT = Charts.WIDTH - 6;
    private static final int TOP = 30;
    private static final int BOTTOM = 190;
    private static final int NUMBERS = BOTTOM + 24;
    private static final int STRIDES = BOTTOM + 44;
    private static final int HEIGHT = 246;
    /** Layer numbers that fit under the axis. */
    private static final int MOST_NUMBERS = 13;

    private final Html html;
    private final List<Layer> layers;
    private final double step;

    /** @param layers all of the LLM's, in order */
    LayerCharts(Html html, List<Layer> layers) {
        this.html = html;
        this.layers = layers;
        this.step = (double) (RIGHT - LEFT) / Math.max(1, layers.size());
    }

    /** Share of the mask tokens' attention that falls on image tokens, and where the schedule lets them in. */
    void attention() throws IOException {
        ReportWriter.section(html, "attention", "Where mask tokens look");
        html.element(
                "p",
                "Share of the mask tokens' attention that falls on image tokens, in the dense model: mean over heads, mask"
                        + " tokens and prompts. In pale layers the schedule has no mask tokens.",
                "class",
                "hint");
        open(
                "Attention of mask tokens to image tokens",
                layer -> Units.percent(layer.attention()) + (layer.maskTokens() ? "" : " without mask tokens"));
        double most = layers.stream()
                .mapToDouble(Layer::attention)
                .filter(Double::isFinite)
                .max()
                .orElse(1);
        // Four lines at whole percentages.
        double top = Math.max(1, Math.ceil(most * 25)) / 25;
        for (int line = 0; line <= 4; line++) {
            gridLine(BOTTOM - (BOTTOM - TOP) * line / 4.0, Math.round(top * line * 25) + " %");
        }
        for (Layer layer : layers) {
            if (Double.isFinite(layer.attention())) {
                double height = (BOTTOM - TOP) * Math.max(0, layer.attention()) / top;
                double width = Math.min(26, step * 0.72);
                html.empty(
                        "rect",
                        "class",
                        layer.maskTokens() ? "bar" : "bar quiet",
                        "x",
                        Charts.at(middle(layer) - width / 2),
                        "y",
                        Charts.at(BOTTOM - height),
                        "width",
                        Charts.at(width),
                        "height",
                        Charts.at(height));
            }
        }
        maskTokensJoin();
        axis();
        html.close("svg").close("section").line();
    }

    /**
     * Errors of projectors, untrained and fitted, on a logarithmic scale.
     *
     * @param fit the projector of a layer that is shown
     */
    void errors(String id, String title, Function<Layer, Optional<Fit>> fit) throws IOException {
        List<Fit> shown =
                layers.stream().flatMap(layer -> fit.apply(layer).stream()).toList();
        if (shown.isEmpty()) {
            return;
        }
        ReportWriter.section(html, id, title);
        html.element(
                "p",
                "Squared error of the projected change over the squared change, on held-out pictures: untrained (pale) and"
                        + " fitted. The scale is logarithmic.",
                "class",
                "hint");
        open(title, layer -> fit.apply(layer)
                .map(f -> Units.percent(f.untrained()) + " untrained, " + Units.percent(f.fitted()) + " fitted")
                .orElse("dense"));
        int least = decade(
                shown.stream()
                        .mapToDouble(f -> Math.min(f.untrained(), f.fitted()))
                        .min()
                        .orElse(1),
                false);
        int most = Math.max(
                least + 1,
                decade(
                        shown.stream()
                                .mapToDouble(f -> Math.max(f.untrained(), f.fitted()))
                                .max()
                                .orElse(1),
                        true));
        for (int decade = least; decade <= most; decade++) {
            gridLine(height(Math.pow(10, decade), least, most), label(decade));
        }
        for (Layer layer : layers) {
            Optional<Fit> chosen = fit.apply(layer);
            if (chosen.isPresent()) {
                double untrained = height(chosen.get().untrained(), least, most);
                double fitted = height(chosen.get().fitted(), least, most);
                String x = Charts.at(middle(layer));
                html.empty(
                        "line", "class", "gain", "x1", x, "x2", x, "y1", Charts.at(untrained), "y2", Charts.at(fitted));
                dot("dot quiet", x, untrained);
                dot("dot", x, fitted);
            }
        }
        axis();
        html.close("svg").close("section").line();
    }

    private void open(String title, Function<Layer, String> value) throws IOException {
        Charts.open(
                html,
                title + ": "
                        + layers.stream()
                                .map(layer -> "layer " + layer.layer() + " " + value.apply(layer))
                                .collect(Collectors.joining(", ")),
                HEIGHT);
    }

    private double middle(Layer layer) {
        return LEFT + step * (layer.layer() + 0.5);
    }

    private void gridLine(double y, String label) throws IOException {
        html.empty("line", "class", "grid", "x1", "" + LEFT, "x2", "" + RIGHT, "y1", Charts.at(y), "y2", Charts.at(y));
        Charts.text(html, label, LEFT - 8, y + 4, "label end");
    }

    private void maskTokensJoin() throws IOException {
        Optional<Layer> first = layers.stream().filter(Layer::maskTokens).findFirst();
        if (first.isEmpty() || first.get().layer() == 0) {
            return;
        }
        double x = LEFT + step * first.get().layer();
        html.empty(
                "line",
                "class",
                "mark",
                "x1",
                Charts.at(x),
                "x2",
                Charts.at(x),
                "y1",
                "" + (TOP - 18),
                "y2",
                "" + BOTTOM);
        boolean leftHalf = x < (LEFT + RIGHT) / 2.0;
        Charts.text(html, "mask tokens join", leftHalf ? x + 6 : x - 6, TOP - 10, leftHalf ? "label" : "label end");
    }

    /** Numbers of the layers, and the strides that the schedule has for them. */
    private void axis() throws IOException {
        int every = (layers.size() + MOST_NUMBERS - 1) / MOST_NUMBERS;
        Charts.text(html, "layer", LEFT - 8, NUMBERS, "label end");
        Charts.text(html, "stride", LEFT - 8, STRIDES, "label end");
        for (Layer layer : layers) {
            if (layer.layer() % Math.max(1, every) == 0) {
                Charts.text(html, Integer.toString(layer.layer()), middle(layer), NUMBERS, "label middle");
            }
            Charts.text(
                    html,
                    layer.stride() == 1 ? "·" : Integer.toString(layer.stride()),
                    middle(layer),
                    STRIDES,
                    "value middle");
        }
    }

    private void dot(String style, String x, double y) throws IOException {
        html.empty("circle", "class", style, "cx", x, "cy", Charts.at(y), "r", Charts.at(Math.min(4, step * 0.3)));
    }

    private static double height(double error, int least, int most) {
        double share = (Math.log10(error) - least) / (most - least);
        return BOTTOM - (BOTTOM - TOP) * (Double.isFinite(share) ? Math.max(0, Math.min(1, share)) : 0);
    }

    /** The power of ten next to an error, from 0.0001 % to 10,000 %. */
    private static int decade(double error, boolean above) {
        double exponent = Math.log10(error);
        return (int) Math.max(-6, Math.min(2, above ? Math.ceil(exponent) : Math.floor(exponent)));
    }

    private static String label(int decade) {
        return decade >= -2 ? Math.round(Math.pow(10, decade + 2)) + " %" : "0." + "0".repeat(-3 - decade) + "1 %";
    }
}
