package io.maskroute.job.results;

import java.util.Optional;

/**
 * A folder as command lines have it, where several are given: {@code DIR}, or {@code NAME=DIR}.
 *
 * @param name empty where none is given
 */
public record NamedFolder(Optional<String> name, String path) {
    public static NamedFolder of(String given) {
        int equals = given.indexOf('=');
        // A folder may be called split=val; a name has no slash.
        boolean hasName = equals > 0 && !given.substring(0, equals).contains("/");
        return hasName
                ? new NamedFolder(Optional.of(given.substring(0, equals)), given.substring(equals + 1))
                : new NamedFolder(Optional.empty(), given);
    }
}
