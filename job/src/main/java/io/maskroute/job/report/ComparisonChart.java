package io.maskroute.job.report;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Points of cIoU over LLM FLOPs with their names in a column beside them, as SVG that needs no style: it is a file of its own too,
 * on light and dark pages.
 */
final class ComparisonChart {
    private static final int WIDTH = 720;
    private static final int HEIGHT = 360;
    private static final int LEFT = 56;
    private static final int RIGHT = 470;
    private static final int TOP = 16;
    private static final int BOTTOM = 306;
    private static final int NAME_STEP = 18;
    private static final String GREY = "#808080";
    private static final String BLUE = "#3b82c4";

    private ComparisonChart() {}

    private record Point(String name, double x, double y) {}

    static void write(Html svg, List<ComparedRun> runs) throws IOException {
        List<ComparedRun> shown = runs.stream()
                .filter(run -> Double.isFinite(run.cIoU()) && Double.isFinite(run.llmAloneRatio()))
                .toList();
        String inWords = shown.stream()
                .map(run -> run.name() + " " + Units.percent(run.cIoU()) + " at " + Units.percent(run.llmAloneRatio()))
                .collect(Collectors.joining(", "));
        svg.open(
                "svg",
                "xmlns",
                "http://www.w3.org/2000/svg",
                "viewBox",
                "0 0 " + WIDTH + " " + HEIGHT,
                "role",
                "img",
                "aria-label",
                "cIoU over LLM FLOPs: " + inWords,
                "font-family",
                "system-ui, sans-serif",
                "font-size",
                "13",
                "fill",
                GREY);
        double most = Math.max(
                1, shown.stream().mapToDouble(ComparedRun::llmAloneRatio).max().orElse(1));
        double low = Math.floor(
                        10 * shown.stream().mapToDouble(ComparedRun::cIoU).min().orElse(0))
                / 10;
        double high = Math.max(
                low + 0.1,
                Math.ceil(10
                                * shown.stream()
                                        .mapToDouble(ComparedRun::cIoU)
                                        .max()
                                        .orElse(1))
                        / 10);
        for (double share = 0; share <= most + 1e-9; share += 0.2) {
            text(svg, Math.round(100 * share) + " %", x(share, most), BOTTOM + 20, "middle");
        }
        for (int tenth = (int) Math.round(10 * low); tenth <= Math.round(10 * high); tenth++) {
            double y = y(tenth / 10.0, low, high);
            line(svg, LEFT, y, RIGHT, y, "0.25");
            text(svg, 10 * tenth + " %", LEFT - 8, y + 4, "end");
        }
        text(svg, "LLM FLOPs of a prompt alone, dense = 100 %", (LEFT + RIGHT) / 2.0, BOTTOM + 42, "middle");
        List<Point> points = new ArrayList<>();
        for (ComparedRun run : shown) {
            points.add(new Point(run.name(), x(run.llmAloneRatio(), most), y(run.cIoU(), low, high)));
        }
        points.sort(Comparator.comparingDouble(Point::y));
        double lowest = BOTTOM - NAME_STEP * (points.size() - 1.0);
        double next = TOP;
        for (Point point : points) {
            // Names keep their points' order, a line apart; the later ones must still find room.
            double at = Math.max(next, Math.min(point.y(), Math.max(lowest, next)));
            line(svg, point.x(), point.y(), RIGHT + 14, at, "0.5");
            svg.empty("circle", "cx", at(point.x()), "cy", at(point.y()), "r", "5", "fill", BLUE);
            text(svg, point.name(), RIGHT + 18, at + 4, "start");
            next = at + NAME_STEP;
            lowest += NAME_STEP;
        }
        svg.close("svg");
    }

    private static double x(double share, double most) {
        return LEFT + (RIGHT - LEFT) * share / most;
    }

    private static double y(double cIoU, double low, double high) {
        return BOTTOM - (BOTTOM - TOP) * (cIoU - low) / (high - low);
    }

    private static void line(Html svg, double x1, double y1, double x2, double y2, String opacity) throws IOException {
        svg.empty(
                "line",
                "x1",
                at(x1),
                "y1",
                at(y1),
                "x2",
                at(x2),
                "y2",
                at(y2),
                "stroke",
                GREY,
                "stroke-opacity",
                opacity);
    }

    private static void text(Html svg, String text, double x, double y, String anchor) throws IOException {
        svg.element("text", text, "x", at(x), "y", at(y), "text-anchor", anchor);
    }

    private static String at(double coordinate) {
        return String.format(Locale.ROOT, "%.1f", coordinate);
    }
}
