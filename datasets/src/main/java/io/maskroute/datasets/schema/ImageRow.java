package io.maskroute.datasets.schema;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import java.util.List;

/**
 * One image of a dataset with everything asked about it.
 *
 * @param imageId unique in the dataset
 * @param image encoded bytes (JPEG, PNG, …), or null when {@code imageUri} is given
 * @param imageUri absolute (s3a://, hdfs://, file:) or relative to the dataset folder, or null when {@code image} is given
 * @param split label of the split it was taken from, or null
 * @param source where the picture comes from, or null
 * @param licence the picture's licence, or null
 */
public record ImageRow(
        String imageId,
        byte[] image,
        String imageUri,
        List<PromptRow> prompts,
        String split,
        String source,
        String licence) {
    public ImageRow {
        prompts = List.copyOf(prompts);
    }

    /** File name or URI as the dataset has it; null where it has none. */
    public String name() {
        return name(imageUri, source);
    }

    /** The same of a row that is not whole. */
    public static String name(String imageUri, String source) {
        return imageUri == null ? source : imageUri;
    }

    /**
     * A row as read may lack what the schema requires; this says so.
     *
     * @throws RowFailure at stage {@code read} when there is no image id, or not exactly one of image and image_uri
     */
    public void requireUsable() throws RowFailure {
        if (imageId == null) {
            throw new RowFailure(Stage.READ, "no-image-id", "the row has no image_id");
        }
        if ((image == null) == (imageUri == null)) {
            throw new RowFailure(
                    Stage.READ,
                    image == null ? "no-image" : "two-images",
                    "image " + imageId + " needs exactly one of image and image_uri, and has "
                            + (image == null ? "neither" : "both"));
        }
    }
}
