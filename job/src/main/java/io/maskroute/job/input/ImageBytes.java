package io.maskroute.job.input;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.job.config.Redaction;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/** A row's encoded picture, from the row itself or from where it points to, if that is allowed. */
public final class ImageBytes {
    private static final Patience PATIENCE =
            new Patience(Duration.ofSeconds(10), Duration.ofSeconds(30), Duration.ofMinutes(2));

    private static final int BUFFER_BYTES = 1 << 16;

    private final ImageRoots roots;
    private final Configuration hadoop;
    private final long maxBytes;
    private final Patience patience;

    /**
     * How long a web server is waited for.
     *
     * @param connecting until it takes the call
     * @param silence between two bytes
     * @param whole until the picture is complete: one that sends a byte now and then would never be silent
     */
    record Patience(Duration connecting, Duration silence, Duration whole) {}

    /**
     * @param dataset folder that relative URIs are resolved against, and below which pictures may lie
     * @param roots folders and URIs below which they may lie, too
     * @param maxBytes a longer file fails its row
     * @throws UnusableInputException when the dataset's file system does not answer
     */
    public ImageBytes(String dataset, List<String> roots, Configuration hadoop, long maxBytes) {
        this(dataset, roots, hadoop, maxBytes, PATIENCE);
    }

    ImageBytes(String dataset, List<String> roots, Configuration hadoop, long maxBytes, Patience patience) {
        this.hadoop = hadoop;
        this.maxBytes = maxBytes;
        this.patience = patience;
        try {
            this.roots = new ImageRoots(dataset, roots, hadoop);
        } catch (IOException e) {
            throw new UnusableInputException("the dataset " + dataset + " cannot be read: " + Reason.of(e), e);
        }
    }

    /**
     * No message holds a byte of what was read, or the query of an address: it may be a signature.
     *
     * @throws RowFailure of stage {@code read}; kinds: {@code image-not-allowed} (nothing was opened), {@code image-not-found},
     *     {@code image-too-large}, {@code image-timeout}, {@code unreadable-image}
     */
    public byte[] read(ImageRow row) throws RowFailure {
        if (row.image() != null) {
            return row.image();
        }
        String uri = row.imageUri();
        String shown = shown(uri);
        if (Redaction.hasPassword(uri)) {
            throw failure(
                    "unreadable-image",
                    shown + " carries a password; pictures are read with the credentials that Hadoop is given");
        }
        try {
            return read(roots.locate(uri), uri);
        } catch (FileNotFoundException | NoSuchFileException e) {
            throw new RowFailure(Stage.READ, "image-not-found", "there is no file " + shown, e);
        } catch (SocketTimeoutException e) {
            throw new RowFailure(Stage.READ, "image-timeout", shown + " did not come in time: " + reason(e), e);
        } catch (AccessDeniedException e) {
            throw new RowFailure(Stage.READ, "unreadable-image", shown + " cannot be read: permission denied", e);
        } catch (IOException | RuntimeException e) {
            throw new RowFailure(Stage.READ, "unreadable-image", shown + " cannot be read: " + reason(e), e);
        }
    }

    private byte[] read(ImageRoots.Location location, String uri) throws RowFailure, IOException {
        if (location instanceof ImageRoots.LocalFile local) {
            return readLocal(local.path(), uri);
        }
        if (location instanceof ImageRoots.WebAddress web) {
            return readWeb(web.uri(), uri);
        }
        org.apache.hadoop.fs.Path path = ((ImageRoots.RemoteFile) location).path();
        try (InputStream in = HadoopFiles.fileSystem(path, hadoop).open(path)) {
            return all(in, uri, Long.MAX_VALUE);
        }
    }

    /** A pipe or a device would never end. */
    private byte[] readLocal(java.nio.file.Path file, String uri) throws RowFailure, IOException {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw failure("unreadable-image", shown(uri) + " is no file");
        }
        try (InputStream in = Files.newInputStream(file)) {
            // It may have been exchanged for a link after it was looked at.
            roots.require(file.toRealPath(), uri);
            return all(in, uri, Long.MAX_VALUE);
        }
    }

    private byte[] readWeb(URI address, String uri) throws RowFailure, IOException {
        long end = System.nanoTime() + patience.whole().toNanos();
        HttpURLConnection connection = (HttpURLConnection) address.toURL().openConnection();
        try {
            connection.setInstanceFollowRedirects(false);
            connection.setUseCaches(false);
            connection.setConnectTimeout((int) patience.connecting().toMillis());
            connection.setReadTimeout((int) patience.silence().toMillis());
            int status = connection.getResponseCode();
            if (status == HttpURLConnection.HTTP_NOT_FOUND || status == HttpURLConnection.HTTP_GONE) {
                throw new FileNotFoundException();
            }
            if (status >= 300 && status < 400) {
                throw failure(
                        "image-not-allowed",
                        shown(uri) + " is not read: the server leads to another address (status " + status
                                + "), which is not followed");
            }
            if (status != HttpURLConnection.HTTP_OK) {
                throw failure("unreadable-image", shown(uri) + " cannot be read: the server answers " + status);
            }
            try (InputStream in = connection.getInputStream()) {
                return all(in, uri, end);
            }
        } finally {
            connection.disconnect();
        }
    }

    /** @param end by {@code System.nanoTime} */
    private byte[] all(InputStream in, String uri, long end) throws RowFailure, IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(Math.max(BUFFER_BYTES, in.available()));
        byte[] buffer = new byte[BUFFER_BYTES];
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
            bytes.write(buffer, 0, count);
            if (bytes.size() > maxBytes) {
                throw failure("image-too-large", shown(uri) + " is longer than dataset.max-image-bytes = " + maxBytes);
            }
            if (end != Long.MAX_VALUE && System.nanoTime() - end > 0) {
                throw new SocketTimeoutException("not complete after " + patience.whole());
            }
        }
        return bytes.toByteArray();
    }

    private static RowFailure failure(String kind, String message) {
        return new RowFailure(Stage.READ, kind, message);
    }

    private static String reason(Exception e) {
        return Redaction.uri(Reason.of(e));
    }

    /** A row's URI as messages may hold it. */
    static String shown(String uri) {
        return Redaction.uri(ImageRoots.isRemote(uri) ? uri.replaceFirst("(?s)\\?.*", "") : uri);
    }
}
