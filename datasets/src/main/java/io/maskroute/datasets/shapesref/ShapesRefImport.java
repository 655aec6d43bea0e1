package io.maskroute.datasets.shapesref;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Protocol;
import io.maskroute.datasets.schema.Truth;
import io.maskroute.datasets.schema.TruthMask;
import io.maskroute.datasets.writer.DatasetWriter;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * Generated pictures to a maskroute dataset: one row per picture, as PNG, with one expression per prompt.
 *
 * <p>{@code image_id} is {@code NAME-SPLIT-INDEX} and {@code prompt_id} {@code NAME-SPLIT-INDEX-NUMBER-KIND}, such as {@code
 * shapesref-standard-test-12-0-relation}, with the label of a {@link Kind}. A truth mask's {@code annotation_id} is the
 * object's index in its picture, its {@code category_id} counts {@link Shape} from 1.
 *
 * @param shapes what to generate
 * @param pictures how many, from index 0
 * @param name of the dataset
 * @param output folder to be made
 * @param importerVersion the maskroute that runs, for the manifest
 */
public record ShapesRefImport(ShapesRef shapes, long pictures, String name, String output, String importerVersion) {
    public static final long MOST_PICTURES = 1_000_000_000;

    private static final String LICENCE = "Apache-2.0";
    /** A PNG of these pictures has about a byte per pixel, so a file is about 64 MiB. */
    private static final long PIXELS_PER_FILE = 64L << 20;

    public ShapesRefImport {
        Objects.requireNonNull(shapes, "shapes");
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(output, "output");
        if (pictures < 1 || pictures > MOST_PICTURES) {
            throw new IllegalArgumentException("pictures must be between 1 and " + MOST_PICTURES + ", not " + pictures);
        }
    }

    /**
     * Generates the pictures in Spark tasks.
     *
     * @return lines for people
     * @throws UnusableInputException when the output is there already or cannot be written; nothing half-written remains
     */
    public List<String> run(SparkSession spark) {
        return run(spark, Math.max(1, PIXELS_PER_FILE / ((long) shapes.width() * shapes.height())));
    }

    List<String> run(SparkSession spark, long perFile) {
        DatasetWriter writer = new DatasetWriter(spark, output, true);
        int files = Math.toIntExact((pictures + perFile - 1) / perFile);
        // Tasks get these two, not this record, so that nothing else must be serializable.
        ShapesRef generator = shapes;
        String prefix = name;
        long end = pictures;
        JavaRDD<ImageRow> rows = JavaSparkContext.fromSparkContext(spark.sparkContext())
                .parallelize(IntStream.range(0, files).boxed().toList(), files)
                .flatMap(file -> LongStream.range(file * perFile, Math.min(end, (file + 1) * perFile))
                        .iterator())
                .map(index -> row(generator, prefix, index));
        writer.write(rows, manifest());
        return List.of(
                name + " " + shapes.split() + ", seed " + shapes.seed() + ", level "
                        + shapes.level().label() + ", " + shapes.width() + "x" + shapes.height() + ": " + pictures
                        + " pictures, " + pictures * shapes.prompts() + " prompts",
                "written to " + output + " (" + files + " Parquet " + (files == 1 ? "file" : "files") + ")");
    }

    private DatasetManifest manifest() {
        List<DatasetManifest.Category> categories = Arrays.stream(Shape.values())
                .map(shape -> new DatasetManifest.Category(categoryId(shape), shape.word(), true))
                .toList();
        return new DatasetManifest(
                DatasetManifest.FORMAT_VERSION,
                name,
                shapes.split(),
                Protocol.PER_EXPRESSION,
                null,
                ExifOrientation.STORED,
                Map.of("categories", categories),
                importerVersion,
                new DatasetManifest.Counts(pictures, null, pictures * shapes.prompts(), Map.of(), Map.of()),
                List.of());
    }

    private static ImageRow row(ShapesRef shapes, String name, long index) {
        ShapesScene scene = shapes.scene(index);
        List<TruthMask> masks = new ArrayList<>(scene.objects().size());
        for (int i = 0; i < scene.objects().size(); i++) {
            Shape shape = scene.objects().get(i).shape();
            masks.add(new TruthMask(EncodedMask.of(Rle.of(scene.mask(i))), categoryId(shape), false, (long) i));
        }
        String imageId = name + "-" + shapes.split() + "-" + index;
        List<PromptRow> prompts = new ArrayList<>(scene.prompts().size());
        for (ShapesPrompt prompt : scene.prompts()) {
            List<TruthMask> meant = prompt.targets().stream().map(masks::get).toList();
            prompts.add(PromptRow.referring(
                    imageId + "-" + prompts.size() + "-" + prompt.kind().label(),
                    List.of(prompt.text()),
                    new Truth(meant.isEmpty(), meant)));
        }
        String source = "generated: ShapesRef, seed " + shapes.seed() + ", level "
                + shapes.level().label() + ", split " + shapes.split() + ", picture " + index;
        return new ImageRow(imageId, png(scene.image()), null, prompts, shapes.split(), source, LICENCE);
    }

    private static int categoryId(Shape shape) {
        return shape.ordinal() + 1;
    }

    private static byte[] png(BufferedImage image) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(image.getWidth() * image.getHeight());
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            ImageIO.write(image, "png", out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
