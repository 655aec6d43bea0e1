package io.maskroute.datasets;

import java.net.URISyntaxException;
import java.nio.file.Path;

/** The files under {@code src/test/resources/data}. */
public final class TestData {
    private TestData() {}

    public static Path path(String name) {
        try {
            return Path.of(TestData.class.getResource("/data/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(name, e);
        }
    }
}
