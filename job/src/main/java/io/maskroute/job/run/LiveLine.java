package io.maskroute.job.run;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.Objects;

/**
 * Says how far something is: on a terminal in one line that changes, elsewhere (a file, a cluster's log) in plain lines, and there
 * only when something has changed. The launchers say whether standard error is a terminal, and how wide.
 */
public final class LiveLine {
    /** Columns of the terminal; absent where there is none. */
    private static final String TERMINAL = "MASKROUTE_TERMINAL";

    private static final String BACK = "\r\033[K";

    private final PrintWriter out;
    private final int columns;
    private Object last;
    private boolean shown;

    /** @param columns of the terminal; 0: it is none */
    LiveLine(PrintWriter out, int columns) {
        this.out = out;
        this.columns = columns;
    }

    /** @param out standard error */
    public static LiveLine to(PrintWriter out) {
        String columns = Objects.requireNonNullElse(System.getenv(TERMINAL), "");
        return new LiveLine(out, columns.matches("[1-9]\\d{0,3}") ? Integer.parseInt(columns) : 0);
    }

    /**
     * @param what the line says as a value: a line about the same again is for terminals alone
     * @param line without a line feed
     */
    public synchronized void show(Object what, String line) {
        if (columns > 0) {
            // One that wraps could not be taken back.
            out.print(BACK + (line.length() < columns ? line : line.substring(0, columns - 1)));
            shown = true;
        } else if (!what.equals(last)) {
            out.println(line);
        }
        last = what;
        out.flush();
    }

    /** Makes room for other lines. */
    public synchronized void clear() {
        if (shown) {
            out.print(BACK);
            out.flush();
            shown = false;
        }
    }

    /** Hours, minutes and seconds as people write them. */
    public static String clock(long seconds) {
        return seconds >= 3600
                ? String.format(Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60)
                : String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60);
    }
}
