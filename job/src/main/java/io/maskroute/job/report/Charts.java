package io.maskroute.job.report;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.Collectors;

/** The report's small charts, as SVG that takes its colours from the page's style. */
final class Charts {
    static final int WIDTH = 400;
    private static final int ROW = 30;
    private static final int LABEL_END = 106;
    private static final int BAR_END = 300;

    private Charts() {}

    /**
     * @param text the value as shown
     * @param style a class of the page's style: {@code bar} or {@code bar quiet}
     */
    record Bar(String label, double value, String text, String style) {}

    /** Horizontal bars on one scale from zero, one under the other. */
    static void bars(Html html, String title, List<Bar> bars) throws IOException {
        double longest = bars.stream()
                .mapToDouble(Bar::value)
                .filter(Double::isFinite)
                .max()
                .orElse(0);
        String inWords =
                bars.stream().map(bar -> bar.label() + " " + bar.text()).collect(Collectors.joining(", "));
        open(html, title + ": " + inWords, bars.size() * ROW);
        for (int i = 0; i < bars.size(); i++) {
            Bar bar = bars.get(i);
            int top = i * ROW;
            double length = longest > 0 && bar.value() > 0 ? (BAR_END - LABEL_END) * bar.value() / longest : 0;
            text(html, bar.label(), LABEL_END - 12, top + 20, "label end");
            rect(html, "track", LABEL_END, top + 8, BAR_END - LABEL_END);
            rect(html, bar.style(), LABEL_END, top + 8, Math.min(length, BAR_END - LABEL_END));
            text(html, bar.text(), WIDTH, top + 20, "value end");
        }
        html.close("svg");
    }

    /** Share of prompts over the IoU they reach. */
    static void precision(Html html, SortedMap<Double, Double> precisionAt) throws IOException {
        String inWords = precisionAt.entrySet().stream()
                .map(e -> "Pr@" + e.getKey() + " " + Units.percent(e.getValue()))
                .collect(Collectors.joining(", "));
        open(html, "Share of prompts that reach an IoU: " + inWords, 216);
        int left = 52;
        int right = WIDTH - 22;
        int top = 26;
        int bottom = 180;
        for (int share = 0; share <= 100; share += 25) {
            double y = bottom - (bottom - top) * share / 100.0;
            html.empty("line", "class", "grid", "x1", "" + left, "x2", "" + (right + 12), "y1", at(y), "y2", at(y));
            text(html, share + " %", left - 8, y + 4, "label end");
        }
        List<double[]> points = new ArrayList<>();
        double step = precisionAt.size() > 1 ? (right - left - 36.0) / (precisionAt.size() - 1) : 0;
        for (double share : precisionAt.values()) {
            double height = Double.isFinite(share) ? Math.max(0, Math.min(1, share)) : Double.NaN;
            points.add(new double[] {left + 24 + step * points.size(), bottom - (bottom - top) * height});
        }
        String path = points.stream()
                .filter(point -> Double.isFinite(point[1]))
                .map(point -> at(point[0]) + "," + at(point[1]))
                .collect(Collectors.joining(" "));
        html.empty("polyline", "class", "curve", "points", path);
        int i = 0;
        for (Map.Entry<Double, Double> entry : precisionAt.entrySet()) {
            double[] point = points.get(i++);
            text(html, entry.getKey().toString(), point[0], bottom + 20, "label middle");
            if (Double.isFinite(point[1])) {
                html.empty("circle", "class", "dot", "cx", at(point[0]), "cy", at(point[1]), "r", "4");
                text(html, Units.percent(entry.getValue()), point[0], point[1] - 10, "value middle");
            }
        }
        text(html, "IoU of at least", (left + right) / 2.0, bottom + 36, "label middle");
        html.close("svg");
    }

    /** A thin line, filled as far as the IoU. */
    static void meter(Html html, double iou) throws IOException {
        html.open(
                "svg", "class", "meter", "viewBox", "0 0 100 4", "preserveAspectRatio", "none", "aria-hidden", "true");
        html.empty("rect", "class", "track", "width", "100", "height", "4");
        html.empty("rect", "class", "bar", "width", at(100 * Math.max(0, Math.min(1, iou))), "height", "4");
        html.close("svg");
    }

    static void open(Html html, String label, int height) throws IOException {
        html.open(
                "svg", "class", "chart", "viewBox", "0 0 " + WIDTH + " " + height, "role", "img", "aria-label", label);
    }

    private static void rect(Html html, String style, double x, double y, double width) throws IOException {
        html.empty("rect", "class", style, "x", at(x), "y", at(y), "width", at(width), "height", "16", "rx", "2");
    }

    static void text(Html html, String text, double x, double y, String style) throws IOException {
        html.element("text", text, "class", style, "x", at(x), "y", at(y));
    }

    static String at(double coordinate) {
        return String.format(Locale.ROOT, "%.1f", coordinate);
    }
}
