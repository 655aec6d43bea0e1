package io.maskroute.job.input;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.job.config.Redaction;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** A row's encoded picture, from the row itself or from where it points to. */
public final class ImageBytes {
    private final Path dataset;
    private final Configuration hadoop;
    private final long maxBytes;

    /**
     * @param dataset folder that relative URIs are resolved against
     * @param maxBytes a longer file fails its row
     */
    public ImageBytes(String dataset, Configuration hadoop, long maxBytes) {
        this.dataset = HadoopFiles.path(dataset);
        this.hadoop = hadoop;
        this.maxBytes = maxBytes;
    }

    /** @throws RowFailure of stage {@code read}; kinds: {@code missing-image}, {@code image-too-large}, {@code unreadable-image} */
    public byte[] read(ImageRow row) throws RowFailure {
        if (row.image() != null) {
            return row.image();
        }
        String shown = Redaction.uri(row.imageUri());
        if (!shown.equals(row.imageUri())) {
            throw new RowFailure(
                    Stage.READ,
                    "unreadable-image",
                    shown + " carries a password; pictures are read with the credentials that Hadoop is given");
        }
        try {
            // Not the row's text as a child of the dataset: "../x" must mean what it means in a shell.
            Path path = new Path(dataset, path(row.imageUri()));
            try (InputStream in = HadoopFiles.fileSystem(path, hadoop).open(path)) {
                byte[] bytes = in.readNBytes((int) Math.min(Integer.MAX_VALUE - 8, maxBytes + 1));
                if (bytes.length > maxBytes) {
                    throw new RowFailure(
                            Stage.READ,
                            "image-too-large",
                            path + " is longer than dataset.max-image-bytes = " + maxBytes);
                }
                return bytes;
            }
        } catch (FileNotFoundException e) {
            throw new RowFailure(Stage.READ, "missing-image", "there is no file " + row.imageUri(), e);
        } catch (IOException | RuntimeException e) {
            throw new RowFailure(
                    Stage.READ, "unreadable-image", row.imageUri() + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Hadoop takes a URI's characters as they are, but who makes a {@code file:} URI (Python's {@code as_uri}, Java's {@code toUri})
     * writes a blank as {@code %20}: such a name is decoded unless there is a file of just that name.
     */
    private Path path(String uri) throws IOException {
        Path literal = HadoopFiles.path(uri);
        if (!uri.startsWith("file:") || uri.indexOf('%') < 0) {
            return literal;
        }
        try {
            Path decoded = new Path(new URI("file", null, new URI(uri).getPath(), null));
            return HadoopFiles.fileSystem(literal, hadoop).exists(literal) ? literal : decoded;
        } catch (URISyntaxException e) {
            return literal;
        }
    }
}
