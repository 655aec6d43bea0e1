package io.maskroute.job.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.Segmentation;
import io.maskroute.core.segmenter.Segmenter;
import io.maskroute.core.segmenter.SegmenterInfo;
import io.maskroute.core.task.Category;
import io.maskroute.core.task.InstanceTask;
import io.maskroute.core.task.PanopticTask;
import io.maskroute.core.task.ReferringTask;
import io.maskroute.core.task.ScoredMask;
import io.maskroute.core.task.SemanticTask;
import io.maskroute.core.task.Task;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Truth;
import io.maskroute.datasets.schema.TruthMask;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.run.SegmenterFactory;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Imported or written, evaluated, exported, scored as the official files: the figures are those of {@code summary.json}. */
class RoundTripTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int HEIGHT = 40;
    private static final int PICTURES = 4;
    private static final List<Category> CLASSES =
            List.of(new Category(3, "dog", true), new Category(9, "cat", true), new Category(20, "sky", false));

    @TempDir
    private Path home;

    @BeforeEach
    void pictures() throws IOException {
        Files.createDirectories(home.resolve("model"));
        Files.createDirectories(home.resolve("photos"));
        for (int i = 0; i < PICTURES; i++) {
            Files.write(home.resolve("photos/" + name(i) + ".png"), Datasets.png(HEIGHT, width(i)));
        }
    }

    private static String name(int picture) {
        return String.format("%012d", picture + 1);
    }

    private static int width(int picture) {
        return 30 + 10 * picture;
    }

    /** Columns from an eighth of the picture to another, less some rows at the bottom. */
    private static byte[] stripe(int width, int from, int to, int less) {
        byte[] pixels = new byte[HEIGHT * width];
        for (int x = from * width / 8; x < to * width / 8; x++) {
            for (int y = 0; y < HEIGHT - less; y++) {
                pixels[x * HEIGHT + y] = 1;
            }
        }
        return pixels;
    }

    private record Stripe(int from, int to, int less, int category) {
        Rle rle(int width) {
            return Rle.of(new BinaryMask(HEIGHT, width, stripe(width, from, to, less)));
        }
    }

    /** Some are met well by {@link Stripes}, some badly, some not at all, and one thing is there that it takes for another. */
    private static List<Stripe> truth(int picture) {
        return List.of(
                new Stripe(0, 2, picture, 3),
                new Stripe(2, 4, 5 * picture, 9),
                new Stripe(4, 5, 0, picture % 2 == 0 ? 9 : 3),
                new Stripe(5, 8, 2, 20));
    }

    /** A model that finds stripes of pictures. */
    private static final class Stripes implements SegmenterFactory {
        @Override
        public ModelSummary inspect(ModelOptions options) {
            return new ModelSummary("stripes", options.routing(), 0, true);
        }

        @Override
        public Segmenter open(ModelOptions options) {
            return new Segmenter() {
                @Override
                public SegmenterInfo info() {
                    return new SegmenterInfo("stripes", options.routing(), "cpu", "fp32");
                }

                @Override
                public PreparedImage prepare(RgbImage image) {
                    return new PreparedImage(new byte[0], 0, 0, 0, image.height(), image.width());
                }

                @Override
                public PreparedPrompt prepare(Task task, PreparedImage image) {
                    return new PreparedPrompt(
                            task, new int[0], new int[1], List.of(new PreparedPrompt.Span(0, 1)), List.of());
                }

                @Override
                public List<Segmentation> segment(PreparedImage image, List<PreparedPrompt> prompts) {
                    return prompts.stream()
                            .map(prompt -> new Segmentation(
                                    masks(prompt.task(), image.originalWidth()),
                                    new Segmentation.TokenCounts(1, 1, 1, 1),
                                    new Segmentation.FlopCounts(1, 1, 1, 1, 1),
                                    new Segmentation.StageMillis(1, 1, 1, 1, 1)))
                            .toList();
                }

                @Override
                public void close() {}
            };
        }

        private static List<ScoredMask> masks(Task task, int width) {
            if (task instanceof ReferringTask) {
                // What an executor asks once, to warm up.
                return List.of();
            }
            if (task instanceof SemanticTask semantic) {
                List<ScoredMask> masks = new ArrayList<>();
                for (Category category : semantic.categories()) {
                    List<Rle> of = found().stream()
                            .filter(stripe -> stripe.category() == category.id())
                            .map(stripe -> new Stripe(stripe.from(), stripe.to(), 0, stripe.category()).rle(width))
                            .toList();
                    if (!of.isEmpty()) {
                        masks.add(new ScoredMask(Rle.union(of).toMask(), 0.5f, category, null));
                    }
                }
                return masks;
            }
            List<Category> categories =
                    task instanceof InstanceTask instance ? instance.categories() : ((PanopticTask) task).categories();
            List<ScoredMask> masks = new ArrayList<>();
            float score = 0.9f;
            for (Stripe stripe : found()) {
                Category category = categories.stream()
                        .filter(each -> each.id() == stripe.category())
                        .findFirst()
                        .orElseThrow();
                masks.add(new ScoredMask(stripe.rle(width).toMask(), score, category, null));
                score -= 0.2f;
            }
            return masks;
        }

        private static List<Stripe> found() {
            return List.of(
                    new Stripe(0, 2, 0, 3), new Stripe(2, 4, 3, 9), new Stripe(4, 5, 0, 3), new Stripe(5, 8, 0, 20));
        }
    }

    private JsonNode run(String... arguments) throws IOException {
        Path json = home.resolve("result.json");
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--json", json.toString()));
        CliRun run = arguments[0].equals("score")
                ? CliRun.of(home, all.toArray(String[]::new))
                : CliRun.withSpark(new Stripes(), home, all.toArray(String[]::new));
        assertThat(run.code()).as(run.err()).isZero();
        return JSON.readTree(json.toFile());
    }

    private JsonNode evaluated(String dataset) throws IOException {
        return run("evaluate", "--model", path("model"), "--dataset", path(dataset), "--output", path("run"));
    }

    private String path(String name) {
        return home.resolve(name).toString();
    }

    /** By name; null where nothing counts. */
    private static Map<String, Double> scores(JsonNode result) {
        Map<String, Double> scores = new TreeMap<>();
        for (JsonNode score : result.path("scores")) {
            scores.put(
                    score.path("name").asText(),
                    score.path("value").isNull() ? null : score.path("value").doubleValue());
        }
        assertThat(scores.values()).anySatisfy(value -> assertThat(value).isBetween(0.01, 0.99));
        return scores;
    }

    private static ObjectNode official() {
        ObjectNode file = JSON.createObjectNode();
        ArrayNode images = file.putArray("images");
        for (int i = 0; i < PICTURES; i++) {
            images.addObject()
                    .put("id", i + 1)
                    .put("file_name", name(i) + ".png")
                    .put("height", HEIGHT)
                    .put("width", width(i));
        }
        ArrayNode categories = file.putArray("categories");
        CLASSES.forEach(each -> categories
                .addObject()
                .put("id", each.id())
                .put("name", each.name())
                .put("isthing", each.thing() ? 1 : 0));
        return file;
    }

    @Test
    void instances() throws IOException {
        ObjectNode file = official();
        ArrayNode annotations = file.putArray("annotations");
        for (int i = 0; i < PICTURES; i++) {
            for (Stripe stripe : truth(i)) {
                Rle rle = stripe.rle(width(i));
                ObjectNode annotation = annotations
                        .addObject()
                        .put("id", annotations.size())
                        .put("image_id", i + 1)
                        .put("category_id", stripe.category())
                        .put("iscrowd", 0)
                        .put("area", rle.area());
                annotation
                        .putObject("segmentation")
                        .put("counts", rle.compressed())
                        .putArray("size")
                        .add(HEIGHT)
                        .add(width(i));
                ArrayNode box = annotation.putArray("bbox");
                for (double side : rle.bbox()) {
                    box.add(side);
                }
            }
        }
        JSON.writeValue(home.resolve("instances.json").toFile(), file);
        run(
                "import",
                "coco-instances",
                "--annotations",
                path("instances.json"),
                "--images",
                path("photos"),
                "--output",
                path("data"));
        JsonNode summary = evaluated("data");

        run("export", "coco", path("run"), "--output", path("coco"));

        JsonNode scored =
                run("score", "coco", "--truth", path("instances.json"), "--predictions", path("coco/results.json"));
        assertThat(scores(scored)).isEqualTo(scores(summary)).containsKeys("AP", "AP50", "APs", "AR100");
        assertThat(scored.path("per_class").path("3").path("AP"))
                .isEqualTo(summary.path("per_class").path("3").path("AP"));
    }

    @Test
    void panoptic() throws IOException {
        ObjectNode file = official();
        ArrayNode annotations = file.putArray("annotations");
        Files.createDirectories(home.resolve("panoptic"));
        for (int i = 0; i < PICTURES; i++) {
            ObjectNode annotation =
                    annotations.addObject().put("image_id", i + 1).put("file_name", name(i) + ".png");
            ArrayNode segments = annotation.putArray("segments_info");
            BufferedImage ids = new BufferedImage(width(i), HEIGHT, BufferedImage.TYPE_INT_RGB);
            for (Stripe stripe : truth(i)) {
                Rle rle = stripe.rle(width(i));
                int id = segments.size() + 1;
                segments.addObject()
                        .put("id", id)
                        .put("category_id", stripe.category())
                        .put("area", rle.area())
                        .put("iscrowd", 0);
                // The first byte of a colour is the least of an id's.
                draw(ids, rle, id << 16);
            }
            ImageIO.write(
                    ids, "png", home.resolve("panoptic/" + name(i) + ".png").toFile());
        }
        JSON.writeValue(home.resolve("panoptic.json").toFile(), file);
        run(
                "import",
                "coco-panoptic",
                "--annotations",
                path("panoptic.json"),
                "--masks",
                path("panoptic"),
                "--images",
                path("photos"),
                "--output",
                path("data"));
        JsonNode summary = evaluated("data");

        run("export", "panoptic", path("run"), "--output", path("out"));

        JsonNode scored =
                run("score", "panoptic", "--truth", path("panoptic.json"), "--predictions", path("out/panoptic.json"));
        assertThat(scores(scored)).isEqualTo(scores(summary)).containsKeys("PQ", "PQ_things", "PQ_stuff");
        assertThat(scored.path("per_class").path("9").path("pq"))
                .isEqualTo(summary.path("per_class").path("9").path("pq"));
    }

    private static void draw(BufferedImage onto, Rle mask, int colour) {
        BinaryMask pixels = mask.toMask();
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < onto.getWidth(); x++) {
                if (pixels.at(y, x)) {
                    onto.setRGB(x, y, colour);
                }
            }
        }
    }

    @Test
    void semantic() throws IOException {
        Files.createDirectories(home.resolve("labels"));
        List<ImageRow> images = new ArrayList<>();
        for (int i = 0; i < PICTURES; i++) {
            int width = width(i);
            BufferedImage labels = new BufferedImage(width, HEIGHT, BufferedImage.TYPE_BYTE_GRAY);
            for (int x = 0; x < width; x++) {
                for (int y = 0; y < HEIGHT; y++) {
                    labels.getRaster().setSample(x, y, 0, 255);
                }
            }
            Map<Integer, List<Rle>> byClass = new TreeMap<>();
            for (Stripe stripe : truth(i)) {
                byClass.computeIfAbsent(stripe.category(), unknown -> new ArrayList<>())
                        .add(stripe.rle(width));
                BinaryMask pixels = stripe.rle(width).toMask();
                int place = CLASSES.stream().map(Category::id).toList().indexOf(stripe.category());
                for (int x = 0; x < width; x++) {
                    for (int y = 0; y < HEIGHT; y++) {
                        if (pixels.at(y, x)) {
                            labels.getRaster().setSample(x, y, 0, place);
                        }
                    }
                }
            }
            ImageIO.write(
                    labels, "png", home.resolve("labels/" + (i + 1) + ".png").toFile());
            List<TruthMask> masks = byClass.entrySet().stream()
                    .map(of -> new TruthMask(encoded(Rle.union(of.getValue())), of.getKey(), false, null))
                    .toList();
            images.add(Datasets.image(
                    Integer.toString(i + 1),
                    Datasets.png(HEIGHT, width),
                    new PromptRow("s" + i, "semantic", List.of(), "three", List.of(), new Truth(false, masks))));
        }
        Datasets.write(home.resolve("data"), 2, images);
        List<DatasetManifest.Category> classes = Stream.of(CLASSES.toArray(Category[]::new))
                .map(each -> new DatasetManifest.Category(each.id(), each.name(), each.thing()))
                .toList();
        new DatasetManifest(1, "semantic", null, null, null, null, Map.of("three", classes), "test", null, null)
                .write(path("data"), new Configuration());
        JsonNode summary = evaluated("data");

        run("export", "png", path("run"), "--output", path("out"), "--kind", "labels");

        Files.createDirectories(home.resolve("predicted"));
        for (int i = 1; i <= PICTURES; i++) {
            Files.copy(home.resolve("out/" + i + ".png"), home.resolve("predicted/" + i + ".png"));
        }
        JsonNode scored = run(
                "score", "semantic", "--truth", path("labels"), "--predictions", path("predicted"), "--classes", "3");
        assertThat(scores(scored)).isEqualTo(scores(summary)).containsKeys("mIoU", "mIoU_mmseg");
    }

    private static EncodedMask encoded(Rle rle) {
        return new EncodedMask(rle.height(), rle.width(), rle.compressed());
    }
}
