package io.maskroute.datasets.writer;

import io.maskroute.core.image.ExifOrientation;
import io.maskroute.datasets.schema.GroundTruthRaster;
import io.maskroute.datasets.schema.Protocol;
import java.util.Arrays;
import java.util.List;

/**
 * An option of an import, for the command line and its help.
 *
 * @param name such as {@code --refs}
 * @param label of its value, such as FILE; null for a flag, which has none
 * @param description one sentence
 * @param required whether it must be given
 * @param fallback its value where it is not given, or null
 * @param choices the values it may have; empty = any
 */
public record ImportOption(
        String name, String label, String description, boolean required, String fallback, List<String> choices) {
    public static final ImportOption OUTPUT = required("--output", "DIR", "Dataset folder to be made.");
    public static final ImportOption NAME = optional("--name", "NAME", "Name of the dataset.");
    public static final ImportOption LIMIT = optional("--limit", "N", "Import the first N pictures alone.");
    public static final ImportOption SPLIT =
            withDefault("--split", "LABEL", "A split of the files (val, testA, …), or all", "all");
    public static final ImportOption PROTOCOL = choice(
            "--protocol",
            "PROTOCOL",
            "per-expression (a prompt for each sentence) or joined (one for each object, as PSALM evaluates)",
            Protocol.PER_EXPRESSION,
            Protocol.values());
    public static final ImportOption RASTER = choice(
            "--ground-truth-raster",
            "RULE",
            "How polygons become pixels: coco or opencv-like",
            GroundTruthRaster.COCO,
            GroundTruthRaster.values());
    public static final ImportOption LINK_IMAGES = flag(
            "--link-images",
            "Store the images' URIs instead of the images; runs then need their folder in dataset.image-roots.");
    public static final ImportOption KEEP_EMPTY = flag(
            "--keep-empty-sentences",
            "Keep sentences without words, as prompts that fail; else they are left out and counted.");

    public ImportOption {
        choices = List.copyOf(choices);
    }

    public static ImportOption required(String name, String label, String description) {
        return new ImportOption(name, label, description, true, null, List.of());
    }

    public static ImportOption optional(String name, String label, String description) {
        return new ImportOption(name, label, description, false, null, List.of());
    }

    public static ImportOption flag(String name, String description) {
        return new ImportOption(name, null, description, false, null, List.of());
    }

    /** With a value that counts where none is given; the description ends without a full stop. */
    public static ImportOption withDefault(String name, String label, String description, Object fallback) {
        return new ImportOption(
                name, label, description + "; default: " + fallback + ".", false, fallback.toString(), List.of());
    }

    /** One of some values, by their text. */
    public static ImportOption choice(
            String name, String label, String description, Object fallback, Object[] choices) {
        return new ImportOption(
                name,
                label,
                description + "; default: " + fallback + ".",
                false,
                fallback.toString(),
                Arrays.stream(choices).map(Object::toString).toList());
    }

    /** @param fallback apply, where annotations are made on what viewers show; stored in COCO's family */
    public static ImportOption orientation(ExifOrientation fallback) {
        return choice(
                "--orientation",
                "WHAT",
                "What is done with the EXIF orientation of pictures: stored (none, as COCO's annotations were made) or"
                        + " apply (pictures are decoded upright, and masks turned with them)",
                fallback,
                ExifOrientation.values());
    }

    public boolean isFlag() {
        return label == null;
    }
}
