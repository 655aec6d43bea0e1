package io.maskroute.job.input;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.job.config.ConfigurationException;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Where a dataset's pictures may lie: below its own folder and below what the user allows. A dataset is somebody's file: what it
 * names is neither opened nor asked for before it is known to lie there.
 *
 * <p>Local files are judged by their real paths, links followed; those of other file systems by scheme, authority and path, and
 * addresses of web servers by scheme, host, port and path.
 */
public final class ImageRoots {
    private static final String KEY = "dataset.image-roots";

    private static final Pattern SCHEME = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]+):/.*", Pattern.DOTALL);

    private final List<String> allowed;
    private final Path dataset;
    private final Configuration hadoop;
    private final List<Place> places = new ArrayList<>();

    /**
     * @param dataset its folder
     * @param allowed folders and URIs besides
     * @throws ConfigurationException when one of them is no address
     */
    ImageRoots(String dataset, List<String> allowed, Configuration hadoop) throws IOException {
        this.allowed = allowed;
        this.hadoop = hadoop;
        this.dataset = qualified(HadoopFiles.path(dataset));
        places.add(Place.of(this.dataset));
        for (String root : allowed) {
            places.add(isWeb(root) ? web(root) : Place.of(qualified(HadoopFiles.path(root))));
        }
    }

    /** What a row names: one of the three. */
    sealed interface Location {}

    /** @param path real as far as it is there */
    record LocalFile(java.nio.file.Path path) implements Location {}

    record WebAddress(URI uri) implements Location {}

    record RemoteFile(Path path) implements Location {}

    /**
     * @param authority empty where there is none
     * @param path without a slash at its end
     */
    private record Place(String scheme, String authority, String path) {
        static Place of(Path qualified) {
            URI uri = qualified.toUri();
            return isLocal(qualified)
                    ? new Place("file", "", real(uri.getPath()).toString())
                    : of(uri.getScheme(), uri.getAuthority(), uri.getPath());
        }

        static Place of(String scheme, String authority, String path) {
            return new Place(
                    scheme.toLowerCase(Locale.ROOT),
                    authority == null ? "" : authority.toLowerCase(Locale.ROOT),
                    path.replaceFirst("/+$", ""));
        }

        boolean holds(Place other) {
            String root = path.replaceFirst("/+$", "");
            return scheme.equals(other.scheme)
                    && authority.equals(other.authority)
                    && other.path.startsWith(root + "/")
                    && (scheme.equals("file")
                            || Arrays.stream(other.path.split("[/\\\\]")).noneMatch(".."::equals));
        }

        /** The folder that it lies in. */
        String parent() {
            String folder = path.contains("/") ? path.substring(0, path.lastIndexOf('/')) : "";
            return scheme.equals("file")
                    ? (folder.isEmpty() ? "/" : folder)
                    : scheme + "://" + authority + folder + "/";
        }
    }

    /**
     * @param text a row's {@code image_uri}
     * @throws RowFailure {@code image-not-allowed}, or {@code unreadable-image} when it is no address
     */
    Location locate(String text) throws RowFailure, IOException {
        if (isWeb(text)) {
            Place place;
            URI uri;
            try {
                uri = new URI(text);
                place = web(uri);
            } catch (URISyntaxException e) {
                // What it says quotes the address, with its query.
                throw new RowFailure(Stage.READ, "unreadable-image", ImageBytes.shown(text) + " is no valid address");
            }
            require(place, text);
            return new WebAddress(uri);
        }
        // Not the row's text as a child of the dataset: "../x" must mean what it means in a shell.
        Path path = qualified(new Path(dataset, path(text)));
        if (!isLocal(path)) {
            require(Place.of(path), text);
            return new RemoteFile(path);
        }
        java.nio.file.Path real = real(path.toUri().getPath());
        require(real, text);
        return new LocalFile(real);
    }

    /** @throws RowFailure when a local file of this real path may not be read */
    void require(java.nio.file.Path real, String text) throws RowFailure {
        require(new Place("file", "", real.toString()), text);
    }

    private void require(Place place, String text) throws RowFailure {
        if (places.stream().noneMatch(root -> root.holds(place))) {
            throw new RowFailure(
                    Stage.READ,
                    "image-not-allowed",
                    ImageBytes.shown(text) + " is not read: it lies neither in the dataset's folder nor in one that "
                            + KEY + " names. If you trust the dataset, allow its folder: "
                            + setting(allowed, place.parent()));
        }
    }

    /**
     * The setting with one root more, as it is given on a command line.
     *
     * @param roots that are allowed already
     */
    public static String setting(List<String> roots, String another) {
        List<String> all = new ArrayList<>(roots);
        all.add(another);
        return "-s '" + KEY + "=["
                + all.stream()
                        .map(root -> '"' + root.replace("\\", "\\\\").replace("\"", "\\\"") + '"')
                        .collect(Collectors.joining(","))
                + "]'";
    }

    /**
     * Hadoop takes a URI's characters as they are, but who makes a {@code file:} URI (Python's {@code as_uri}, Java's {@code toUri})
     * writes a blank as {@code %20}: such a name is decoded unless there is a file of just that name.
     */
    private static Path path(String uri) {
        Path literal = HadoopFiles.path(uri);
        if (!uri.startsWith("file:") || uri.indexOf('%') < 0) {
            return literal;
        }
        try {
            Path decoded = new Path(new URI("file", null, new URI(uri).getPath(), null));
            return java.nio.file.Files.exists(
                            java.nio.file.Path.of(literal.toUri().getPath()))
                    ? literal
                    : decoded;
        } catch (URISyntaxException e) {
            return literal;
        }
    }

    private static boolean isWeb(String text) {
        return scheme(text).matches("https?");
    }

    /** Whether it is a URI of other than a local file. */
    static boolean isRemote(String text) {
        return !scheme(text).matches("|file");
    }

    /** Empty where there is none. */
    private static String scheme(String text) {
        Matcher scheme = SCHEME.matcher(text);
        return scheme.matches() ? scheme.group(1).toLowerCase(Locale.ROOT) : "";
    }

    private static boolean isLocal(Path qualified) {
        return qualified.toUri().getScheme().equalsIgnoreCase("file");
    }

    private static Place web(String root) {
        try {
            return web(new URI(root));
        } catch (URISyntaxException e) {
            throw new ConfigurationException(KEY + ": " + ImageBytes.shown(root) + " is no valid address");
        }
    }

    /** Servers decode paths, so dots are looked for in what is decoded. */
    private static Place web(URI uri) throws URISyntaxException {
        if (uri.getHost() == null || uri.getPath() == null) {
            throw new URISyntaxException("", "no host");
        }
        boolean tls = uri.getScheme().equalsIgnoreCase("https");
        int port = uri.getPort() < 0 ? (tls ? 443 : 80) : uri.getPort();
        boolean usual = port == (tls ? 443 : 80);
        return Place.of(uri.getScheme(), uri.getHost() + (usual ? "" : ":" + port), uri.getPath());
    }

    /** With scheme and, where it has one by default, authority. No file system that only a row names is asked. */
    private Path qualified(Path path) throws IOException {
        URI uri = path.toUri();
        if (uri.getScheme() == null) {
            return HadoopFiles.fileSystem(path, hadoop).makeQualified(path);
        }
        URI usual = FileSystem.getDefaultUri(hadoop);
        return uri.getAuthority() == null && uri.getScheme().equalsIgnoreCase(usual.getScheme())
                ? new Path(usual.getScheme(), usual.getAuthority(), uri.getPath())
                : path;
    }

    /** Links followed, as far as the path is there. */
    private static java.nio.file.Path real(String text) {
        java.nio.file.Path path = java.nio.file.Path.of(text).toAbsolutePath().normalize();
        for (java.nio.file.Path at = path; at != null; at = at.getParent()) {
            try {
                return at.toRealPath().resolve(at.relativize(path));
            } catch (IOException e) {
                // Not there, or not to be looked at: the folder above it may be.
                continue;
            }
        }
        return path;
    }
}
