package io.maskroute.datasets.shapesref;

import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Protocol;
import io.maskroute.datasets.schema.Truth;
import io.maskroute.datasets.schema.TruthMask;
import io.maskroute.datasets.writer.DatasetImport;
import io.maskroute.datasets.writer.Findings;
import io.maskroute.datasets.writer.ImportOption;
import io.maskroute.datasets.writer.ImportOptions;
import io.maskroute.datasets.writer.ImportPlan;
import io.maskroute.datasets.writer.RowBatch;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.apache.hadoop.conf.Configuration;

/**
 * Generated pictures to a maskroute dataset: one row per picture, as PNG, with one expression per prompt.
 *
 * <p>{@code image_id} is {@code NAME-SPLIT-INDEX} and {@code prompt_id} {@code NAME-SPLIT-INDEX-NUMBER-KIND}, such as {@code
 * shapesref-standard-test-12-0-relation}, with the label of a {@link Kind}. A truth mask's {@code annotation_id} is the
 * object's index in its picture, its {@code category_id} counts {@link Shape} from 1.
 */
public final class ShapesRefImport implements DatasetImport {
    public static final long MOST_PICTURES = 1_000_000_000;

    private static final String LICENCE = "Apache-2.0";
    private static final int PICTURES_PER_TASK = 256;
    private static final Pattern SIZE = Pattern.compile("(\\d{1,6})(?:x(\\d{1,6}))?");

    private static final ImportOption SPLIT =
            ImportOption.required("--split", "NAME", "train, val, test, …; each name gives other pictures.");
    private static final ImportOption PICTURES = ImportOption.required("--pictures", "N", "How many pictures.");
    private static final ImportOption LEVEL = ImportOption.choice(
            "--level",
            "LEVEL",
            "words, easy, relations, standard or hard",
            Level.STANDARD.label(),
            Arrays.stream(Level.values()).map(Level::label).toArray());
    private static final ImportOption SEED = ImportOption.withDefault("--seed", "N", "Another seed, other pictures", 1);
    private static final ImportOption SIDES = ImportOption.withDefault(
            "--size", "PIXELS", "Side of the pictures, or WIDTHxHEIGHT", ShapesRef.DEFAULT_SIDE);
    private static final ImportOption PROMPTS =
            ImportOption.withDefault("--prompts", "N", "Prompts per picture", ShapesRef.DEFAULT_PROMPTS);

    @Override
    public String name() {
        return "shapesref";
    }

    @Override
    public String description() {
        return "ShapesRef: generated pictures of shapes with exact masks; the same options give the same rows.";
    }

    @Override
    public String example() {
        return "shapesref --split test --pictures 100 --seed 1 --output data/shapes";
    }

    @Override
    public List<ImportOption> options() {
        return List.of(SPLIT, PICTURES, LEVEL, SEED, SIDES, PROMPTS);
    }

    @Override
    public ImportPlan plan(Request request) {
        ImportOptions options = request.options();
        ShapesRef shapes = shapes(options);
        long pictures = Math.min(options.limit(), options.whole(PICTURES, 1, MOST_PICTURES));
        String name = options.name("shapesref-" + shapes.level().label());
        List<RowBatch> batches = new ArrayList<>();
        for (long from = 0; from < pictures; from += PICTURES_PER_TASK) {
            batches.add(new Pictures(shapes, name, from, Math.min(pictures, from + PICTURES_PER_TASK)));
        }
        return ImportPlan.named(name)
                .split(shapes.split())
                .protocol(Protocol.PER_EXPRESSION)
                .classSet(
                        "categories",
                        Arrays.stream(Shape.values())
                                .map(shape -> new DatasetManifest.Category(categoryId(shape), shape.word(), true))
                                .toList())
                .rows(request.spark(), batches)
                .build();
    }

    private static ShapesRef shapes(ImportOptions options) {
        Matcher size = SIZE.matcher(options.get(SIDES));
        if (!size.matches()) {
            throw new ImportOptions.BadOptionException(
                    "--size must be like 256 or 320x240, not '" + options.get(SIDES) + "'");
        }
        int width = Integer.parseInt(size.group(1));
        Level level = Arrays.stream(Level.values())
                .filter(known -> known.label().equals(options.get(LEVEL)))
                .findFirst()
                .orElseThrow();
        try {
            return new ShapesRef(
                    options.whole(SEED, Long.MIN_VALUE, Long.MAX_VALUE),
                    options.get(SPLIT),
                    level,
                    width,
                    size.group(2) == null ? width : Integer.parseInt(size.group(2)),
                    (int) options.whole(PROMPTS, Integer.MIN_VALUE, Integer.MAX_VALUE));
        } catch (ImportOptions.BadOptionException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw new ImportOptions.BadOptionException(e.getMessage());
        }
    }

    /** The pictures of a task. */
    private record Pictures(ShapesRef shapes, String name, long from, long to) implements RowBatch {
        @Override
        public void make(Rows rows, Findings findings, Configuration hadoop) throws IOException {
            for (long index = from; index < to; index++) {
                rows.add(row(shapes, name, index), 0);
            }
        }
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
