package io.maskroute.job.report;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Writes runs side by side: a page like {@link ReportWriter}'s, its figure as an SVG file, and its table as Markdown. */
public final class ComparisonPage {
    private static final List<String> COLUMNS = List.of(
            "Run",
            "Prompts",
            "cIoU",
            "gIoU",
            "Pr@0.7",
            "LLM FLOPs, prompt alone",
            "LLM FLOPs, as run",
            "LLM per prompt");

    private ComparisonPage() {}

    /**
     * Writes the page as UTF-8 and leaves the stream open.
     *
     * @param dataset its name, and its split where it has one
     * @param answers null where the runs' answers are not compared
     */
    public static void write(
            String dataset, List<ComparedRun> runs, List<String> notes, ComparedAnswers answers, OutputStream out)
            throws IOException {
        Writer writer = writer(out);
        Html html = new Html(writer);
        String names = runs.stream().map(ComparedRun::name).collect(Collectors.joining(", "));
        ReportWriter.head(html, dataset + ": " + names);
        html.open("body").open("header").element("p", "maskroute comparison", "class", "brand");
        html.open("h1").element("bdi", dataset + ": " + names).close("h1");
        for (String note : notes) {
            html.open("p", "class", "notice", "role", "note").element("strong", "Please note. ");
            html.element("bdi", note).close("p");
        }
        html.close("header").line().open("main");
        table(html, runs);
        if (answers != null) {
            changes(html, answers);
        }
        ReportWriter.section(html, "figure", "cIoU over LLM FLOPs");
        html.element("p", "FLOPs of a prompt alone, of the same dense.", "class", "hint");
        ComparisonChart.write(html, runs);
        html.close("section").line();
        if (answers != null && !answers.shown().isEmpty()) {
            new SideBySide(html, runs).write(answers);
        }
        html.close("main").line();
        ReportWriter.footer(html);
        html.close("body").close("html").line();
        writer.flush();
    }

    /** Writes the figure alone, as an SVG document, and leaves the stream open. */
    public static void writeFigure(List<ComparedRun> runs, OutputStream out) throws IOException {
        Writer writer = writer(out);
        Html svg = new Html(writer);
        ComparisonChart.write(svg, runs);
        svg.line();
        writer.flush();
    }

    /** Writes the table as Markdown and leaves the stream open. */
    public static void writeTable(List<ComparedRun> runs, OutputStream out) throws IOException {
        Writer writer = writer(out);
        line(writer, COLUMNS);
        line(writer, COLUMNS.stream().map(column -> "---").toList());
        for (ComparedRun run : runs) {
            line(writer, cells(run).stream().map(ComparisonPage::markdown).toList());
        }
        writer.flush();
    }

    private static Writer writer(OutputStream out) {
        return new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
    }

    private static void line(Writer writer, List<String> cells) throws IOException {
        writer.write(cells.stream().collect(Collectors.joining(" | ", "| ", " |\n")));
    }

    private static String markdown(String cell) {
        return cell.replace('\u00a0', ' ')
                .replace("|", "\\|")
                .replace("<", "&lt;")
                .replaceAll("\\s+", " ");
    }

    /** Text, not a table: on a narrow screen a sentence breaks, and a table does not. */
    private static void changes(Html html, ComparedAnswers answers) throws IOException {
        ReportWriter.section(html, "changes", "Prompts gained and lost");
        html.element(
                "p",
                "A prompt counts as found from an IoU of " + ComparedAnswers.Change.HIT + " on; "
                        + Units.count(answers.prompts()) + " prompts are compared.",
                "class",
                "hint");
        html.open("ul", "class", "plain");
        for (ComparedAnswers.Change change : answers.changes()) {
            html.open("li").element("bdi", change.name()).text(" against ").element("bdi", change.first());
            html.text(": ").element("b", Units.count(change.gained())).text(" gained, ");
            html.element("b", Units.count(change.lost())).text(" lost; ");
            html.element("b", Units.count(change.equal()))
                    .text(" with the very same masks.")
                    .close("li");
        }
        html.close("ul").close("section").line();
    }

    private static void table(Html html, List<ComparedRun> runs) throws IOException {
        ReportWriter.section(html, "table", "Runs");
        html.open("div", "class", "scroll", "role", "region", "aria-label", "Runs", "tabindex", "0");
        html.open("table", "class", "stacks").open("thead").open("tr");
        for (String column : COLUMNS) {
            html.element("th", column, "scope", "col", "class", column.equals(COLUMNS.get(0)) ? null : "number");
        }
        html.close("tr").close("thead").open("tbody");
        for (ComparedRun run : runs) {
            html.line().open("tr");
            List<String> cells = new ArrayList<>(cells(run));
            html.open("th", "scope", "row").element("bdi", cells.remove(0)).close("th");
            for (int i = 0; i < cells.size(); i++) {
                html.element("td", cells.get(i), "class", "number", "data-label", COLUMNS.get(i + 1));
            }
            html.close("tr");
        }
        html.close("tbody").close("table").close("div").close("section").line();
    }

    private static List<String> cells(ComparedRun run) {
        return List.of(
                run.name(),
                Units.count(run.prompts()),
                Units.percent(run.cIoU()),
                Units.percent(run.gIoU()),
                Units.percent(run.pr70()),
                Units.percent(run.llmAloneRatio()),
                Units.percent(run.llmRatio()),
                Units.millis(run.llmMillis()));
    }
}
