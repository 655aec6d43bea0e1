package io.maskroute.job.input;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.core.image.ImageDecoder;
import io.maskroute.core.image.ImageHeader;
import io.maskroute.core.image.Orientation;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.DatasetManifest;
import java.io.Serializable;
import java.util.Optional;

/**
 * Which pixels of a dataset's pictures count: those that a run decodes, and those that the dataset's truth was made on. Where
 * a run wants others than the dataset has, masks are turned, so that the two always meet.
 *
 * @param decoded of masks that are predicted, and of their sizes
 * @param truth of the dataset's masks
 */
public record PictureOrientation(ExifOrientation decoded, ExifOrientation truth) implements Serializable {

    /** @param wanted instead of what the dataset says */
    public static PictureOrientation of(Optional<ExifOrientation> wanted, DatasetManifest manifest) {
        return new PictureOrientation(wanted.orElse(manifest.orientation()), manifest.orientation());
    }

    public ImageDecoder decoder() {
        return new ImageDecoder(ImageDecoder.DEFAULT_MAX_PIXELS, decoded);
    }

    /**
     * What takes a mask of the decoded picture to the pixels of the truth.
     *
     * @param encoded the picture
     * @throws RowFailure as {@link ImageDecoder#decode}
     */
    public Orientation toTruth(byte[] encoded) throws RowFailure {
        if (decoded == truth) {
            return Orientation.TOP_LEFT;
        }
        Orientation upright = ImageHeader.of(encoded).orientation();
        return truth == ExifOrientation.APPLY ? upright : upright.inverse();
    }

    /** The mask turned as its picture. */
    public static Rle turned(Rle mask, Orientation orientation) {
        return orientation == Orientation.TOP_LEFT ? mask : Rle.of(orientation.turn(mask.toMask()));
    }
}
