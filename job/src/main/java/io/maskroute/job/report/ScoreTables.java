package io.maskroute.job.report;

import io.maskroute.datasets.metrics.Score;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** A table for each task: a row for each formula, a column for each metric, whatever the metrics are. */
final class ScoreTables {
    private ScoreTables() {}

    /** Of one formula, and of one class set where a task has several. */
    private record Line(Score first, Map<String, Score> byMetric) {
        boolean takes(Score score) {
            return !byMetric.containsKey(score.name())
                    && score.formula().equals(first.formula())
                    && score.samples() == first.samples();
        }
    }

    static void write(Html html, List<Score> scores) throws IOException {
        if (scores.isEmpty()) {
            return;
        }
        ReportWriter.section(html, "scores", "Scores");
        html.element(
                "p",
                "By the formulas of several evaluation codes. Comparable with published figures are those whose formula,"
                        + " protocol and raster are that code's own.",
                "class",
                "hint");
        Map<String, List<Score>> byTask =
                scores.stream().collect(Collectors.groupingBy(Score::task, LinkedHashMap::new, Collectors.toList()));
        for (Map.Entry<String, List<Score>> task : byTask.entrySet()) {
            table(html, task.getKey(), task.getValue());
        }
        html.close("section").line();
    }

    private static void table(Html html, String task, List<Score> scores) throws IOException {
        Set<String> metrics = scores.stream().map(Score::name).collect(Collectors.toCollection(LinkedHashSet::new));
        List<Line> lines = new ArrayList<>();
        for (Score score : scores) {
            if (lines.isEmpty() || !lines.get(lines.size() - 1).takes(score)) {
                lines.add(new Line(score, new HashMap<>()));
            }
            lines.get(lines.size() - 1).byMetric().put(score.name(), score);
        }
        html.element("h3", task);
        html.open("div", "class", "scroll", "role", "region", "aria-label", "Scores, " + task, "tabindex", "0");
        html.open("table").open("thead").open("tr").element("th", "Formula", "scope", "col");
        for (String metric : metrics) {
            html.element("th", metric, "scope", "col", "class", "number");
        }
        html.element("th", "Samples", "scope", "col", "class", "number");
        for (String column : List.of("Protocol", "Raster", "Comparable")) {
            html.element("th", column, "scope", "col");
        }
        html.close("tr").close("thead").open("tbody");
        for (Line line : lines) {
            Score by = line.first();
            html.line().open("tr").element("th", by.formula(), "scope", "row");
            for (String metric : metrics) {
                html.element("td", value(line.byMetric().get(metric)), "class", "number");
            }
            html.element("td", Units.count(by.samples()), "class", "number")
                    .element("td", given(by.protocol()))
                    .element("td", given(by.raster()))
                    .element("td", by.comparable() ? "yes" : "no")
                    .close("tr");
        }
        html.close("tbody").close("table").close("div").line();
    }

    private static String value(Score score) {
        return score == null || score.value() == null ? "–" : Units.percent(score.value());
    }

    private static String given(String value) {
        return value == null ? "–" : value;
    }
}
