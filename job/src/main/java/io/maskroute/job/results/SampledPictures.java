package io.maskroute.job.results;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.datasets.mask.InvalidRleException;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.ImageRowReader;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.PromptTask;
import io.maskroute.job.input.ImageBytes;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.input.PictureOrientation;
import io.maskroute.job.report.GalleryItem.PictureSource;
import io.maskroute.job.scoring.TruthMasks;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.spark.sql.Row;

/**
 * Pictures, prompts and truths of a dataset for a page that shows some of them, on the pixels that a run decoded.
 *
 * @param images reads the dataset's pictures
 * @param orientation of the pictures in the run
 */
record SampledPictures(InputDataset dataset, ImageBytes images, PictureOrientation orientation) {

    /** Rows by image_id; those that cannot be read are missing. */
    Map<String, ImageRow> find(Set<String> imageIds) {
        Map<String, ImageRow> found = new HashMap<>();
        ImageRowReader reader = dataset.reader();
        for (Row row : dataset.find(imageIds)) {
            try {
                ImageRow image = reader.read(row);
                found.put(image.imageId(), image);
            } catch (RowFailure e) {
                // Its prompts are in the table of failures; there is no picture to show.
                continue;
            }
        }
        return found;
    }

    static PromptRow prompt(ImageRow image, String promptId) {
        return image.prompts().stream()
                .filter(p -> promptId.equals(p.promptId()))
                .findFirst()
                .orElse(null);
    }

    static String text(PromptRow prompt) {
        return prompt == null ? "" : String.join(" / ", prompt.texts());
    }

    /** @param error of the prediction, or null */
    PictureSource picture(ImageRow image, Row error) {
        return () -> {
            if (error != null && error.getString(0).equals(Stage.DECODE.label())) {
                // It may be what ended executors, and here it would end the driver.
                throw new RowFailure(Stage.DECODE, error.getString(1), String.valueOf(error.getString(2)));
            }
            image.requireUsable();
            return orientation.decoder().decode(images.read(image));
        };
    }

    /**
     * The answer to a referring prompt, all of it; of other tasks the best mask. Null where there is none.
     *
     * @param rles of all masks of the prediction, or null
     */
    static Rle answer(PromptRow prompt, List<Row> rles) {
        if (rles == null) {
            return null;
        }
        boolean whole = prompt != null && PromptTask.REFERRING.label().equals(prompt.task());
        return TruthMasks.together(rles.stream()
                        .limit(whole ? rles.size() : 1)
                        .map(rle -> mask(new EncodedMask(rle.getList(0), rle.getString(1))))
                        .filter(Objects::nonNull)
                        .toList())
                .orElse(null);
    }

    private static Rle mask(EncodedMask encoded) {
        try {
            return TruthMasks.parse(encoded);
        } catch (InvalidRleException e) {
            return null;
        }
    }

    Rle truth(PromptRow prompt, ImageRow image) {
        try {
            Rle truth = prompt == null || prompt.truth() == null
                    ? null
                    : TruthMasks.target(prompt.truth()).orElse(null);
            return truth == null || orientation.decoded() == orientation.truth()
                    ? truth
                    : PictureOrientation.turned(
                            truth, orientation.toTruth(images.read(image)).inverse());
        } catch (RowFailure | InvalidRleException e) {
            return null;
        }
    }
}
