package io.maskroute.job.export;

import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Lines of comma-separated values (RFC 4180, but for line breaks of one character). */
final class Csv {
    private Csv() {}

    /** @param values null is written as nothing */
    static String line(Object... values) {
        return Stream.of(values).map(Csv::field).collect(Collectors.joining(",")) + "\n";
    }

    private static String field(Object value) {
        String text = value == null ? "" : value.toString();
        return text.matches("(?s).*[\",\r\n].*") ? '"' + text.replace("\"", "\"\"") + '"' : text;
    }
}
