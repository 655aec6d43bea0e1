package io.maskroute.datasets.score;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.coco.Segmentation;
import io.maskroute.datasets.mask.InvalidRleException;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.metrics.EmptyUnion;
import io.maskroute.datasets.metrics.GeneralisedReferringMetrics;
import io.maskroute.datasets.metrics.GeneralisedRules;
import io.maskroute.datasets.metrics.GeneralisedScores;
import io.maskroute.datasets.metrics.Metric;
import io.maskroute.datasets.metrics.MissingPrediction;
import io.maskroute.datasets.metrics.ReferringMetrics;
import io.maskroute.datasets.metrics.ReferringRules;
import io.maskroute.datasets.metrics.ReferringScores;
import io.maskroute.datasets.metrics.Score;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Scores predictions of referring segmentation, a line of JSON each, by the formulas of LISA, PSALM, LAVT, Sa2VA, ReLA and GSVA.
 * Pixels of an ignore region count nowhere, by any of them.
 */
public final class ReferringScoring {
    private static final String FORMAT = "referring";
    private static final String TASK = "referring";

    private final Path truthFile;
    private final Path predictionFile;
    private final boolean byGroup;
    private final Map<String, Prediction> predictions = new HashMap<>();
    private final Set<String> ids = new HashSet<>();
    private final Set<String> groups = new HashSet<>();
    private long missing;

    private final ReferringMetrics lisa = new ReferringMetrics(ReferringRules.DEFAULT);
    private final ReferringMetrics psalm = new ReferringMetrics(ReferringRules.DEFAULT);
    private final ReferringMetrics lavt =
            new ReferringMetrics(new ReferringRules(EmptyUnion.ZERO, MissingPrediction.COUNTED));
    private final ReferringMetrics sa2va =
            new ReferringMetrics(new ReferringRules(EmptyUnion.ONE, MissingPrediction.LEFT_OUT_OF_CIOU));
    private final GeneralisedReferringMetrics rela = new GeneralisedReferringMetrics(GeneralisedRules.RELA);
    private final GeneralisedReferringMetrics gsva = new GeneralisedReferringMetrics(GeneralisedRules.GSVA);

    private ReferringScoring(Path truth, Path predictions, boolean byGroup) {
        this.truthFile = truth;
        this.predictionFile = predictions;
        this.byGroup = byGroup;
    }

    /** @param mask null where none came out */
    private record Prediction(long line, Segmentation mask, boolean noTarget) {}

    /**
     * @param truth lines {@code {id, image_id, mask: rle, ignore: rle or null, no_target: bool, group: anything or null}}
     * @param predictions lines {@code {id, mask: rle or null, no_target: bool or null}}; without a line there is no prediction
     * @param byGroup whether only the first expression of each group counts, as PSALM scores one per object
     * @throws UnusableInputException when they are not of this form, or do not belong together
     */
    public static ReferringReport score(Path truth, Path predictions, boolean byGroup) {
        ReferringScoring scoring = new ReferringScoring(truth, predictions, byGroup);
        JsonSource.read(predictions, json -> json.lines(() -> scoring.prediction(json)));
        JsonSource.read(truth, json -> json.lines(() -> scoring.truth(json)));
        scoring.requireKnownPredictions();
        return scoring.report();
    }

    private void prediction(JsonSource json) throws IOException {
        var read = new Object() {
            String id;
            Segmentation mask;
            boolean noTarget;
        };
        json.fields(name -> {
            switch (name) {
                case "id" -> read.id = json.id(name);
                case "mask" -> read.mask = json.isNull() ? null : json.segmentation(name);
                case "no_target" -> read.noTarget = !json.isNull() && json.flag(name);
                default -> json.skip();
            }
        });
        String id = json.require(read.id, "id");
        if (predictions.put(id, new Prediction(json.index(), read.mask, read.noTarget)) != null) {
            throw json.bad("id " + id + " is there twice");
        }
    }

    private void truth(JsonSource json) throws IOException {
        var read = new Object() {
            String id;
            Segmentation mask;
            Segmentation ignore;
            boolean noTarget;
            String group;
        };
        json.fields(name -> {
            switch (name) {
                case "id" -> read.id = json.id(name);
                case "mask" -> read.mask = json.isNull() ? null : json.segmentation(name);
                case "ignore" -> read.ignore = json.isNull() ? null : json.segmentation(name);
                case "no_target" -> read.noTarget = !json.isNull() && json.flag(name);
                case "group" -> read.group = json.isNull() ? null : json.any();
                default -> json.skip();
            }
        });
        String id = json.require(read.id, "id");
        if (!ids.add(id)) {
            throw json.bad("id " + id + " is there twice");
        }
        if (read.mask == null && !read.noTarget) {
            throw json.bad("has no mask, and no_target is not true (id " + id + ")");
        }
        Prediction prediction = predictions.get(id);
        if (byGroup && read.group != null && !groups.add(read.group)) {
            return;
        }
        Rle target = mask(json.where() + ", mask", read.mask);
        if (read.noTarget && target != null && target.area() > 0) {
            throw json.bad("no_target is true, and the mask has " + target.area() + " pixels (id " + id + ")");
        }
        Rle answer = prediction == null ? null : mask(place(prediction), prediction.mask);
        if (answer != null && target != null) {
            requireSameSize(place(prediction) + " (id " + id + ")", answer, "truth", target);
        }
        Rle ignore = mask(json.where() + ", ignore", read.ignore);
        if (ignore != null) {
            target = without(json.where(), target, ignore);
            answer = without(json.where(), answer, ignore);
        }
        add(prediction, answer, target, read.noTarget);
    }

    private String place(Prediction prediction) {
        return predictionFile + ", line " + prediction.line;
    }

    private static Rle without(String where, Rle mask, Rle ignore) {
        if (mask == null) {
            return null;
        }
        requireSameSize(where + ": the ignore region", ignore, "mask", mask);
        return mask.minus(ignore);
    }

    private static void requireSameSize(String what, Rle mask, String other, Rle expected) {
        if (mask.height() != expected.height() || mask.width() != expected.width()) {
            throw new UnusableInputException(what + " is " + mask.width() + " wide and " + mask.height() + " high, the "
                    + other + " " + expected.width() + " and " + expected.height());
        }
    }

    private static Rle mask(String where, Segmentation segmentation) {
        try {
            if (segmentation instanceof Segmentation.Runs runs) {
                return new Rle(runs.height(), runs.width(), runs.counts());
            }
            if (segmentation instanceof Segmentation.CompressedRuns runs) {
                return Rle.parse(runs.height(), runs.width(), runs.counts());
            }
        } catch (InvalidRleException e) {
            throw new UnusableInputException(where + ": " + e.getMessage(), e);
        }
        if (segmentation == null) {
            return null;
        }
        throw new UnusableInputException(
                where + " is a list of polygons, whose picture has no size here; write an RLE");
    }

    /**
     * @param prediction null without a line
     * @param answer null where no mask came out
     * @param target null is as good as one without a pixel
     */
    private void add(Prediction prediction, Rle answer, Rle target, boolean noTarget) {
        long truthArea = target == null ? 0 : target.area();
        long area = answer == null ? 0 : answer.area();
        long intersection = target == null || answer == null ? 0 : Rle.intersectionArea(answer, target);
        long union = area + truthArea - intersection;
        for (ReferringMetrics metrics : List.of(lisa, psalm, lavt)) {
            if (prediction == null) {
                metrics.addMissing(truthArea);
            } else {
                metrics.add(intersection, union);
            }
        }
        if (answer == null) {
            sa2va.addMissing(truthArea);
        } else {
            sa2va.add(intersection, union);
        }
        boolean rejected = prediction != null && prediction.noTarget;
        rela.add(intersection, union, truthArea, noTarget, rejected);
        gsva.add(intersection, union, truthArea, noTarget, rejected);
        missing += prediction == null ? 1 : 0;
    }

    private void requireKnownPredictions() {
        predictions.entrySet().stream()
                .filter(entry -> !ids.contains(entry.getKey()))
                .min((a, b) -> Long.compare(a.getValue().line, b.getValue().line))
                .ifPresent(entry -> {
                    throw new UnusableInputException(
                            place(entry.getValue()) + ": there is no id " + entry.getKey() + " in " + truthFile);
                });
    }

    private ReferringReport report() {
        List<Score> scores = new ArrayList<>();
        ReferringReport.Figures[] figures = {
            figures(scores, "lisa", lisa.scores()),
            figures(scores, "psalm", psalm.scores()),
            figures(scores, "lavt", lavt.scores()),
            figures(scores, "sa2va", sa2va.scores()),
            figures(scores, "rela", rela.scores()),
            figures(scores, "gsva", gsva.scores())
        };
        return new ReferringReport(
                FORMAT,
                scores,
                figures[0],
                figures[1],
                figures[2],
                figures[3],
                figures[4],
                figures[5],
                missing,
                missing == 0
                        ? List.of()
                        : List.of(
                                missing + " expressions have no prediction: they count as wrong, and by sa2va's formula"
                                        + " not at all in cIoU."));
    }

    private ReferringReport.Figures figures(List<Score> scores, String formula, ReferringScores figures) {
        return figures(scores, formula, figures, figures.precision(), null, null);
    }

    private ReferringReport.Figures figures(List<Score> scores, String formula, GeneralisedScores figures) {
        return figures(
                scores,
                formula,
                figures.overall(),
                figures.targetPrecision(),
                figures.noTargetAccuracy(),
                figures.targetAccuracy());
    }

    private ReferringReport.Figures figures(
            List<Score> scores,
            String formula,
            ReferringScores figures,
            List<Double> precision,
            Double noTargetAccuracy,
            Double targetAccuracy) {
        // Whether lines are expressions or objects, and how masks were drawn, the files do not say.
        Score.Conditions conditions =
                new Score.Conditions(TASK, formula, byGroup ? "first-of-group" : "per-line", null, false);
        List<Metric> thresholds = List.of(
                Metric.PRECISION_50,
                Metric.PRECISION_60,
                Metric.PRECISION_70,
                Metric.PRECISION_80,
                Metric.PRECISION_90);
        scores.add(conditions.score(Metric.CIOU, figures.cIoU(), figures.samples()));
        scores.add(conditions.score(Metric.GIOU, figures.gIoU(), figures.samples()));
        Map<String, Double> byThreshold = new LinkedHashMap<>();
        for (int t = 0; t < precision.size(); t++) {
            scores.add(conditions.score(thresholds.get(t), precision.get(t), figures.samples()));
            byThreshold.put(ReferringScores.THRESHOLDS.get(t).toString(), precision.get(t));
        }
        if (noTargetAccuracy != null) {
            scores.add(conditions.score(Metric.NO_TARGET_ACCURACY, noTargetAccuracy, figures.samples()));
            scores.add(conditions.score(Metric.TARGET_ACCURACY, targetAccuracy, figures.samples()));
        }
        return new ReferringReport.Figures(
                figures.cIoU(),
                figures.gIoU(),
                noTargetAccuracy,
                targetAccuracy,
                byThreshold,
                figures.samples(),
                figures.intersection(),
                figures.union());
    }
}
