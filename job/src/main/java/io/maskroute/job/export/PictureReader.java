package io.maskroute.job.export;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.image.RgbImage;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.job.input.ImageBytes;
import io.maskroute.job.input.PictureOrientation;
import java.io.Serializable;
import java.util.List;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/** Reads pictures of a dataset in tasks, turned as they were in the run. */
public final class PictureReader implements Serializable {
    private final String dataset;
    private final Options options;
    private final PictureOrientation orientation;
    private final Broadcast<SerializableConfiguration> hadoop;
    private transient ImageBytes bytes;

    /**
     * @param roots below which pictures may lie outside the dataset
     * @param maxBytes of a picture's file
     */
    public record Options(List<String> roots, long maxBytes) implements Serializable {}

    PictureReader(
            String dataset,
            Options options,
            PictureOrientation orientation,
            Broadcast<SerializableConfiguration> hadoop) {
        this.dataset = dataset;
        this.options = options;
        this.orientation = orientation;
        this.hadoop = hadoop;
    }

    /** @throws RowFailure when it cannot be read, as in a run */
    RgbImage read(ExportedPicture picture) throws RowFailure {
        if (bytes == null) {
            bytes = new ImageBytes(dataset, options.roots(), hadoop.value().value(), options.maxBytes());
        }
        ImageRow row = new ImageRow(picture.id(), picture.image(), picture.uri(), List.of(), null, null, null);
        row.requireUsable();
        return orientation.decoder().decode(bytes.read(row));
    }
}
