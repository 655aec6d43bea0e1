package io.maskroute.core.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/** Golden fixtures as files. They are stored compressed, and what a test asks for is unpacked, once per process. */
public final class Fixtures {
    private static final String COMPRESSED = ".gz";
    private static Path unpacked;

    private Fixtures() {}

    /**
     * A fixture's folder, or one file of it. Neighbours keep their places: what a file names by its path below {@code fixtures} has to be
     * asked for as well.
     *
     * @param name below the resources' folder {@code fixtures}
     */
    public static synchronized Path path(String name) {
        try {
            if (unpacked == null) {
                unpacked = Files.createTempDirectory("maskroute-fixtures");
                Runtime.getRuntime().addShutdownHook(new Thread(Fixtures::delete));
            }
            Path target = unpacked.resolve("fixtures").resolve(name);
            if (!Files.exists(target)) {
                unpack(source(name), target);
            }
            return target;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path source(String name) {
        URL plain = Fixtures.class.getResource("/fixtures/" + name);
        URL found = plain == null ? Fixtures.class.getResource("/fixtures/" + name + COMPRESSED) : plain;
        if (found == null) {
            throw new IllegalArgumentException("no fixture " + name);
        }
        try {
            return Path.of(found.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(name, e);
        }
    }

    private static void unpack(Path source, Path target) throws IOException {
        if (!Files.isDirectory(source)) {
            Files.createDirectories(target.getParent());
            try (InputStream raw = Files.newInputStream(source);
                    InputStream in = source.toString().endsWith(COMPRESSED) ? new GZIPInputStream(raw) : raw) {
                Files.copy(in, target);
            }
            return;
        }
        List<Path> children;
        try (Stream<Path> list = Files.list(source)) {
            children = list.toList();
        }
        for (Path child : children) {
            String name = child.getFileName().toString();
            Path to = target.resolve(
                    name.endsWith(COMPRESSED) ? name.substring(0, name.length() - COMPRESSED.length()) : name);
            if (!Files.exists(to)) {
                unpack(child, to);
            }
        }
    }

    private static void delete() {
        try (Stream<Path> all = Files.walk(unpacked)) {
            all.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        } catch (IOException e) {
            // What is left of it lies in the system's folder for what is temporary.
        }
    }
}
