package io.maskroute.job.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.DatasetManifest.Category;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.StreamSupport;
import javax.imageio.ImageIO;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Exports of runs of a real, tiny model over prompts with classes; ids of pictures are whole numbers. */
class ExportTasksTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int HEIGHT = 60;
    private static final int WIDTH = 90;
    private static final List<Category> CLASSES = List.of(
            new Category(11, "red circle", true), new Category(7, "sky", false), new Category(300, "dog", true));

    @TempDir
    private static Path home;

    @BeforeAll
    static void someRuns() throws IOException {
        for (String task : List.of("panoptic", "semantic")) {
            Path folder = home.resolve(task);
            Datasets.write(folder, 2, List.of(image(40, task), image(7, task), image(123, task)));
            new DatasetManifest(1, task, null, null, null, null, Map.of("small", CLASSES), "test", null, null)
                    .write(folder.toString(), new Configuration());
            CliRun run = CliRun.withModel(
                    home,
                    2,
                    "segment",
                    "--model",
                    "../models/tiny",
                    "--device",
                    "cpu",
                    "--dtype",
                    "fp32",
                    "--dataset",
                    folder.toString(),
                    "--output",
                    home.resolve("run-" + task).toString());
            assertThat(run.code()).as(run.err()).isZero();
        }
    }

    private static ImageRow image(int id, String task) throws IOException {
        BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(id);
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            int block = i % WIDTH / 15 * 7 + i / WIDTH / 15;
            image.setRGB(i % WIDTH, i / WIDTH, new Random(id * 100L + block).nextInt(1 << 24) ^ random.nextInt(16));
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(image, "png", bytes);
        return Datasets.image(
                Integer.toString(id),
                bytes.toByteArray(),
                new PromptRow(id + "-" + task, task, List.of(), "small", List.of(), null));
    }

    private static Path export(String task, String name, String format, String... more) {
        Path output = home.resolve(name);
        List<String> arguments = new ArrayList<>(
                List.of("export", format, home.resolve("run-" + task).toString(), "--output", output.toString()));
        arguments.addAll(List.of(more));
        CliRun run = CliRun.withSpark(home, arguments.toArray(String[]::new));
        assertThat(run.code()).as(run.err()).isZero();
        return output;
    }

    private static JsonNode json(Path file) throws IOException {
        return JSON.readTree(file.toFile());
    }

    private static List<Row> masks(String task, int id) {
        Row prediction = Datasets.read(home.resolve("run-" + task).resolve("predictions")).stream()
                .filter(row -> row.getAs("image_id").equals(Integer.toString(id)))
                .findFirst()
                .orElseThrow();
        return prediction.getList(prediction.fieldIndex("masks"));
    }

    private static Rle rle(Row mask) {
        Row stored = mask.getAs("mask");
        return new EncodedMask(stored.getList(0), stored.getString(1)).decode();
    }

    @Test
    void panopticFilesAreWhatThePredictionsSay() throws IOException {
        Path output = export("panoptic", "segments", "panoptic");

        JsonNode file = json(output.resolve("panoptic.json"));
        assertThat(file.path("images"))
                .extracting(image -> image.path("id").intValue())
                .containsExactlyInAnyOrder(7, 40, 123);
        assertThat(file.path("categories"))
                .extracting(each ->
                        each.path("id").intValue() + " " + each.path("isthing").intValue())
                .containsExactly("7 0", "11 1", "300 1");
        JsonNode annotation = StreamSupport.stream(file.path("annotations").spliterator(), false)
                .filter(each -> each.path("image_id").intValue() == 40)
                .findFirst()
                .orElseThrow();
        List<Row> masks = masks("panoptic", 40);
        assertThat(annotation.path("segments_info")).hasSameSizeAs(masks);
        BufferedImage ids = ImageIO.read(output.resolve("panoptic/40.png").toFile());
        for (int i = 0; i < masks.size(); i++) {
            JsonNode segment = annotation.path("segments_info").get(i);
            Rle mask = rle(masks.get(i));
            assertThat(segment.path("area").longValue()).isEqualTo(mask.area());
            assertThat(segment.path("category_id").intValue())
                    .isEqualTo(masks.get(i).<Integer>getAs("category_id"));
            int number = segment.path("id").intValue();
            for (int y = 0; y < HEIGHT; y++) {
                for (int x = 0; x < WIDTH; x++) {
                    boolean shown = (ids.getRGB(x, y) >> 16 & 0xff) == number;
                    assertThat(shown).isEqualTo(mask.toMask().at(y, x));
                }
            }
        }
        CliRun score = CliRun.of(
                home,
                "score",
                "panoptic",
                "--truth",
                output.resolve("panoptic.json").toString(),
                "--predictions",
                output.resolve("panoptic.json").toString());
        assertThat(score.code()).as(score.err()).isZero();
    }

    @Test
    void labelsAreTheClassesPlacesAndPalettesNumbers() throws IOException {
        BufferedImage labels = ImageIO.read(export("semantic", "labels", "png", "--kind", "labels")
                .resolve("7.png")
                .toFile());
        BufferedImage palette = ImageIO.read(export("semantic", "palette", "png", "--kind", "palette")
                .resolve("7.png")
                .toFile());

        List<Row> masks = masks("semantic", 7);
        assertThat(masks).isNotEmpty();
        assertThat(labels.getSampleModel().getSampleSize(0)).isEqualTo(8);
        assertThat(palette.getColorModel()).isInstanceOf(IndexColorModel.class);
        assertThat(((IndexColorModel) palette.getColorModel()).getRGB(1)).isEqualTo(0xff800000);
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                int label = 255;
                int number = 0;
                for (int i = masks.size() - 1; i >= 0; i--) {
                    if (rle(masks.get(i)).toMask().at(y, x)) {
                        label = List.of(11, 7, 300).indexOf(masks.get(i).<Integer>getAs("category_id"));
                        number = i + 1;
                    }
                }
                assertThat(labels.getRaster().getSample(x, y, 0)).isEqualTo(label);
                assertThat(palette.getRaster().getSample(x, y, 0)).isEqualTo(number);
            }
        }
    }

    @Test
    void polygonsSayWhatBecomesOfHoles() throws IOException {
        Path output = export("semantic", "polygons", "coco", "--segmentation", "polygon", "--json", home + "/p.json");

        JsonNode instances = json(output.resolve("instances.json"));
        assertThat(instances.path("images"))
                .extracting(image -> image.path("id").intValue())
                .containsExactlyInAnyOrder(7, 40, 123);
        long filled = 0;
        for (JsonNode annotation : instances.path("annotations")) {
            assertThat(annotation.path("segmentation").isArray()).isTrue();
            assertThat(annotation.path("category_id").intValue()).isIn(7, 11, 300);
            filled += annotation.path("area").longValue();
        }
        assertThat(filled).isEqualTo(3L * HEIGHT * WIDTH);
        JsonNode summary = json(home.resolve("p.json"));
        assertThat(summary.path("masks").intValue())
                .isEqualTo(instances.path("annotations").size());
        assertThat(json(output.resolve("results.json"))
                        .get(0)
                        .path("segmentation")
                        .has("counts"))
                .isTrue();
    }
}
