package io.maskroute.job.config;

import java.util.regex.Pattern;
import org.apache.hadoop.conf.ConfigRedactor;
import org.apache.hadoop.conf.Configuration;

/** Keeps credentials out of what maskroute writes. */
public final class Redaction {
    private static final String REDACTED = "(redacted)";

    /** As in Spark's own {@code spark.redaction.regex}. */
    private static final Pattern SECRET = Pattern.compile("(?i)secret|password|token|access[.]?key|credential");

    /** Hadoop's own list of keys, which has those for encryption too. */
    private static final ConfigRedactor HADOOP = new ConfigRedactor(new Configuration(false));

    /** Values that are settings in turn. */
    private static final Pattern OPTIONS = Pattern.compile("(?i)options$");

    /**
     * {@code user:password@} of a URI. A password may hold slashes; what comes after a host and its port may hold anything. A
     * user alone is no secret, and part of an address on some file systems ({@code abfs://container@account/}).
     */
    private static final Pattern PASSWORD = Pattern.compile("(?<=://)[^/@\\s:]+:(?!\\d+(?:/|$))[^@\\s]+@");

    /**
     * The query of a URI: that of a presigned one is as good as a password. Local files may have a question mark in their names.
     */
    private static final Pattern QUERY =
            Pattern.compile("(?<![A-Za-z0-9+.-])(?!file:)([A-Za-z][A-Za-z0-9+.-]+://[^\\s?]*)\\?\\S*");

    private Redaction() {}

    /** A setting's value, blanked if the key says that it is a secret, or holds one. */
    static String of(String key, String value) {
        boolean secret = SECRET.matcher(key).find()
                || !HADOOP.redact(key, value).equals(value)
                || (OPTIONS.matcher(key).find() && SECRET.matcher(value).find());
        return secret ? REDACTED : uri(value);
    }

    /** The text without the users, passwords and queries of URIs in it. */
    public static String uri(String text) {
        return QUERY.matcher(PASSWORD.matcher(text).replaceAll("")).replaceAll("$1");
    }

    /** Whether a URI carries a password. */
    public static boolean hasPassword(String uri) {
        return PASSWORD.matcher(uri).find();
    }
}
