package io.maskroute.datasets;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/** The files under {@code src/test/resources/data}. Large ones are stored compressed, and unpacked when a test asks for them. */
public final class TestData {
    private static final Map<String, Path> UNPACKED = new HashMap<>();

    private TestData() {}

    public static Path path(String name) {
        URL plain = TestData.class.getResource("/data/" + name);
        try {
            return plain == null ? unpacked(name) : Path.of(plain.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(name, e);
        }
    }

    private static synchronized Path unpacked(String name) {
        return UNPACKED.computeIfAbsent(name, unknown -> {
            try (InputStream in = new GZIPInputStream(TestData.class.getResourceAsStream("/data/" + name + ".gz"))) {
                Path folder = Files.createTempDirectory("maskroute-data");
                Path file = folder.resolve(Path.of(name).getFileName());
                Files.copy(in, file);
                folder.toFile().deleteOnExit();
                file.toFile().deleteOnExit();
                return file;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }
}
