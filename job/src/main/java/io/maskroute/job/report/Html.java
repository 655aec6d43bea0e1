package io.maskroute.job.report;

import java.io.IOException;
import java.io.Writer;

/**
 * Writes HTML so that no text can become markup: everything but {@link #trusted} is escaped. Elements are written as they
 * are opened and closed; nothing is held.
 */
final class Html {
    private final Writer out;

    Html(Writer out) {
        this.out = out;
    }

    /** @param attributes names and values in turn; one with a null value is left out */
    Html open(String tag, String... attributes) throws IOException {
        start(tag, attributes);
        out.write('>');
        return this;
    }

    Html close(String tag) throws IOException {
        out.write("</");
        out.write(tag);
        out.write(">");
        return this;
    }

    Html line() throws IOException {
        out.write('\n');
        return this;
    }

    /** An element without content, of HTML or SVG. */
    Html empty(String tag, String... attributes) throws IOException {
        start(tag, attributes);
        out.write("/>");
        return this;
    }

    Html element(String tag, String text, String... attributes) throws IOException {
        return open(tag, attributes).text(text).close(tag);
    }

    Html text(String text) throws IOException {
        escape(text);
        return this;
    }

    /** The page's own style, script and doctype: never anything from a run. */
    Html trusted(String markup) throws IOException {
        out.write(markup);
        return this;
    }

    private void start(String tag, String... attributes) throws IOException {
        out.write('<');
        out.write(tag);
        for (int i = 0; i < attributes.length; i += 2) {
            if (attributes[i + 1] != null) {
                out.write(' ');
                out.write(attributes[i]);
                out.write("=\"");
                escape(attributes[i + 1]);
                out.write('"');
            }
        }
    }

    /** Also makes visible what a page cannot hold: control characters as their pictures, half surrogates as U+FFFD. */
    private void escape(String text) throws IOException {
        int done = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            String replacement =
                    switch (c) {
                        case '&' -> "&amp;";
                        case '<' -> "&lt;";
                        case '>' -> "&gt;";
                        case '"' -> "&quot;";
                        case '\'' -> "&#39;";
                        case '\t', '\n' -> null;
                        default -> {
                            if (c < ' ') {
                                yield String.valueOf((char) ('\u2400' + c));
                            }
                            yield c >= '\u007f' && c <= '\u009f' || c >= '\ufffe' || isHalfSurrogate(text, i)
                                    ? "\ufffd"
                                    : null;
                        }
                    };
            if (replacement != null) {
                out.write(text, done, i - done);
                out.write(replacement);
                done = i + 1;
            }
        }
        out.write(text, done, text.length() - done);
    }

    private static boolean isHalfSurrogate(String text, int i) {
        char c = text.charAt(i);
        if (Character.isHighSurrogate(c)) {
            return i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
        }
        return Character.isLowSurrogate(c) && (i == 0 || !Character.isHighSurrogate(text.charAt(i - 1)));
    }
}
