package io.maskroute.job.cli;

import io.maskroute.job.config.ConfigurationException;
import java.util.Map;
import java.util.regex.Pattern;

/** Paths of commands that read and write with Java's own files, for which {@code s3a://b/x} would be a folder {@code s3a:}. */
final class LocalPaths {
    private static final Pattern URI = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:/.*");

    private LocalPaths() {}

    /**
     * @param options with their values, null where not given
     * @throws ConfigurationException for the first that is a URI
     */
    static void require(String command, Map<String, ?> options) {
        options.forEach((option, value) -> {
            if (value != null && URI.matcher(value.toString()).matches()) {
                throw new ConfigurationException(option + " " + value + " is no path of this machine, and " + command
                        + " works on local folders there: copy it here, or the result to its place afterwards");
            }
        });
    }
}
