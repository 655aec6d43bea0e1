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

    /** Writes the page as UTF-8 and leaves the stream open. */
    public static void write(List<ComparedRun> runs, List<String> notes, OutputStream out) throws IOException {
        Writer writer = writer(out);
        Html html = new Html(writer);
        ReportWriter.head(html, "Comparison");
        html.open("body").open("header").element("p", "maskroute comparison", "class", "brand");
        html.element("h1", "Quality against LLM FLOPs");
        for (String note : notes) {
            html.open("p", "class", "notice", "role", "note").element("strong", "Please note. ");
            html.element("bdi", note).close("p");
        }
        html.close("header").line().open("main");
        ReportWriter.section(html, "figure", "cIoU over LLM FLOPs");
        html.element("p", "FLOPs of a prompt alone, of the same dense.", "class", "hint");
        ComparisonChart.write(html, runs);
        html.close("section").line();
        table(html, runs);
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

    private static void table(Html html, List<ComparedRun> runs) throws IOException {
        ReportWriter.section(html, "table", "Runs");
        html.open("div", "class", "scroll", "role", "region", "aria-label", "Runs", "tabindex", "0");
        html.open("table").open("thead").open("tr");
        for (String column : COLUMNS) {
            html.element("th", column, "scope", "col", "class", column.equals(COLUMNS.get(0)) ? null : "number");
        }
        html.close("tr").close("thead").open("tbody");
        for (ComparedRun run : runs) {
            html.line().open("tr");
            List<String> cells = new ArrayList<>(cells(run));
            html.open("td").element("bdi", cells.remove(0)).close("td");
            for (String cell : cells) {
                html.element("td", cell, "class", "number");
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
