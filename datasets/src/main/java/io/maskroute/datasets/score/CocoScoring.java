package io.maskroute.datasets.score;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.coco.Segmentation;
import io.maskroute.datasets.mask.InvalidRleException;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.metrics.AveragePrecision;
import io.maskroute.datasets.metrics.Metric;
import io.maskroute.datasets.metrics.Score;
import io.maskroute.datasets.schema.GroundTruthRaster;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Scores a COCO results file (masks) against an instances file, as pycocotools 2.0.11 with {@code iouType='segm'}. Unlike it,
 * this refuses ids that are unknown or there twice, masks of another size than their picture's, and scores that are no numbers.
 */
public final class CocoScoring {
    private static final String FORMAT = "coco";

    private static final List<Metric> STATS = List.of(
            Metric.AP,
            Metric.AP50,
            Metric.AP75,
            Metric.AP_SMALL,
            Metric.AP_MEDIUM,
            Metric.AP_LARGE,
            Metric.AR1,
            Metric.AR10,
            Metric.AR100,
            Metric.AR_SMALL,
            Metric.AR_MEDIUM,
            Metric.AR_LARGE);

    private static final Score.Conditions CONDITIONS =
            new Score.Conditions("instance", "pycocotools", null, GroundTruthRaster.COCO.label(), true);

    private final Path truthFile;
    private final Path resultFile;
    private final boolean boxAreas;
    private final CocoTruth truth;
    private final Map<Long, List<Result>> results = new HashMap<>();
    private long size;
    private boolean boxes;

    private CocoScoring(Path truthFile, Path resultFile, boolean boxAreas) {
        this.truthFile = truthFile;
        this.resultFile = resultFile;
        this.boxAreas = boxAreas;
        this.truth = CocoTruth.read(truthFile);
    }

    /**
     * @param index in the file
     * @param boxArea NaN where there is no box
     */
    private record Result(long index, long category, double score, double boxArea, Segmentation mask) {}

    /**
     * @param truth {@code instances.json}
     * @param predictions the list of results, each with {@code image_id}, {@code category_id}, {@code segmentation},
     *     {@code score}
     * @param boxAreas whether the area of a result is its {@code bbox}'s, as pycocotools has it when the first result has one;
     *     else its mask's, as detectron2 evaluates
     * @throws UnusableInputException when they are not of this form, or do not belong together
     */
    public static CocoReport score(Path truth, Path predictions, boolean boxAreas) {
        CocoScoring scoring = new CocoScoring(truth, predictions, boxAreas);
        return scoring.report(scoring.figures());
    }

    /** For tests: with the curves. */
    static AveragePrecision.Result curves(Path truth, Path predictions) {
        return new CocoScoring(truth, predictions, false).figures();
    }

    private void readResults(JsonSource json) throws IOException {
        json.topList(
                "is no results file in COCO's layout, a list of objects with image_id, category_id, segmentation and score",
                () -> result(json));
    }

    private void result(JsonSource json) throws IOException {
        var read = new Object() {
            Long image;
            Long category;
            Double score;
            double boxArea = Double.NaN;
            Segmentation mask;
        };
        json.fields(name -> {
            switch (name) {
                case "image_id" -> read.image = json.integer(name);
                case "category_id" -> read.category = json.integer(name);
                case "score" -> read.score = json.number(name);
                case "segmentation" -> read.mask = json.segmentation(name);
                case "bbox" -> {
                    if (boxAreas) {
                        double[] box = json.numbers(name, 4);
                        read.boxArea = box[2] * box[3];
                    } else {
                        json.skip();
                    }
                    boxes = true;
                }
                default -> json.skip();
            }
        });
        long image = json.require(read.image, "image_id");
        long category = json.require(read.category, "category_id");
        if (!truth.images().containsKey(image)) {
            throw json.bad("there is no image " + image + " in " + truthFile);
        }
        if (!truth.categories().contains(category)) {
            throw json.bad("there is no category " + category + " in " + truthFile);
        }
        if (boxAreas && Double.isNaN(read.boxArea)) {
            throw json.bad("has no bbox, whose area shall count");
        }
        results.computeIfAbsent(image, unknown -> new ArrayList<>())
                .add(new Result(
                        json.index(),
                        category,
                        json.require(read.score, "score"),
                        read.boxArea,
                        json.require(read.mask, "segmentation: score coco scores masks, not boxes")));
        size++;
    }

    /** What one picture has of one category. */
    private static final class Both {
        private final List<CocoTruth.Annotation> annotations = new ArrayList<>();
        private final List<Result> results = new ArrayList<>();
    }

    private void add(AveragePrecision figures, long image) {
        SortedMap<Long, Both> byCategory = new TreeMap<>();
        truth.annotations(image).forEach(a -> byCategory
                .computeIfAbsent(a.category(), unknown -> new Both())
                .annotations
                .add(a));
        results.getOrDefault(image, List.of()).forEach(r -> byCategory
                .computeIfAbsent(r.category(), unknown -> new Both())
                .results
                .add(r));
        byCategory.forEach((category, both) -> figures.add(category, evidence(image, both)));
    }

    private AveragePrecision.Evidence evidence(long image, Both both) {
        List<Rle> wanted = new ArrayList<>();
        List<AveragePrecision.Truth> truths = new ArrayList<>();
        for (CocoTruth.Annotation annotation : both.annotations) {
            wanted.add(mask(truthFile + ", annotations " + annotation.index(), annotation.mask(), image));
            truths.add(new AveragePrecision.Truth(annotation.id(), annotation.area(), annotation.crowd()));
        }
        List<Rle> found = new ArrayList<>();
        List<AveragePrecision.Detection> detections = new ArrayList<>();
        for (Result result : both.results) {
            Rle mask = mask(resultFile + ", result " + result.index(), result.mask(), image);
            found.add(mask);
            detections.add(
                    new AveragePrecision.Detection(result.score(), boxAreas ? result.boxArea() : (double) mask.area()));
        }
        return AveragePrecision.Evidence.of(
                image,
                detections,
                truths,
                (d, t) -> Rle.iou(found.get(d), wanted.get(t), truths.get(t).crowd()));
    }

    private Rle mask(String where, Segmentation segmentation, long image) {
        CocoTruth.Size picture = truth.images().get(image);
        if (picture.height() < 1 || picture.width() < 1 || picture.height() * picture.width() > Rle.MAX_PIXELS) {
            throw new UnusableInputException(truthFile + ": image " + image + " has no height and width that a picture"
                    + " can have, and masks of it are to be scored");
        }
        try {
            return segmentation
                    .rasterize((int) picture.height(), (int) picture.width(), GroundTruthRaster.COCO)
                    .mask();
        } catch (InvalidRleException e) {
            throw new UnusableInputException(where + " (image " + image + "): " + e.getMessage(), e);
        }
    }

    private AveragePrecision.Result figures() {
        JsonSource.read(resultFile, this::readResults);
        return truth.images().keySet().parallelStream()
                .collect(AveragePrecision::new, this::add, AveragePrecision::merge)
                .result(truth.categories());
    }

    private CocoReport report(AveragePrecision.Result result) {
        double[] stats = result.stats();
        List<Score> scores = new ArrayList<>();
        for (int i = 0; i < stats.length; i++) {
            scores.add(CONDITIONS.score(
                    STATS.get(i),
                    stats[i] < 0 ? Double.NaN : stats[i],
                    truth.images().size()));
        }
        SortedMap<Long, CocoReport.ClassAp> perClass = new TreeMap<>();
        truth.categories().forEach(category -> perClass.put(category, new CocoReport.ClassAp(result.of(category))));
        return new CocoReport(
                FORMAT,
                scores,
                Arrays.stream(stats).boxed().toList(),
                perClass,
                truth.images().size(),
                truth.size(),
                size,
                boxes && !boxAreas
                        ? List.of("The results have boxes: sizes (small, medium, large) are those of the masks, as"
                                + " detectron2 evaluates. pycocotools by itself takes the boxes': --box-areas.")
                        : List.of());
    }
}
