package io.maskroute.job.report;

import java.util.Locale;

/** Numbers as people read them, never broken before their unit; a dash for what is not a number. */
final class Units {
    private static final String NONE = "–";
    private static final String[] FLOP = {"FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP"};

    private Units() {}

    static String count(long value) {
        return format("%,d", value);
    }

    /** @param fraction of 1 */
    static String percent(double fraction) {
        return Double.isFinite(fraction) ? format("%.1f\u00a0%%", fraction * 100) : NONE;
    }

    static String millis(double ms) {
        if (!Double.isFinite(ms)) {
            return NONE;
        }
        if (ms >= 999.5) {
            return format("%.2f\u00a0s", ms / 1000);
        }
        return format(ms >= 99.95 ? "%.0f\u00a0ms" : ms >= 9.995 ? "%.1f\u00a0ms" : "%.2f\u00a0ms", ms);
    }

    static String flops(double value) {
        if (!Double.isFinite(value)) {
            return NONE;
        }
        double scaled = value;
        int unit = 0;
        while (scaled >= 999.5 && unit < FLOP.length - 1) {
            scaled /= 1000;
            unit++;
        }
        return format(
                scaled >= 99.95 ? "%.0f\u00a0%s" : scaled >= 9.995 ? "%.1f\u00a0%s" : "%.2f\u00a0%s",
                scaled,
                FLOP[unit]);
    }

    static String rate(double perSecond) {
        return Double.isFinite(perSecond)
                ? format(perSecond >= 99.95 ? "%,.0f\u00a0/s" : "%.2f\u00a0/s", perSecond)
                : NONE;
    }

    static String score(double value) {
        return Double.isFinite(value) ? format("%.2f", value) : NONE;
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
