package io.maskroute.datasets.score;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.coco.Segmentation;
import io.maskroute.datasets.mask.InvalidRleException;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.metrics.ReferringFormulas;
import io.maskroute.datasets.metrics.ReferringFormulas.Formula;
import io.maskroute.datasets.metrics.ReferringScores;
import io.maskroute.datasets.metrics.Score;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Scores predictions of referring segmentation, a line of JSON each, by the formulas of LISA, PSALM, LAVT, Sa2VA, ReLA and GSVA.
 * Pixels of an ignore region count nowhere, by any of them.
 */
public final class ReferringScoring {
    private static final String FORMAT = "referring";

    private final Path truthFile;
    private final Path predictionFile;
    private final boolean byGroup;
    private final Map<String, Prediction> predictions = new HashMap<>();
    private final Set<String> ids = new HashSet<>();
    private final Set<String> groups = new HashSet<>();
    private long missing;

    private final ReferringFormulas formulas = new ReferringFormulas();

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
        formulas.add(new ReferringFormulas.Evidence(
                intersection,
                union,
                truthArea,
                prediction != null,
                answer != null,
                noTarget,
                prediction != null && prediction.noTarget));
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
        for (Formula formula : Formula.values()) {
            // Whether lines are expressions or objects, and how masks were drawn, the files do not say.
            scores.addAll(
                    formulas.of(formula).scores("referring", byGroup ? "first-of-group" : "per-line", null, false));
        }
        return new ReferringReport(
                FORMAT,
                scores,
                figures(Formula.LISA),
                figures(Formula.PSALM),
                figures(Formula.LAVT),
                figures(Formula.SA2VA),
                figures(Formula.RELA),
                figures(Formula.GSVA),
                missing,
                missing == 0
                        ? List.of()
                        : List.of(
                                missing + " expressions have no prediction: they count as wrong, and by sa2va's formula"
                                        + " not at all in cIoU."));
    }

    private ReferringReport.Figures figures(Formula formula) {
        ReferringFormulas.Figures figures = formulas.of(formula);
        ReferringScores overall = figures.overall();
        return new ReferringReport.Figures(
                overall.cIoU(),
                overall.gIoU(),
                figures.noTargetAccuracy(),
                figures.targetAccuracy(),
                figures.precisionByThreshold(),
                overall.samples(),
                overall.intersection(),
                overall.union());
    }
}
