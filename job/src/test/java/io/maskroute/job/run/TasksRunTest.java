package io.maskroute.job.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.DatasetManifest.Category;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Region;
import io.maskroute.datasets.schema.Truth;
import io.maskroute.datasets.schema.TruthMask;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All tasks of a model on the same pictures, with the bundled model of random weights. */
class TasksRunTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int HEIGHT = 60;
    private static final int WIDTH = 90;
    private static final List<Category> CLASSES =
            List.of(new Category(11, "red circle", true), new Category(7, "sky", false), new Category(30, "dog", true));

    @TempDir
    private Path home;

    private static byte[] picture(long seed) throws IOException {
        BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(seed);
        for (int i = 0; i < 40; i++) {
            Graphics2D graphics = image.createGraphics();
            graphics.setColor(new Color(random.nextInt(1 << 24)));
            graphics.fillOval(random.nextInt(WIDTH), random.nextInt(HEIGHT), 30, 20);
            graphics.dispose();
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(image, "png", bytes);
        return bytes.toByteArray();
    }

    private static EncodedMask box(int left, int columns) {
        byte[] pixels = new byte[HEIGHT * WIDTH];
        Arrays.fill(pixels, left * HEIGHT, (left + columns) * HEIGHT, (byte) 1);
        return EncodedMask.of(Rle.of(new BinaryMask(HEIGHT, WIDTH, pixels)));
    }

    private static Region region(String kind, Double... coordinates) {
        return new Region(kind, List.of(coordinates), null);
    }

    private static PromptRow classes(String id, String task, String set) {
        return new PromptRow(id, task, List.of(), set, List.of(), null);
    }

    private static PromptRow regions(String id, Truth truth, Region... regions) {
        return new PromptRow(id, "region", List.of(), null, List.of(regions), truth);
    }

    /** @param image the prompts' names begin with it */
    private static List<PromptRow> prompts(String image) {
        Truth truth = new Truth(
                false,
                List.of(
                        new TruthMask(box(0, 20), null, false, null, null, 1),
                        new TruthMask(box(10, 40), null, false, null, null, 0)));
        return List.of(
                PromptRow.referring(image + "-refer", List.of("the red circle"), null),
                classes(image + "-panoptic", "panoptic", "small"),
                regions(
                        image + "-regions",
                        truth,
                        region("point", 30.0, 20.0),
                        region("scribble", 5.0, 5.0, 40.0, 30.0, 44.0, 33.0)),
                classes(image + "-instance", "instance", "small"),
                regions(image + "-box", null, region("box", 3.0, 4.0, 50.0, 20.0)),
                classes(image + "-semantic", "semantic", "small"),
                regions(image + "-mask", null, new Region("mask", List.of(), box(30, 30))),
                PromptRow.referring(image + "-other", List.of("a small blue square on the left"), null));
    }

    private Path dataset(String name, List<ImageRow> images) {
        return dataset(name, images, null);
    }

    private Path dataset(String name, List<ImageRow> images, DatasetManifest.Answer answer) {
        Path folder = home.resolve(name);
        Datasets.writeRows(folder, 1, images.stream().map(DatasetSchema::toRow).toList());
        DatasetManifest plain = DatasetManifest.read(folder.toString(), new Configuration());
        new DatasetManifest(
                        plain.formatVersion(),
                        plain.name(),
                        plain.split(),
                        plain.protocol(),
                        plain.groundTruthRaster(),
                        plain.orientation(),
                        Map.of("small", CLASSES),
                        plain.importerVersion(),
                        plain.counts(),
                        plain.sources(),
                        answer)
                .write(folder.toString(), new Configuration());
        return folder;
    }

    private Map<String, Row> run(Path dataset, String out, String... more) {
        CliRun done = command("segment", dataset, out, more);
        assertThat(done.code()).as(done.err()).isZero();
        return predictions(out);
    }

    private CliRun command(String command, Path dataset, String out, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                command,
                "--model",
                "../models/tiny",
                "--device",
                "cpu",
                "--dtype",
                "fp32",
                "--dataset",
                dataset.toString(),
                "--output",
                home.resolve(out).toString()));
        arguments.addAll(List.of(more));
        return CliRun.withModel(home, 2, arguments.toArray(String[]::new));
    }

    private Map<String, Row> predictions(String out) {
        return Datasets.read(home.resolve(out).resolve("predictions")).stream()
                .collect(Collectors.toMap(row -> row.getAs("prompt_id"), row -> row));
    }

    private static List<Row> masks(Row row) {
        return row.getList(row.fieldIndex("masks"));
    }

    private static Rle rle(Row mask) {
        Row stored = mask.getAs("mask");
        return new EncodedMask(stored.getList(0), stored.getString(1)).decode();
    }

    @Test
    void everyTaskAnswersInItsOwnWay() throws Exception {
        byte[] picture = picture(1);
        Path mixed = dataset(
                "mixed",
                List.of(
                        new ImageRow("a", picture, null, prompts("a"), null, null, null),
                        new ImageRow("b", picture(2), null, prompts("b"), null, null, null)));

        Map<String, Row> rows = run(mixed, "out");

        assertThat(rows).hasSize(16);
        assertThat(rows.values()).allSatisfy(row -> {
            assertThat(row.<String>getAs("status")).as(String.valueOf(row)).isEqualTo("ok");
            assertThat(masks(row).stream().map(mask -> mask.<Float>getAs("score")))
                    .isSortedAccordingTo(Comparator.reverseOrder());
        });
        assertThat(masks(rows.get("a-refer"))).hasSize(1);
        assertThat(masks(rows.get("a-refer")).get(0).isNullAt(2)).isTrue();

        List<Rle> panoptic =
                masks(rows.get("a-panoptic")).stream().map(TasksRunTest::rle).toList();
        assertThat(panoptic.stream().mapToLong(Rle::area).sum())
                .isEqualTo(panoptic.isEmpty() ? 0 : Rle.union(panoptic).area());

        List<Row> semantic = masks(rows.get("a-semantic"));
        assertThat(semantic).isNotEmpty();
        assertThat(semantic.stream().mapToLong(mask -> rle(mask).area()).sum()).isEqualTo(HEIGHT * WIDTH);
        assertThat(semantic.stream().map(mask -> mask.getAs("category"))).doesNotHaveDuplicates();
        assertThat(semantic).allSatisfy(mask -> assertThat(CLASSES)
                .anyMatch(each ->
                        each.name().equals(mask.getAs("category")) && each.id() == mask.<Integer>getAs("category_id")));

        List<Row> instances = masks(rows.get("a-instance"));
        assertThat(instances).hasSizeGreaterThan(3);
        assertThat(instances).allSatisfy(mask -> assertThat(mask.<Integer>getAs("category_id"))
                .isIn(11, 7, 30));

        Row regions = rows.get("a-regions");
        assertThat(masks(regions).stream().map(mask -> mask.<Integer>getAs("region")))
                .containsExactlyInAnyOrder(0, 1);
        Row overlap = regions.getAs("truth");
        long intersection = 0;
        long union = 0;
        for (Row mask : masks(regions)) {
            Rle truth = box(mask.<Integer>getAs("region") == 0 ? 10 : 0, mask.<Integer>getAs("region") == 0 ? 40 : 20)
                    .decode();
            long both = Rle.intersectionArea(rle(mask), truth);
            intersection += both;
            union += rle(mask).area() + truth.area() - both;
        }
        assertThat(overlap.getLong(0)).isEqualTo(intersection);
        assertThat(overlap.getLong(1)).isEqualTo(union);

        // The text of the classes costs what it is long.
        assertThat(rows.get("a-panoptic").<Row>getAs("flops").getLong(1))
                .isGreaterThan(rows.get("a-refer").<Row>getAs("flops").getLong(1));
        assertThat(rows.get("a-panoptic").<Row>getAs("tokens").getInt(2))
                .isGreaterThan(rows.get("a-refer").<Row>getAs("tokens").getInt(2));

        requireTheSameAlone(rows, picture);
        Map<String, Row> few = run(mixed, "few", "--max-masks", "1", "--min-score", "0.2");
        assertThat(few.values()).allSatisfy(row -> {
            List<Row> all = masks(rows.get(row.<String>getAs("prompt_id"))).stream()
                    .filter(mask -> mask.<Float>getAs("score") >= 0.2f)
                    .toList();
            assertThat(masks(row)).hasSize(Math.min(1, all.size()));
        });
    }

    /** Each task on its own, in other groups of prompts: the same masks, but for single pixels. */
    private void requireTheSameAlone(Map<String, Row> mixed, byte[] picture) {
        List<PromptRow> all = prompts("a");
        List<ImageRow> each = IntStream.range(0, all.size())
                .mapToObj(i -> new ImageRow("a" + i, picture, null, List.of(all.get(i)), null, null, null))
                .toList();
        Map<String, Row> alone = run(dataset("alone", each), "alone-out");
        alone.forEach((id, row) -> {
            List<Row> one = masks(row);
            List<Row> other = masks(mixed.get(id));
            assertThat(one).as(id).hasSameSizeAs(other);
            for (int i = 0; i < one.size(); i++) {
                assertThat(one.get(i).<Float>getAs("score"))
                        .as(id)
                        .isCloseTo(other.get(i).<Float>getAs("score"), within(1e-4f));
            }
            if (!id.contains("instance")) {
                for (int i = 0; i < one.size(); i++) {
                    assertThat(Rle.iou(rle(one.get(i)), rle(other.get(i)), false))
                            .as(id)
                            .isGreaterThan(0.995);
                }
            }
            assertThat(row.<Row>getAs("flops").getLong(1))
                    .isEqualTo(mixed.get(id).<Row>getAs("flops").getLong(1));
        });
    }

    /** As the dataset's protocol scores, unless another rule is asked for; and the same when what is stored is scored again. */
    @Test
    void severalMasksAnswerAReferringPromptWhereTheDatasetSaysSo() throws Exception {
        Truth truth = new Truth(false, List.of(new TruthMask(box(0, 60), null, false, null, null, null)));
        List<PromptRow> prompts = List.of(
                PromptRow.referring("red", List.of("the red circle"), truth),
                PromptRow.referring("blue", List.of("a small blue square on the left"), truth),
                regions("region", null, region("point", 30.0, 20.0)));
        ImageRow picture = new ImageRow("a", picture(1), null, prompts, null, null, null);
        Path union = dataset("union", List.of(picture), DatasetManifest.Answer.union(0.05));
        assertThat(command("evaluate", union, "union-out").code()).isZero();
        Map<String, Row> together = predictions("union-out");

        for (String id : List.of("red", "blue")) {
            List<Row> masks = masks(together.get(id));
            assertThat(masks).hasSizeGreaterThan(1);
            assertThat(masks)
                    .allSatisfy(mask -> assertThat(mask.<Float>getAs("score")).isGreaterThan(0.05f));
            Rle all = Rle.union(masks.stream().map(TasksRunTest::rle).toList());
            long both = Rle.intersectionArea(all, box(0, 60).decode());
            Row overlap = together.get(id).getAs("truth");
            assertThat(overlap.getLong(0)).isEqualTo(both);
            assertThat(overlap.getLong(1)).isEqualTo(all.area() + 60L * HEIGHT - both);
        }
        assertThat(masks(together.get("region"))).hasSize(1);
        JsonNode run = JSON.readTree(home.resolve("union-out/run.json").toFile());
        assertThat(run.at("/config/model.answer").asText()).isEqualTo("union");
        assertThat(run.at("/config/model.answer-threshold").asText()).isEqualTo("0.05");

        CliRun again = CliRun.withModel(
                home,
                2,
                "evaluate",
                "--predictions",
                home.resolve("union-out").toString(),
                "--dataset",
                union.toString(),
                "--json",
                home.resolve("again.json").toString());
        assertThat(again.code()).as(again.err()).isZero();
        JsonNode first = JSON.readTree(home.resolve("union-out/summary.json").toFile());
        JsonNode second = JSON.readTree(home.resolve("again.json").toFile());
        assertThat(second.at("/metrics/intersection")).isEqualTo(first.at("/metrics/intersection"));
        assertThat(second.at("/metrics/union")).isEqualTo(first.at("/metrics/union"));

        Map<String, Row> best = run(union, "best-out", "--answer", "best");
        for (String id : List.of("red", "blue")) {
            assertThat(masks(best.get(id))).hasSize(1);
            assertThat(masks(best.get(id)).get(0))
                    .isEqualTo(masks(together.get(id)).get(0));
        }
        CliRun refused = command("segment", union, "refused", "--answer", "best", "--answer-threshold", "0.5");
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.err()).contains("--answer union");
        CliRun other = command("evaluate", union, "union-out", "--answer-threshold", "0.4");
        assertThat(other.code()).isEqualTo(2);
        assertThat(other.err()).contains("the threshold of the answer union was 0.05 and is 0.4");
    }

    @Test
    void whatCannotBeAskedFailsAlone() throws Exception {
        Path folder = dataset(
                "odd",
                List.of(new ImageRow(
                        "a",
                        picture(1),
                        null,
                        List.of(
                                classes("unknown", "panoptic", "large"),
                                classes("nameless", "semantic", null),
                                regions("none", null),
                                regions("outside", null, region("point", 500.0, 3.0)),
                                regions("odd", null, region("scribble", 1.0, 2.0, 3.0)),
                                regions("kind", null, region("circle", 1.0, 2.0)),
                                regions("elsewhere", null, new Region("point", List.of(1.0, 2.0), null, "b")),
                                regions("here", null, new Region("point", List.of(1.0, 2.0), null, "a"))),
                        null,
                        null,
                        null)));

        Map<String, String> kinds = run(folder, "odd-out").entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey,
                        entry -> entry.getValue().getAs("status").equals("ok")
                                ? "ok"
                                : entry.getValue().<Row>getAs("error").getString(1)));

        assertThat(kinds)
                .containsOnly(
                        Map.entry("unknown", "unknown-class-set"),
                        Map.entry("nameless", "unknown-class-set"),
                        Map.entry("none", "bad-region"),
                        Map.entry("outside", "bad-region"),
                        Map.entry("odd", "bad-region"),
                        Map.entry("kind", "bad-region"),
                        Map.entry("elsewhere", "unsupported-task"),
                        Map.entry("here", "ok"));
    }
}
