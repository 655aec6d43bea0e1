package io.maskroute.datasets.imports;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.writer.Findings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The rows of a list that people write: CSV (RFC 4180, commas or Excel's semicolons), TSV, or JSON Lines; which of them it is the
 * file's ending says. Names of columns are matched without regard to letters' case.
 */
final class TableFile {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String file;
    private final Findings findings;
    private final List<Line> lines = new ArrayList<>();
    private final Set<String> columns = new HashSet<>();

    private TableFile(String file, Findings findings) {
        this.file = file;
        this.findings = findings;
    }

    /** @param number of the line in its file, from 1 */
    record Line(int number, Map<String, String> values) {
        /** Null where the line says nothing. */
        String get(String column) {
            return values.get(column.toLowerCase(Locale.ROOT));
        }
    }

    /**
     * @param findings takes lines that cannot be read
     * @throws UnusableInputException when it is no such list
     */
    static TableFile parse(String file, String text, Findings findings) {
        TableFile table = new TableFile(file, findings);
        String lower = file.toLowerCase(Locale.ROOT);
        if (lower.endsWith(".jsonl") || lower.endsWith(".ndjson")) {
            table.parseJson(text);
        } else if (lower.endsWith(".tsv") || lower.endsWith(".tab")) {
            table.parseSeparated(text, '\t');
        } else if (lower.endsWith(".csv") || lower.endsWith(".txt")) {
            table.parseSeparated(text, separator(text));
        } else {
            throw new UnusableInputException(
                    "The list " + file + " has to end in .csv, .tsv or .jsonl: that says how it is written");
        }
        return table;
    }

    List<Line> lines() {
        return lines;
    }

    /** @throws UnusableInputException when no line has it */
    void require(String column, String option) {
        if (!has(column)) {
            throw new UnusableInputException("The list " + file + " has no column '" + column + "'; it has "
                    + (columns.isEmpty()
                            ? "none"
                            : String.join(", ", columns.stream().sorted().toList()))
                    + ". Name the right one with " + option);
        }
    }

    boolean has(String column) {
        return columns.contains(column.toLowerCase(Locale.ROOT));
    }

    /** Excel separates by semicolons where the comma is for decimals. */
    private static char separator(String text) {
        String header = text.lines().filter(line -> !line.isBlank()).findFirst().orElse("");
        if (header.indexOf(',') < 0 && header.indexOf(';') >= 0) {
            return ';';
        }
        return header.indexOf(',') < 0 && header.indexOf('\t') >= 0 ? '\t' : ',';
    }

    private void parseSeparated(String text, char separator) {
        Separated cells = new Separated(text, separator);
        List<String> header = null;
        while (cells.next()) {
            List<String> row = cells.row;
            if (row.size() == 1 && row.get(0).isBlank()) {
                continue;
            }
            if (header == null) {
                header = row.stream()
                        .map(name -> name.strip().toLowerCase(Locale.ROOT))
                        .toList();
                if (new HashSet<>(header).size() != header.size()) {
                    throw new UnusableInputException("The list " + file + " names a column twice in its first line: "
                            + String.join(", ", header));
                }
                columns.addAll(header);
                continue;
            }
            if (row.size() > header.size()
                    && row.subList(header.size(), row.size()).stream().anyMatch(cell -> !cell.isBlank())) {
                findings.skip(
                        "bad-line",
                        "line " + cells.line + " of " + file + " has " + row.size() + " cells for " + header.size()
                                + " columns: put a text that holds '" + separator + "' into double quotes");
                continue;
            }
            Map<String, String> values = new HashMap<>();
            for (int i = 0; i < Math.min(row.size(), header.size()); i++) {
                values.put(header.get(i), row.get(i));
            }
            lines.add(new Line(cells.line, values));
        }
        if (cells.unclosed) {
            throw new UnusableInputException("The list " + file + " ends inside a double quote that opens in line "
                    + cells.line + ": a quote in a quoted text is written twice");
        }
    }

    /** RFC 4180: quoted cells may hold separators, line ends, and quotes written twice. */
    private static final class Separated {
        private final String text;
        private final char separator;
        private List<String> row = List.of();
        private int at;
        private int line;
        private int nextLine = 1;
        private boolean unclosed;

        Separated(String text, char separator) {
            this.text = text;
            this.separator = separator;
        }

        boolean next() {
            if (at >= text.length() || unclosed) {
                return false;
            }
            row = new ArrayList<>();
            line = nextLine;
            while (true) {
                row.add(cell());
                if (at < text.length() && text.charAt(at) == separator) {
                    at++;
                    continue;
                }
                if (at < text.length()) {
                    at += text.startsWith("\r\n", at) ? 2 : 1;
                    nextLine++;
                }
                return !unclosed;
            }
        }

        private String cell() {
            StringBuilder cell = new StringBuilder();
            if (at < text.length() && text.charAt(at) == '"') {
                at++;
                while (true) {
                    if (at >= text.length()) {
                        unclosed = true;
                        return cell.toString();
                    }
                    char c = text.charAt(at++);
                    if (c == '"') {
                        if (at >= text.length() || text.charAt(at) != '"') {
                            break;
                        }
                        at++;
                    }
                    nextLine += c == '\n' ? 1 : 0;
                    cell.append(c);
                }
            }
            while (at < text.length() && text.charAt(at) != separator && "\r\n".indexOf(text.charAt(at)) < 0) {
                cell.append(text.charAt(at++));
            }
            return cell.toString();
        }
    }

    private void parseJson(String text) {
        int number = 0;
        for (String line : text.split("\r\n|\n|\r", -1)) {
            number++;
            if (line.isBlank()) {
                continue;
            }
            try {
                JsonNode node = JSON.readTree(line);
                if (!node.isObject()) {
                    findings.skip("bad-line", "line " + number + " of " + file + " is no JSON object");
                    continue;
                }
                Map<String, String> values = new HashMap<>();
                node.fields().forEachRemaining(field -> {
                    columns.add(field.getKey().toLowerCase(Locale.ROOT));
                    if (field.getValue().isValueNode() && !field.getValue().isNull()) {
                        values.put(
                                field.getKey().toLowerCase(Locale.ROOT),
                                field.getValue().asText());
                    }
                });
                lines.add(new Line(number, values));
            } catch (JsonProcessingException e) {
                findings.skip(
                        "bad-line",
                        "line " + number + " of " + file + " is not usable JSON: "
                                + e.getOriginalMessage().lines().findFirst().orElse(""));
            }
        }
    }
}
