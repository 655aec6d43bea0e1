package io.maskroute.job.results;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.core.task.Category;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.metrics.Score;
import io.maskroute.datasets.parquet.RowFileWriter;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.GroundTruthRaster;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Protocol;
import io.maskroute.datasets.schema.Region;
import io.maskroute.datasets.schema.Truth;
import io.maskroute.datasets.schema.TruthMask;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.predictions.Prediction;
import io.maskroute.job.predictions.PredictionSchema;
import io.maskroute.job.predictions.RunIdentity;
import io.maskroute.job.testing.Datasets;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetScoresTest {
    private static final int SIDE = 10;
    private static final DatasetManifest MANIFEST = new DatasetManifest(
            1,
            "test",
            null,
            Protocol.PER_EXPRESSION,
            GroundTruthRaster.COCO,
            null,
            Map.of(
                    "small",
                    List.of(
                            new DatasetManifest.Category(11, "dog", true),
                            new DatasetManifest.Category(7, "sky", false),
                            new DatasetManifest.Category(30, "cat", true))),
            null,
            null,
            null);
    private static final RunIdentity RUN = new RunIdentity("r", "m", "dense", "cpu", "fp32", "driver", 0);

    @TempDir
    private Path home;

    private final List<ImageRow> images = new ArrayList<>();
    private final List<Prediction> predictions = new ArrayList<>();

    private static Rle columns(int from, int count) {
        byte[] pixels = new byte[SIDE * SIDE];
        Arrays.fill(pixels, from * SIDE, (from + count) * SIDE, (byte) 1);
        return Rle.of(new BinaryMask(SIDE, SIDE, pixels));
    }

    private static TruthMask truth(Rle mask, Integer category, Integer region) {
        return new TruthMask(EncodedMask.of(mask), category, false, null, null, region);
    }

    private static Prediction.Mask found(Rle mask, float score, Integer category, Integer region) {
        return new Prediction.Mask(
                mask, score, category == null ? null : new Category(category, "c" + category, true), region);
    }

    private PromptRow prompt(String id, String task, Truth truth, Region... regions) {
        boolean classes = !List.of("referring", "region").contains(task);
        List<String> texts = task.equals("referring") ? List.of("it") : List.of();
        return new PromptRow(id, task, texts, classes ? "small" : null, List.of(regions), truth);
    }

    /** @param error null where it went well */
    private void ask(String image, PromptRow prompt, RowFailure error, Prediction.Mask... masks) {
        ImageRow row = Datasets.image(image, Datasets.png(SIDE, SIDE), prompt);
        images.add(row);
        Prediction.Question question = Prediction.Question.of(row, prompt);
        predictions.add(
                error != null
                        ? Prediction.failed(question, null, error, null)
                        : new Prediction(
                                question,
                                new Prediction.Size(SIDE, SIDE),
                                null,
                                List.of(masks),
                                null,
                                null,
                                null,
                                null,
                                "cpu"));
    }

    private static RowFailure failure() {
        return new RowFailure(Stage.DECODE, "unreadable-image", "not a picture");
    }

    /** @param files of the dataset, each of which is a partition */
    private DatasetScores scores(int files) {
        Path dataset = home.resolve("dataset" + files);
        Path stored = home.resolve("predictions" + files);
        Datasets.write(dataset, files, images);
        try {
            Files.createDirectories(stored);
            List<Prediction> shuffled = new ArrayList<>(predictions);
            Collections.shuffle(shuffled, new Random(files));
            try (RowFileWriter out = new RowFileWriter(
                    stored.resolve("some.parquet").toString(), PredictionSchema.struct(), new Configuration())) {
                for (Prediction prediction : shuffled) {
                    out.write(PredictionSchema.toRow(prediction, RUN));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Datasets.withSpark(spark -> DatasetScores.of(
                InputDataset.open(spark, dataset.toString(), MANIFEST),
                PredictionTable.open(spark, new RunFolder(stored.toString(), new Configuration())),
                0,
                null));
    }

    private static Score score(DatasetScores scores, String task, String formula, String name) {
        return scores.scores().stream()
                .filter(s -> s.task().equals(task)
                        && s.formula().equals(formula)
                        && s.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static double value(DatasetScores scores, String task, String formula, String name) {
        return score(scores, task, formula, name).value();
    }

    @Test
    void everyTaskIsScoredByItsOwnRules() {
        ask(
                "a",
                prompt("a", "referring", new Truth(false, List.of(truth(columns(0, 2), null, null)))),
                null,
                found(columns(0, 4), 0.9f, null, null),
                found(columns(0, 2), 0.5f, null, null));
        ask("b", prompt("b", "referring", new Truth(true, List.of())), null);
        ask("c", prompt("c", "referring", new Truth(false, List.of(truth(columns(0, 2), null, null)))), failure());
        ask(
                "d",
                prompt(
                        "d",
                        "region",
                        new Truth(false, List.of(truth(columns(0, 2), null, 1), truth(columns(4, 4), null, 0))),
                        new Region("point", List.of(5.0, 5.0), null),
                        new Region("point", List.of(1.0, 1.0), null)),
                null,
                found(columns(4, 4), 0.9f, null, 0),
                found(columns(0, 1), 0.8f, null, 1));
        Truth scene = new Truth(false, List.of(truth(columns(0, 5), 11, null), truth(columns(5, 4), 7, null)));
        Prediction.Mask[] answer = {found(columns(0, 4), 0.9f, 11, null), found(columns(4, 5), 0.8f, 7, null)};
        ask("e", prompt("e", "panoptic", scene), null, answer);
        ask("f", prompt("f", "semantic", scene), null, answer);
        ask("g", prompt("g", "instance", scene), null, answer);
        ask("h", prompt("h", "semantic", scene), failure());

        DatasetScores scores = scores(3);

        // Sums 20 + 0 + 0 over 40 + 0 + 20 pixels, and IoUs 0.5, 1 (or 0), 0.
        assertThat(value(scores, "referring", "lisa", "cIoU")).isEqualTo(20 / 60.0);
        assertThat(value(scores, "referring", "lisa", "gIoU")).isEqualTo(0.5);
        assertThat(value(scores, "referring", "lavt", "gIoU")).isCloseTo(0.5 / 3, within(1e-15));
        // No mask came out of the failed one.
        assertThat(value(scores, "referring", "sa2va", "cIoU")).isEqualTo(0.5);
        assertThat(value(scores, "referring", "rela", "N_acc")).isEqualTo(1);
        assertThat(score(scores, "referring", "lisa", "cIoU").comparable()).isTrue();
        assertThat(score(scores, "referring", "psalm", "cIoU").comparable()).isFalse();
        assertThat(score(scores, "referring", "lavt", "cIoU").comparable()).isFalse();
        assertThat(value(scores, "region", "psalm", "cIoU")).isEqualTo(50 / 60.0);
        assertThat(value(scores, "region", "psalm", "gIoU")).isEqualTo(0.75);
        assertThat(score(scores, "region", "psalm", "gIoU").samples()).isEqualTo(2);
        // 40 / 50 for both: a column of the dog was taken for sky.
        assertThat(value(scores, "panoptic", "panopticapi", "PQ")).isCloseTo(0.8, within(1e-15));
        assertThat(value(scores, "panoptic", "panopticapi", "PQ_things")).isCloseTo(0.8, within(1e-15));
        // The failed picture's pixels are wrong: 40 of 100, and 40 of 90.
        assertThat(value(scores, "semantic", "detectron2", "mIoU")).isCloseTo((0.4 + 40 / 90.0) / 2, within(1e-15));
        assertThat(value(scores, "semantic", "mmsegmentation", "mIoU_mmseg"))
                .isCloseTo((0.4 + 40 / 90.0) / 2, within(1e-15));
        // An IoU of 0.8 passes the thresholds 0.5 to 0.8.
        assertThat(value(scores, "instance", "pycocotools", "AP")).isCloseTo(0.7, within(1e-12));
        assertThat(value(scores, "instance", "pycocotools", "AP50")).isCloseTo(1, within(1e-12));
        assertThat(scores.perClass()).containsOnlyKeys("11", "7", "30");
        assertThat(scores.perClass().get("11").pq()).isCloseTo(0.8, within(1e-15));
        assertThat(scores.perClass().get("30").ap()).isEqualTo(-1);
        assertThat(scores.perClass().get("7").iou()).isCloseTo(40 / 90.0, within(1e-15));
    }

    @Test
    void partitionsAndOrderChangeNoBit() {
        Random random = new Random(22);
        for (int i = 0; i < 24; i++) {
            String task =
                    List.of("referring", "panoptic", "semantic", "instance").get(i % 4);
            List<TruthMask> wanted = new ArrayList<>();
            List<Prediction.Mask> found = new ArrayList<>();
            int[] categories = {11, 7, 30};
            for (int m = 0; m < 3; m++) {
                wanted.add(truth(columns(3 * m, 1 + random.nextInt(3)), categories[random.nextInt(3)], null));
                // Few different scores, so that pictures tie.
                found.add(found(
                        columns(3 * m + random.nextInt(2), 1 + random.nextInt(2)),
                        0.5f + 0.1f * random.nextInt(2),
                        categories[random.nextInt(3)],
                        null));
            }
            ask(
                    "image-" + i,
                    prompt("prompt-" + i, task, new Truth(false, wanted)),
                    i % 11 == 5 ? failure() : null,
                    found.toArray(Prediction.Mask[]::new));
        }

        DatasetScores once = scores(1);

        assertThat(once.scores()).extracting(Score::task).contains("referring", "panoptic", "semantic", "instance");
        assertThat(scores(3)).isEqualTo(once);
        assertThat(scores(8)).isEqualTo(once);
    }
}
