package io.maskroute.job.config;

import java.util.regex.Pattern;

/** Keeps credentials out of what maskroute writes. */
public final class Redaction {
    /** As in Spark's own {@code spark.redaction.regex}. */
    private static final Pattern SECRET = Pattern.compile("(?i)secret|password|token|access[.]?key|credential");

    private static final Pattern USER_INFO = Pattern.compile("(?<=://)[^/@\\s]+@");

    private Redaction() {}

    /** A setting's value, blanked if the key says that it is a secret. */
    static String of(String key, String value) {
        return SECRET.matcher(key).find() ? "(redacted)" : uri(value);
    }

    /** The text without the user and password of URIs in it. */
    public static String uri(String text) {
        return USER_INFO.matcher(text).replaceAll("");
    }
}
