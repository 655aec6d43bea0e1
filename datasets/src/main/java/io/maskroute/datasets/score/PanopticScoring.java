package io.maskroute.datasets.score;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.labels.LabelMap;
import io.maskroute.datasets.labels.Overlaps;
import io.maskroute.datasets.metrics.Metric;
import io.maskroute.datasets.metrics.PanopticQuality;
import io.maskroute.datasets.metrics.Score;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Scores panoptic results (a JSON file and a folder of pictures, COCO's format) as panopticapi's {@code pq_compute}. What that
 * refuses is refused; so are ids that are unknown or there twice, and pictures of different sizes.
 */
public final class PanopticScoring {
    private static final String FORMAT = "panoptic";
    private static final String JSON = ".json";
    private static final Score.Conditions CONDITIONS =
            new Score.Conditions("panoptic", "panopticapi", null, null, true);

    private final Path truthFile;
    private final Path truthMasks;
    private final Path predictionFile;
    private final Path predictionMasks;
    /** Whether it is a thing, by id. */
    private final SortedMap<Long, Boolean> categories = new TreeMap<>();

    private PanopticScoring(Path truthFile, Path truthMasks, Path predictionFile, Path predictionMasks) {
        this.truthFile = truthFile;
        this.truthMasks = folder(truthFile, truthMasks);
        this.predictionFile = predictionFile;
        this.predictionMasks = folder(predictionFile, predictionMasks);
    }

    /** @param area NaN where the file does not say */
    private record Info(long id, long category, double area, boolean crowd) {}

    private record Annotation(String image, Path picture, List<Info> segments) {}

    private record Pair(Annotation truth, Annotation prediction) {}

    /**
     * @param truthMasks null: the folder named as the file without {@code .json}
     * @param predictionMasks likewise
     * @throws UnusableInputException when they are not of this form, or do not belong together
     */
    public static PanopticReport score(Path truth, Path truthMasks, Path predictions, Path predictionMasks) {
        return new PanopticScoring(truth, truthMasks, predictions, predictionMasks).score();
    }

    private static Path folder(Path file, Path given) {
        String name = String.valueOf(file.getFileName());
        Path folder = given != null || !name.endsWith(JSON)
                ? given
                : file.resolveSibling(name.substring(0, name.length() - JSON.length()));
        if (folder == null || !Files.isDirectory(folder)) {
            throw new UnusableInputException("there is no folder " + (folder == null ? "beside " + file : folder)
                    + " with the pictures of " + file + ": name it with --truth-masks or --prediction-masks");
        }
        return folder;
    }

    private PanopticReport score() {
        Map<String, Annotation> truths = read(truthFile, truthMasks, true);
        Map<String, Annotation> predictions = read(predictionFile, predictionMasks, false);
        for (String image : predictions.keySet()) {
            if (!truths.containsKey(image)) {
                throw new UnusableInputException(predictionFile + ": there is no image " + image + " in " + truthFile);
            }
        }
        List<Pair> pairs = new ArrayList<>();
        truths.forEach((image, truth) -> {
            if (!predictions.containsKey(image)) {
                throw new UnusableInputException(predictionFile + " has no prediction for image " + image);
            }
            pairs.add(new Pair(truth, predictions.get(image)));
        });
        return report(
                pairs.parallelStream().collect(PanopticQuality::new, this::add, PanopticQuality::merge), pairs.size());
    }

    private Map<String, Annotation> read(Path file, Path masks, boolean truth) {
        Map<String, Annotation> annotations = new LinkedHashMap<>();
        String layout = "is no panoptic file in COCO's layout, an object with the list annotations"
                + (truth ? " and the list categories" : "");
        String[] needed = truth ? new String[] {"annotations", "categories"} : new String[] {"annotations"};
        JsonSource.read(
                file,
                json -> json.topObject(
                        layout,
                        name -> {
                            if (name.equals("annotations")) {
                                json.entries(name, () -> {
                                    Annotation annotation = annotation(json, masks, truth);
                                    if (annotations.put(annotation.image, annotation) != null) {
                                        throw json.bad("image " + annotation.image + " is there twice");
                                    }
                                });
                            } else if (truth && name.equals("categories")) {
                                json.entries(name, () -> category(json));
                            } else {
                                json.skip();
                            }
                        },
                        needed));
        return annotations;
    }

    private void category(JsonSource json) throws IOException {
        var read = new Object() {
            Long id;
            Boolean thing;
        };
        json.fields(name -> {
            switch (name) {
                case "id" -> read.id = json.integer(name);
                case "isthing" -> read.thing = json.flag(name);
                default -> json.skip();
            }
        });
        if (categories.put(json.require(read.id, "id"), json.require(read.thing, "isthing")) != null) {
            throw json.bad("category " + read.id + " is there twice");
        }
    }

    private Annotation annotation(JsonSource json, Path masks, boolean truth) throws IOException {
        var read = new Object() {
            String image;
            String file;
            List<Info> segments;
        };
        json.fields(name -> {
            switch (name) {
                case "image_id" -> read.image = json.id(name);
                case "file_name" -> read.file = json.text(name);
                case "segments_info" -> {
                    read.segments = new ArrayList<>();
                    json.innerEntries(name, () -> read.segments.add(segment(json, truth)));
                }
                default -> json.skip();
            }
        });
        json.require(read.image, "image_id");
        Path picture = masks.resolve(json.require(read.file, "file_name")).normalize();
        if (!picture.startsWith(masks.normalize())) {
            throw json.bad("file_name " + read.file + " leads out of " + masks);
        }
        Set<Long> ids = new HashSet<>();
        for (Info segment : json.require(read.segments, "segments_info")) {
            if (!ids.add(segment.id)) {
                throw json.bad("image " + read.image + ": segment " + segment.id + " is there twice");
            }
        }
        return new Annotation(read.image, picture, read.segments);
    }

    private static Info segment(JsonSource json, boolean truth) throws IOException {
        var read = new Object() {
            Long id;
            Long category;
            Double area;
            Boolean crowd;
        };
        json.fields(name -> {
            switch (name) {
                case "id" -> read.id = json.integer(name);
                case "category_id" -> read.category = json.integer(name);
                default -> {
                    // Predictions may have them too, and they say nothing.
                    if (truth && name.equals("area")) {
                        read.area = json.number(name);
                    } else if (truth && name.equals("iscrowd")) {
                        read.crowd = json.flag(name);
                    } else {
                        json.skip();
                    }
                }
            }
        });
        long id = json.require(read.id, "id of a segment");
        long category = json.require(read.category, "category_id of segment " + id);
        return truth
                ? new Info(
                        id,
                        category,
                        json.require(read.area, "area of segment " + id),
                        json.require(read.crowd, "iscrowd of segment " + id))
                : new Info(id, category, Double.NaN, false);
    }

    private void add(PanopticQuality figures, Pair pair) {
        LabelMap truth = LabelMap.ofSegmentIds(pair.truth.picture);
        LabelMap prediction = LabelMap.ofSegmentIds(pair.prediction.picture);
        if (!truth.hasSizeOf(prediction)) {
            throw new UnusableInputException(pair.prediction.picture + " is " + prediction.width() + " wide and "
                    + prediction.height() + " high, its truth " + pair.truth.picture + " " + truth.width() + " and "
                    + truth.height());
        }
        Overlaps overlaps = Overlaps.of(truth, prediction);
        List<PanopticQuality.Overlap> pairs = new ArrayList<>(overlaps.size());
        Map<Long, Long> areas = new HashMap<>();
        overlaps.forEach((ofTruth, ofPrediction, pixels) -> {
            pairs.add(new PanopticQuality.Overlap(ofTruth, ofPrediction, pixels));
            areas.merge((long) ofPrediction, pixels, Long::sum);
        });
        try {
            figures.add(truths(pair.truth), predictions(pair.prediction, areas), pairs);
        } catch (IllegalArgumentException e) {
            throw new UnusableInputException(truthFile + ", image " + pair.truth.image + ": " + e.getMessage(), e);
        }
    }

    private List<PanopticQuality.Segment> truths(Annotation annotation) {
        List<PanopticQuality.Segment> segments = new ArrayList<>();
        for (Info info : annotation.segments) {
            requireCategory(truthFile, annotation, info);
            segments.add(new PanopticQuality.Segment(info.id, info.category, info.area, info.crowd));
        }
        return segments;
    }

    /** @param areas pixels by id, as the picture shows them; is emptied */
    private List<PanopticQuality.Segment> predictions(Annotation annotation, Map<Long, Long> areas) {
        List<PanopticQuality.Segment> segments = new ArrayList<>();
        for (Info info : annotation.segments) {
            requireCategory(predictionFile, annotation, info);
            Long area = areas.remove(info.id);
            if (area == null) {
                throw new UnusableInputException(predictionFile + ", image " + annotation.image + ": segment " + info.id
                        + " has no pixel in " + annotation.picture);
            }
            segments.add(new PanopticQuality.Segment(info.id, info.category, area, false));
        }
        areas.remove(PanopticQuality.VOID);
        areas.keySet().stream().min(Long::compare).ifPresent(id -> {
            throw new UnusableInputException(annotation.picture + " has pixels of segment " + id + ", which "
                    + predictionFile + " does not list");
        });
        return segments;
    }

    private void requireCategory(Path file, Annotation annotation, Info info) {
        if (!categories.containsKey(info.category)) {
            throw new UnusableInputException(file + ", image " + annotation.image + ": segment " + info.id
                    + " has the category " + info.category + ", which " + truthFile + " does not have");
        }
    }

    private PanopticReport report(PanopticQuality figures, int images) {
        SortedMap<Long, PanopticQuality.Counts> counts = figures.counts();
        PanopticQuality.Mean all = figures.mean(categories.keySet());
        PanopticQuality.Mean things = figures.mean(ofKind(true));
        PanopticQuality.Mean stuff = figures.mean(ofKind(false));
        SortedMap<Long, PanopticQuality.Quality> perClass = new TreeMap<>();
        SortedMap<Long, PanopticReport.Stat> stat = new TreeMap<>();
        if (all != null) {
            PanopticQuality.Counts none = new PanopticQuality.Counts(0, 0, 0, 0);
            categories
                    .keySet()
                    .forEach(category -> perClass.put(
                            category, counts.getOrDefault(category, none).quality()));
        }
        counts.forEach((category, c) -> stat.put(
                category,
                new PanopticReport.Stat(c.truePositives(), c.falsePositives(), c.falseNegatives(), c.iouSum())));
        List<Score> scores = new ArrayList<>();
        add(scores, all, images, Metric.PQ, Metric.SQ, Metric.RQ);
        add(scores, things, images, Metric.PQ_THINGS, Metric.SQ_THINGS, Metric.RQ_THINGS);
        add(scores, stuff, images, Metric.PQ_STUFF, Metric.SQ_STUFF, Metric.RQ_STUFF);
        return new PanopticReport(FORMAT, scores, all, things, stuff, perClass, stat, images, List.of());
    }

    private Collection<Long> ofKind(boolean thing) {
        return categories.keySet().stream()
                .filter(category -> categories.get(category) == thing)
                .toList();
    }

    private static void add(
            List<Score> scores, PanopticQuality.Mean mean, int images, Metric pq, Metric sq, Metric rq) {
        boolean there = mean != null;
        scores.add(CONDITIONS.score(pq, there ? mean.pq() : Double.NaN, images));
        scores.add(CONDITIONS.score(sq, there ? mean.sq() : Double.NaN, images));
        scores.add(CONDITIONS.score(rq, there ? mean.rq() : Double.NaN, images));
    }
}
