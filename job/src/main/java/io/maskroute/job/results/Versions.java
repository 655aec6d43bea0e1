package io.maskroute.job.results;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/** The versions that a result depends on; those of the build come from {@code versions.properties}, which Maven fills in. */
public final class Versions {
    private static final Properties BUILD = load();

    private Versions() {}

    public static String maskroute() {
        return BUILD.getProperty("maskroute");
    }

    /** @param spark the version that runs, which need not be the one built against */
    public static Map<String, String> all(String spark) {
        Map<String, String> versions = new TreeMap<>();
        BUILD.forEach((name, version) -> versions.put((String) name, (String) version));
        versions.put("spark", spark);
        versions.put("java", Runtime.version().toString());
        return versions;
    }

    private static Properties load() {
        Properties properties = new Properties();
        try (InputStream in = Versions.class.getResourceAsStream("versions.properties")) {
            properties.load(in);
            return properties;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
