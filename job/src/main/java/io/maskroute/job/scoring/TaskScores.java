package io.maskroute.job.scoring;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.mask.InvalidRleException;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.metrics.AveragePrecision;
import io.maskroute.datasets.metrics.ConfusionMatrix;
import io.maskroute.datasets.metrics.PanopticQuality;
import io.maskroute.datasets.metrics.ReferringFormulas;
import io.maskroute.datasets.metrics.ReferringFormulas.Formula;
import io.maskroute.datasets.metrics.Score;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.DatasetManifest.Category;
import io.maskroute.datasets.schema.GroundTruthRaster;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.PromptTask;
import io.maskroute.datasets.schema.Protocol;
import io.maskroute.datasets.schema.Truth;
import io.maskroute.datasets.schema.TruthMask;
import io.maskroute.job.predictions.StoredPrediction;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The figures of every task, from stored masks and the dataset's truths, by the accumulators that {@code score} uses. Any order of
 * prompts and merges gives the same to the last bit. A prompt that failed, or has no prediction, counts as one without an answer.
 * Not safe for several threads at once.
 */
public final class TaskScores implements Serializable {
    /** Of the regions of region prompts, each of which is a sample. */
    private static final String PER_REGION = "per-region";

    private final double minScore;
    private final Double union;
    private final Map<String, List<Category>> classSets;
    private final Referring referring = new Referring();
    private final Referring regions = new Referring();
    private final TreeMap<String, Panoptic> panoptic = new TreeMap<>();
    private final TreeMap<String, Semantic> semantic = new TreeMap<>();
    private final TreeMap<String, Instances> instances = new TreeMap<>();

    private static final class Referring implements Serializable {
        private final ReferringFormulas formulas = new ReferringFormulas();
        private long samples;
        private long withoutTarget;

        private void merge(Referring other) {
            formulas.merge(other.formulas);
            samples += other.samples;
            withoutTarget += other.withoutTarget;
        }
    }

    private static final class Panoptic implements Serializable {
        private final PanopticQuality figures = new PanopticQuality();
        private long pictures;
    }

    private static final class Semantic implements Serializable {
        private final ConfusionMatrix figures;
        private long pictures;

        private Semantic(int classes) {
            figures = new ConfusionMatrix(classes);
        }
    }

    private static final class Instances implements Serializable {
        private final AveragePrecision figures = new AveragePrecision();
        private long pictures;
    }

    /**
     * Of one class; null what its tasks do not have.
     *
     * @param ap of instances; -1 without truth
     * @param pq of panoptic segments, as {@code sq} and {@code rq}
     * @param iou of pixels, by mmsegmentation's rule; null, too, where neither truth nor prediction has the class
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record OfClass(String name, @JsonProperty("AP") Double ap, Double pq, Double sq, Double rq, Double iou) {}

    /** A mask that an answer has. */
    private record Found(Rle mask, Double score, Integer category, Integer region) {}

    /**
     * @param classSets of the dataset
     * @param minScore masks that score less are taken as not predicted; 0 for all as they are
     * @param union threshold of the answer rule of referring prompts where that is {@code union}, else null
     */
    public TaskScores(Map<String, List<Category>> classSets, double minScore, Double union) {
        this.classSets = new TreeMap<>(classSets);
        this.minScore = minScore;
        this.union = union;
    }

    /**
     * A prompt. One without a truth, or whose truth cannot be read, does not count.
     *
     * @param picture orders detections of equal score
     * @param prediction null where there is none
     */
    public void add(long picture, PromptRow prompt, StoredPrediction prediction) {
        PromptTask task = PromptTask.of(prompt.task()).orElse(null);
        if (task == null || prompt.truth() == null) {
            return;
        }
        try {
            List<Rle> truths = new ArrayList<>();
            for (TruthMask mask : prompt.truth().masks()) {
                truths.add(mask.mask().decode());
            }
            Optional<List<Found>> found = found(prediction, prompt.truth(), truths);
            switch (task) {
                case REFERRING -> addReferring(prompt.truth(), found);
                case REGION -> addRegions(prompt, found);
                case PANOPTIC -> addPanoptic(prompt, truths, found.orElse(List.of()));
                case SEMANTIC -> addSemantic(prompt, truths, found.orElse(List.of()));
                case INSTANCE -> addInstances(picture, prompt, truths, found.orElse(List.of()));
            }
        } catch (InvalidRleException | RowFailure e) {
            // The run has said so already, where it was asked to look.
            return;
        }
    }

    /** Nothing where there is no answer, or one that cannot be: of another size, or no mask. */
    private Optional<List<Found>> found(StoredPrediction prediction, Truth truth, List<Rle> truths) {
        if (prediction == null || !prediction.isOk() || prediction.masks() == null) {
            return Optional.empty();
        }
        List<Found> found = new ArrayList<>();
        try {
            Rle like = !truths.isEmpty()
                    ? truths.get(0)
                    : truth.ignore() == null ? null : truth.ignore().decode();
            for (StoredPrediction.Mask mask : prediction.masks()) {
                if (mask.score() != null && minScore != 0 && mask.score() < minScore) {
                    continue;
                }
                Rle rle = mask.mask().decode();
                if (like != null && (rle.height() != like.height() || rle.width() != like.width())) {
                    return Optional.empty();
                }
                found.add(new Found(rle, mask.score(), mask.categoryId(), mask.region()));
            }
        } catch (InvalidRleException e) {
            return Optional.empty();
        }
        return Optional.of(found);
    }

    private void addReferring(Truth truth, Optional<List<Found>> found) throws RowFailure {
        Rle ignore = truth.ignore() == null ? null : truth.ignore().decode();
        add(
                referring,
                without(TruthMasks.target(truth).orElse(null), ignore),
                truth.noTarget(),
                found.isPresent(),
                without(found.map(this::answer).orElse(null), ignore));
    }

    private void addRegions(PromptRow prompt, Optional<List<Found>> found) throws RowFailure {
        Rle ignore =
                prompt.truth().ignore() == null ? null : prompt.truth().ignore().decode();
        for (int i = 0; i < prompt.regions().size(); i++) {
            int region = i;
            Rle answer = found.orElse(List.of()).stream()
                    .filter(mask -> mask.region() != null && mask.region() == region)
                    .findFirst()
                    .map(Found::mask)
                    .orElse(null);
            Truth truth =
                    TruthMasks.ofRegion(prompt.truth(), region, prompt.regions().size());
            add(
                    regions,
                    without(TruthMasks.target(truth).orElse(null), ignore),
                    false,
                    found.isPresent(),
                    without(answer, ignore));
        }
    }

    private static Rle without(Rle mask, Rle ignore) {
        return mask == null || ignore == null ? mask : mask.minus(ignore);
    }

    /** All masks that score more than the rule's threshold; where none does, or the rule knows none, the best. */
    private Rle answer(List<Found> found) {
        List<Rle> several = found.stream()
                .filter(mask -> union != null && mask.score() != null && mask.score() > union)
                .map(Found::mask)
                .toList();
        return TruthMasks.together(several).orElseGet(() -> best(found));
    }

    /** The mask that scores highest, the first of equals; without scores the first. */
    private static Rle best(List<Found> found) {
        Found best = null;
        for (Found mask : found) {
            if (best == null || mask.score() != null && (best.score() == null || mask.score() > best.score())) {
                best = mask;
            }
        }
        return best == null ? null : best.mask();
    }

    private static void add(Referring to, Rle target, boolean noTarget, boolean answered, Rle answer) {
        long truthArea = target == null ? 0 : target.area();
        long area = answer == null ? 0 : answer.area();
        long intersection = target == null || answer == null ? 0 : Rle.intersectionArea(answer, target);
        to.samples++;
        to.withoutTarget += noTarget ? 1 : 0;
        to.formulas.add(new ReferringFormulas.Evidence(
                intersection,
                area + truthArea - intersection,
                truthArea,
                answered,
                answer != null,
                noTarget,
                answered && area == 0));
    }

    private List<Category> classes(PromptRow prompt) {
        return classSets.getOrDefault(prompt.classSet(), List.of());
    }

    private static String set(PromptRow prompt) {
        return prompt.classSet() == null ? "" : prompt.classSet();
    }

    private void addPanoptic(PromptRow prompt, List<Rle> truths, List<Found> found) {
        List<PanopticQuality.Segment> wanted = new ArrayList<>();
        List<TruthMask> annotated = prompt.truth().masks();
        for (int t = 0; t < truths.size(); t++) {
            TruthMask mask = annotated.get(t);
            if (mask.categoryId() != null) {
                long area = mask.area() == null ? truths.get(t).area() : mask.area();
                wanted.add(new PanopticQuality.Segment(t + 1, mask.categoryId(), area, mask.isCrowd()));
            }
        }
        List<PanopticQuality.Segment> segments = new ArrayList<>();
        List<PanopticQuality.Overlap> overlaps = new ArrayList<>();
        for (int p = 0; p < found.size(); p++) {
            Found mask = found.get(p);
            long area = mask.mask().area();
            if (mask.category() == null || area == 0) {
                continue;
            }
            segments.add(new PanopticQuality.Segment(p + 1, mask.category(), area, false));
            long nowhere = area;
            for (int t = 0; t < truths.size(); t++) {
                long pixels = Rle.intersectionArea(mask.mask(), truths.get(t));
                if (pixels > 0) {
                    overlaps.add(new PanopticQuality.Overlap(t + 1, p + 1, pixels));
                    nowhere -= pixels;
                }
            }
            if (nowhere > 0) {
                overlaps.add(new PanopticQuality.Overlap(PanopticQuality.VOID, p + 1, nowhere));
            }
        }
        Panoptic of = panoptic.computeIfAbsent(set(prompt), unknown -> new Panoptic());
        of.pictures++;
        try {
            of.figures.add(wanted, segments, overlaps);
        } catch (IllegalArgumentException e) {
            throw new UnusableInputException("the prompt " + prompt.promptId() + ": " + e.getMessage(), e);
        }
    }

    private void addSemantic(PromptRow prompt, List<Rle> truths, List<Found> found) {
        Map<Integer, Integer> label = new HashMap<>();
        classes(prompt).forEach(category -> label.put(category.id(), label.size()));
        if (label.isEmpty()) {
            return;
        }
        Semantic of = semantic.computeIfAbsent(set(prompt), unknown -> new Semantic(label.size()));
        of.pictures++;
        for (int t = 0; t < truths.size(); t++) {
            Integer wanted = label.get(prompt.truth().masks().get(t).categoryId());
            if (wanted == null) {
                continue;
            }
            long left = truths.get(t).area();
            for (Found mask : found) {
                Integer predicted = label.get(mask.category());
                long pixels = predicted == null ? 0 : Rle.intersectionArea(mask.mask(), truths.get(t));
                if (pixels > 0) {
                    of.figures.add(wanted, predicted, pixels);
                    left -= pixels;
                }
            }
            of.figures.addUnanswered(wanted, Math.max(0, left));
        }
    }

    /** What one picture has of one category. */
    private static final class Both {
        private final List<Rle> wanted = new ArrayList<>();
        private final List<AveragePrecision.Truth> truths = new ArrayList<>();
        private final List<Rle> found = new ArrayList<>();
        private final List<AveragePrecision.Detection> detections = new ArrayList<>();
    }

    private void addInstances(long picture, PromptRow prompt, List<Rle> truths, List<Found> found) {
        TreeMap<Long, Both> byCategory = new TreeMap<>();
        for (int t = 0; t < truths.size(); t++) {
            TruthMask mask = prompt.truth().masks().get(t);
            if (mask.categoryId() != null) {
                Both both = byCategory.computeIfAbsent(mask.categoryId().longValue(), unknown -> new Both());
                both.wanted.add(truths.get(t));
                both.truths.add(new AveragePrecision.Truth(
                        mask.annotationId() == null ? t + 1 : mask.annotationId(),
                        mask.area() == null ? truths.get(t).area() : mask.area(),
                        mask.isCrowd()));
            }
        }
        for (Found mask : found) {
            if (mask.category() != null) {
                Both both = byCategory.computeIfAbsent(mask.category().longValue(), unknown -> new Both());
                both.found.add(mask.mask());
                // Without a score none is surer than another.
                both.detections.add(new AveragePrecision.Detection(
                        mask.score() == null ? 0 : mask.score(), mask.mask().area()));
            }
        }
        Instances of = instances.computeIfAbsent(set(prompt), unknown -> new Instances());
        of.pictures++;
        byCategory.forEach((category, both) -> of.figures.add(
                category,
                AveragePrecision.Evidence.of(
                        picture,
                        both.detections,
                        both.truths,
                        (d, t) -> Rle.iou(
                                both.found.get(d),
                                both.wanted.get(t),
                                both.truths.get(t).crowd()))));
    }

    /** Takes in all prompts of {@code other}, which stays as it is. */
    public void merge(TaskScores other) {
        referring.merge(other.referring);
        regions.merge(other.regions);
        other.panoptic.forEach((set, theirs) -> {
            Panoptic ours = panoptic.computeIfAbsent(set, unknown -> new Panoptic());
            ours.figures.merge(theirs.figures);
            ours.pictures += theirs.pictures;
        });
        other.semantic.forEach((set, theirs) -> {
            Semantic ours = semantic.computeIfAbsent(
                    set, unknown -> new Semantic(classSets.get(set).size()));
            ours.figures.merge(theirs.figures);
            ours.pictures += theirs.pictures;
        });
        other.instances.forEach((set, theirs) -> {
            Instances ours = instances.computeIfAbsent(set, unknown -> new Instances());
            ours.figures.merge(theirs.figures);
            ours.pictures += theirs.pictures;
        });
    }

    /** All figures, by task; of several class sets one after the other. */
    public List<Score> scores(DatasetManifest manifest) {
        String protocol =
                manifest.protocol() == null ? null : manifest.protocol().label();
        String raster = manifest.groundTruthRaster() == null
                ? null
                : manifest.groundTruthRaster().label();
        List<Score> scores = new ArrayList<>();
        for (Formula formula : Formula.values()) {
            boolean knowsNoTarget = formula == Formula.RELA || formula == Formula.GSVA;
            if (referring.samples > 0 && (!knowsNoTarget || referring.withoutTarget > 0)) {
                scores.addAll(referring
                        .formulas
                        .of(formula)
                        .scores(PromptTask.REFERRING.label(), protocol, raster, isOwn(formula, manifest)));
            }
        }
        if (regions.samples > 0) {
            scores.addAll(
                    regions.formulas.of(Formula.PSALM).scores(PromptTask.REGION.label(), PER_REGION, raster, false));
        }
        panoptic.forEach((set, of) -> scores.addAll(of.figures.scores(
                ids(set, true),
                ids(set, false),
                new Score.Conditions(PromptTask.PANOPTIC.label(), "panopticapi", null, null, true),
                of.pictures)));
        semantic.forEach((set, of) -> scores.addAll(of.figures.scores(true, of.pictures)));
        instances.forEach((set, of) -> scores.addAll(of.figures
                .result(ids(set))
                .scores(
                        new Score.Conditions(
                                PromptTask.INSTANCE.label(),
                                "pycocotools",
                                null,
                                raster,
                                manifest.groundTruthRaster() == GroundTruthRaster.COCO),
                        of.pictures)));
        return scores;
    }

    /**
     * Whether prompts and truth are made as in that formula's code. LAVT and ReLA score pictures squashed to 480 x 480, which is not
     * done here.
     */
    private boolean isOwn(Formula formula, DatasetManifest manifest) {
        boolean best = manifest.answer() == null || manifest.answer().equals(DatasetManifest.Answer.BEST);
        boolean sentences = manifest.protocol() == Protocol.PER_EXPRESSION
                && manifest.groundTruthRaster() == GroundTruthRaster.COCO;
        return switch (formula) {
            case LISA, SA2VA, GSVA -> sentences;
            case PSALM -> best
                    && manifest.protocol() == Protocol.JOINED
                    && manifest.groundTruthRaster() == GroundTruthRaster.OPENCV_LIKE;
            case LAVT, RELA -> false;
        };
    }

    private List<Long> ids(String set) {
        return classSets.getOrDefault(set, List.of()).stream()
                .map(category -> (long) category.id())
                .toList();
    }

    private Collection<Long> ids(String set, boolean things) {
        return classSets.getOrDefault(set, List.of()).stream()
                .filter(category -> category.isThing() == things)
                .map(category -> (long) category.id())
                .toList();
    }

    /** By the class's id; where prompts of several class sets were scored, by {@code SET/ID}. */
    public Map<String, OfClass> perClass() {
        TreeMap<String, List<Category>> scored = new TreeMap<>();
        List.of(panoptic.keySet(), semantic.keySet(), instances.keySet())
                .forEach(sets -> sets.forEach(set -> scored.put(set, classSets.getOrDefault(set, List.of()))));
        Map<String, OfClass> perClass = new LinkedHashMap<>();
        scored.forEach((set, categories) -> {
            SortedMap<Long, PanopticQuality.Counts> counts =
                    panoptic.containsKey(set) ? panoptic.get(set).figures.counts() : null;
            double[] iou = semantic.containsKey(set)
                    ? semantic.get(set).figures.mmsegmentation().iou()
                    : null;
            AveragePrecision.Result ap =
                    instances.containsKey(set) ? instances.get(set).figures.result(ids(set)) : null;
            for (int i = 0; i < categories.size(); i++) {
                Category category = categories.get(i);
                PanopticQuality.Quality quality = counts == null
                        ? null
                        : counts.getOrDefault((long) category.id(), new PanopticQuality.Counts(0, 0, 0, 0))
                                .quality();
                perClass.put(
                        scored.size() == 1 ? Integer.toString(category.id()) : set + "/" + category.id(),
                        new OfClass(
                                category.name(),
                                ap == null ? null : (Double) ap.of(category.id()),
                                quality == null ? null : (Double) quality.pq(),
                                quality == null ? null : (Double) quality.sq(),
                                quality == null ? null : (Double) quality.rq(),
                                iou == null || Double.isNaN(iou[i]) ? null : (Double) iou[i]));
            }
        });
        return perClass;
    }
}
