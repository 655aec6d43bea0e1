package io.maskroute.core.pickle;

import java.math.BigInteger;

/** The textual literals of protocol 0. Every method throws {@link IllegalArgumentException} for what Python would not write. */
final class PickleText {
    /** CPython's own limit on the digits of a number read from text; parsing is quadratic. */
    static final int MAX_DIGITS = 4300;

    private PickleText() {}

    /** {@code I}: {@code 00} and {@code 01} are booleans. */
    static Object integer(String line) {
        return switch (line) {
            case "00" -> false;
            case "01" -> true;
            default -> number(line);
        };
    }

    /** {@code L}: Python 2 puts an L behind it. */
    static Object number(String line) {
        String digits = line.endsWith("L") ? line.substring(0, line.length() - 1) : line;
        if (digits.length() > MAX_DIGITS) {
            throw new IllegalArgumentException("a number of " + digits.length() + " digits");
        }
        if (!digits.matches("[+-]?[0-9]+")) {
            throw new IllegalArgumentException("a number that is none");
        }
        return plain(new BigInteger(digits));
    }

    /** A Long where it fits. */
    static Object plain(BigInteger value) {
        return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
    }

    static double real(String line) {
        switch (line) {
            case "inf":
                return Double.POSITIVE_INFINITY;
            case "-inf":
                return Double.NEGATIVE_INFINITY;
            case "nan":
                return Double.NaN;
            default:
                // Java would take suffixes and hexadecimal as well.
                if (line.length() > 64 || !line.matches("[+-]?[0-9.]+([eE][+-]?[0-9]+)?")) {
                    throw new IllegalArgumentException("a number that is none");
                }
                return Double.parseDouble(line);
        }
    }

    /** {@code S}: a Python string literal in quotes; bytes are decoded as latin-1. */
    static String quoted(String literal) {
        int last = literal.length() - 1;
        if (last < 1 || literal.charAt(0) != literal.charAt(last) || "'\"".indexOf(literal.charAt(0)) < 0) {
            throw new IllegalArgumentException("a string without its quotes");
        }
        StringBuilder out = new StringBuilder(last);
        for (int i = 1; i < last; i++) {
            char c = literal.charAt(i);
            if (c != '\\') {
                out.append(c);
                continue;
            }
            if (++i == last) {
                throw new IllegalArgumentException("a string that ends in an escape");
            }
            char escape = literal.charAt(i);
            int simple = "\\'\"abfnrtv".indexOf(escape);
            if (simple >= 0) {
                out.append("\\'\"\u0007\b\f\n\r\t\u000b".charAt(simple));
            } else if (escape == 'x') {
                out.append((char) hex(literal, i + 1, 2));
                i += 2;
            } else if (escape >= '0' && escape <= '7') {
                int value = 0;
                int stop = Math.min(i + 3, last);
                while (i < stop && literal.charAt(i) >= '0' && literal.charAt(i) <= '7') {
                    value = value * 8 + literal.charAt(i++) - '0';
                }
                i--;
                out.append((char) (value & 0xff));
            } else {
                // Python keeps a backslash that escapes nothing.
                out.append('\\').append(escape);
            }
        }
        return out.toString();
    }

    /** {@code V}: raw-unicode-escape, where only {@code \}{@code uXXXX} and {@code \}{@code UXXXXXXXX} mean something. */
    static String rawUnicode(String line) {
        StringBuilder out = new StringBuilder(line.length());
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            out.append(c);
            if (c == '\\' && i + 1 < line.length()) {
                char kind = line.charAt(++i);
                if (kind == 'u' || kind == 'U') {
                    int digits = kind == 'u' ? 4 : 8;
                    out.setLength(out.length() - 1);
                    out.appendCodePoint(hex(line, i + 1, digits));
                    i += digits;
                } else {
                    out.append(kind);
                }
            }
        }
        return out.toString();
    }

    private static int hex(String text, int from, int digits) {
        if (from + digits > text.length()) {
            throw new IllegalArgumentException("a string with half an escape");
        }
        String hex = text.substring(from, from + digits);
        if (!hex.matches("[0-9a-fA-F]+")) {
            throw new IllegalArgumentException("a string with a broken escape");
        }
        return Integer.parseUnsignedInt(hex, 16);
    }
}
