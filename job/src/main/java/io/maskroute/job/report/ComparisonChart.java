package io.maskroute.job.report;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.DoubleSummaryStatistics;
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
    private static final int TOP = 32;
    private static final int BOTTOM = 306;
    private static final int NAME_STEP = 18;
    private static final String GREY = "#808080";
    private static final String BLUE = "#3b82c4";

    private ComparisonChart() {}

    private record Point(String name, double x, double y) {}

    /**
     * Shares on the vertical axis. It need not begin at 0: what the points differ by is to be seen.
     *
     * @param step from tick to tick
     * @param first the lowest tick, in steps
     * @param last the highest tick, in steps
     */
    record Axis(double step, int first, int last) {
        private static final double[] STEPS = {0.005, 0.01, 0.02, 0.05, 0.1, 0.2};
        private static final int MOST_STEPS = 6;
        private static final double ROUNDING = 1e-9;

        static Axis of(DoubleSummaryStatistics values) {
            double low = values.getCount() == 0 ? 0 : values.getMin();
            double high = values.getCount() == 0 ? 1 : values.getMax();
            Axis axis = null;
            for (double step : STEPS) {
                int first = (int) Math.floor(low / step + ROUNDING);
                axis = new Axis(step, first, Math.max(first + 1, (int) Math.ceil(high / step - ROUNDING)));
                if (axis.last - first <= MOST_STEPS) {
                    break;
                }
            }
            return axis;
        }

        double y(double share) {
            return BOTTOM - (BOTTOM - TOP) * (share / step - first) / (last - first);
        }

        String label(int tick) {
            double percent = 100 * step * tick;
            return String.format(Locale.ROOT, step < 0.01 ? "%.1f %%" : "%.0f %%", percent);
        }
    }

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
        Axis axis = Axis.of(shown.stream().mapToDouble(ComparedRun::cIoU).summaryStatistics());
        for (double share = 0; share <= most + 1e-9; share += 0.2) {
            text(svg, Math.round(100 * share) + " %", x(share, most), BOTTOM + 20, "middle");
        }
        for (int tick = axis.first(); tick <= axis.last(); tick++) {
            double y = axis.y(tick * axis.step());
            line(svg, LEFT, y, RIGHT, y, "0.25");
            text(svg, axis.label(tick), LEFT - 8, y + 4, "end");
        }
        text(svg, "cIoU", LEFT - 8, TOP - 12, "end");
        text(svg, "LLM FLOPs of a prompt alone, dense = 100 %", (LEFT + RIGHT) / 2.0, BOTTOM + 42, "middle");
        List<Point> points = new ArrayList<>();
        for (ComparedRun run : shown) {
            points.add(new Point(
                    run.name() + ", " + Units.percent(run.cIoU()), x(run.llmAloneRatio(), most), axis.y(run.cIoU())));
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
