package io.maskroute.datasets.writer;

import io.maskroute.core.image.ExifOrientation;
import io.maskroute.core.image.Orientation;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.datasets.schema.ImageRow;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/**
 * Rows of pictures that lie in files of their own. A picture that cannot go with its masks is left out and counted.
 *
 * @param orientation of the dataset. To apply it means that masks made on stored pixels are turned with their picture; those that
 *     have the turned picture's size already were made on it and stay
 * @param embed whether rows hold the pictures' bytes or their URIs
 */
record PictureBatch(List<PlannedImage> images, ExifOrientation orientation, boolean embed) implements RowBatch {
    PictureBatch {
        images = List.copyOf(images);
    }

    /** Cut so that each batch is a file, if its pictures are not large. */
    static List<RowBatch> cut(List<PlannedImage> images, ExifOrientation orientation, boolean embed) {
        List<RowBatch> batches = new ArrayList<>();
        for (int from = 0; from < images.size(); from += DatasetWriter.FILE_ROWS) {
            int to = Math.min(images.size(), from + DatasetWriter.FILE_ROWS);
            batches.add(new PictureBatch(images.subList(from, to), orientation, embed));
        }
        return batches;
    }

    @Override
    public void make(Rows rows, Findings findings, Configuration hadoop) throws IOException {
        for (PlannedImage image : images) {
            try {
                PromptMaker.Made made = prompts(image, findings, hadoop);
                rows.add(row(image, made, hadoop), made.targets());
            } catch (UnusableEntryException e) {
                for (int i = 0; i < image.targets(); i++) {
                    findings.skip(e);
                }
            }
        }
    }

    PromptMaker.Made prompts(PlannedImage image, Findings findings, Configuration hadoop)
            throws UnusableEntryException, IOException {
        ImageFile file = ImageFile.inspect(image.uri(), orientation, hadoop);
        if (!file.exists()) {
            throw new UnusableEntryException(
                    "missing-image", "image " + image.imageId() + ": there is no file " + image.uri());
        }
        if (file.bytes() > ImageFile.LARGEST_BYTES) {
            throw new UnusableEntryException(
                    "image-too-large",
                    "image " + image.imageId() + ": " + image.uri() + " has " + file.bytes() + " bytes");
        }
        PromptMaker.Made made = image.prompts().make(file.size(), findings, hadoop);
        if (!file.sizeKnown()) {
            // Whether the picture can be used is decided when it is decoded.
            findings.note("unreadable-image-header", "image " + image.imageId() + ": " + image.uri());
        }
        requireSize(image, file, made.masks());
        return orientation == ExifOrientation.APPLY ? upright(image, file, made, findings) : made;
    }

    private void requireSize(PlannedImage image, ImageFile file, PromptMaker.Size masks) throws UnusableEntryException {
        boolean fits = !file.sizeKnown()
                || !masks.isKnown()
                || file.isStoredAs(masks)
                || orientation == ExifOrientation.APPLY && file.isTurnedTo(masks);
        if (!fits) {
            throw new UnusableEntryException(
                    "image-size-differs",
                    "image " + image.imageId() + ": " + image.uri() + " is " + file.width() + "x" + file.height()
                            + ", its annotations are for " + masks
                            + (file.isTurnedTo(masks)
                                    ? ", which is the picture as EXIF turns it: import with --orientation apply"
                                    : ""));
        }
    }

    /** Masks as they fit the picture turned. */
    private static PromptMaker.Made upright(
            PlannedImage image, ImageFile file, PromptMaker.Made made, Findings findings) {
        if (file.orientation() == Orientation.TOP_LEFT || !made.masks().isKnown()) {
            return made;
        }
        // What fits both was made on stored pixels, as in COCO's family.
        boolean stored = file.isStoredAs(made.masks());
        findings.note(
                stored ? "turned-masks" : "masks-made-upright",
                "image " + image.imageId() + ": " + image.uri() + " has EXIF orientation "
                        + file.orientation().value() + "; its masks "
                        + (stored ? "are turned with it" : "have the size of the turned picture already"));
        return stored ? made.turned(file.orientation()) : made;
    }

    private ImageRow row(PlannedImage image, PromptMaker.Made made, Configuration hadoop) throws IOException {
        return new ImageRow(
                image.imageId(),
                embed ? ImageFile.read(image.uri(), hadoop) : null,
                embed ? null : image.uri(),
                made.prompts(),
                image.split(),
                // Stored, a picture would lose the name that people know it by.
                image.source() == null && embed ? HadoopFiles.path(image.uri()).getName() : image.source(),
                image.licence());
    }
}
