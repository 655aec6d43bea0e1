package io.maskroute.datasets.refcoco;

import io.maskroute.datasets.coco.CocoAnnotation;
import io.maskroute.datasets.coco.CocoImage;
import io.maskroute.datasets.coco.CocoInstances;
import io.maskroute.datasets.coco.Segmentation;
import io.maskroute.datasets.mask.InvalidRleException;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.GroundTruthRaster;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Protocol;
import io.maskroute.datasets.schema.Truth;
import io.maskroute.datasets.schema.TruthMask;
import io.maskroute.datasets.writer.Findings;
import io.maskroute.datasets.writer.UnusableEntryException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Joins refs with their annotations and groups the prompts by image. */
final class RefPlan {
    private final CocoInstances coco;
    private final String name;
    private final Protocol protocol;
    private final GroundTruthRaster rule;
    private final Findings findings;
    private final Map<List<Long>, Truth> truths = new HashMap<>();
    private final Map<Long, TruthMask> masks = new HashMap<>();

    RefPlan(CocoInstances coco, String name, Protocol protocol, GroundTruthRaster rule, Findings findings) {
        this.coco = coco;
        this.name = name;
        this.protocol = protocol;
        this.rule = rule;
        this.findings = findings;
    }

    /** @param refs how many refs the prompts come from */
    record Image(CocoImage coco, int refs, List<PromptRow> prompts, String split) {}

    /** By ascending image id; unusable refs are left out and counted. */
    List<Image> plan(List<Ref> refs) {
        Map<Long, Draft> drafts = new TreeMap<>();
        for (Ref ref : refs) {
            try {
                CocoImage image = coco.image(ref.imageId());
                Truth truth = truth(ref, image);
                drafts.computeIfAbsent(image.id(), id -> new Draft(image)).add(ref, prompts(ref, truth));
            } catch (UnusableEntryException e) {
                findings.skip(e.reason(), "ref " + ref.refId() + ": " + e.getMessage());
            }
        }
        return drafts.values().stream().map(Draft::image).toList();
    }

    private List<PromptRow> prompts(Ref ref, Truth truth) {
        String refPrefix = name + "-" + ref.split() + "-" + ref.refId();
        return switch (protocol) {
            case JOINED -> List.of(PromptRow.referring(
                    refPrefix, ref.sentences().stream().map(Ref.Sentence::sent).toList(), truth));
            case PER_EXPRESSION -> ref.sentences().stream()
                    .map(sentence ->
                            PromptRow.referring(refPrefix + "-" + sentence.sentId(), List.of(sentence.sent()), truth))
                    .toList();
        };
    }

    /** One object for all prompts on it: a mask is drawn and held once. */
    private Truth truth(Ref ref, CocoImage image) throws UnusableEntryException {
        if (ref.annIds().isEmpty()) {
            return new Truth(true, List.of());
        }
        Truth known = truths.get(ref.annIds());
        List<TruthMask> meant = new ArrayList<>(ref.annIds().size());
        for (long id : ref.annIds()) {
            CocoAnnotation annotation = coco.annotation(id);
            if (annotation.imageId() != image.id()) {
                throw new UnusableEntryException(
                        "other-image",
                        "annotation " + annotation.id() + " is on image " + annotation.imageId() + ", not on "
                                + image.id());
            }
            if (known == null) {
                meant.add(mask(annotation, image));
            }
        }
        if (known == null) {
            known = new Truth(false, meant);
            truths.put(ref.annIds(), known);
        }
        return known;
    }

    private TruthMask mask(CocoAnnotation annotation, CocoImage image) throws UnusableEntryException {
        TruthMask known = masks.get(annotation.id());
        if (known == null) {
            known = draw(annotation, image);
            masks.put(annotation.id(), known);
        }
        return known;
    }

    private TruthMask draw(CocoAnnotation annotation, CocoImage image) throws UnusableEntryException {
        Segmentation.Raster raster;
        try {
            raster = annotation.segmentation().rasterize(image.height(), image.width(), rule);
        } catch (InvalidRleException e) {
            throw new UnusableEntryException("bad-mask", "annotation " + annotation.id() + ": " + e.getMessage());
        }
        if (raster.mask().area() == 0) {
            findings.note("empty-mask", "annotation " + annotation.id() + " covers no pixel of image " + image.id());
        }
        if (annotation.isCrowd()) {
            findings.note(
                    "crowd",
                    "annotation " + annotation.id() + " is marked as a crowd (its mask is the truth all the same)");
        }
        if (raster.overlapPixels() > 0) {
            findings.note(
                    "overlapping-parts",
                    "annotation " + annotation.id() + ": " + raster.overlapPixels()
                            + " pixels are in more than one part (the union is taken)");
        }
        if (!coco.categories().containsKey((long) annotation.categoryId())) {
            findings.note(
                    "unknown-category", "annotation " + annotation.id() + ": category " + annotation.categoryId());
        }
        return new TruthMask(
                EncodedMask.of(raster.mask()), annotation.categoryId(), annotation.isCrowd(), annotation.id());
    }

    private static final class Draft {
        private final CocoImage coco;
        private final List<PromptRow> prompts = new ArrayList<>();
        private final Set<String> splits = new LinkedHashSet<>();
        private int refs;

        Draft(CocoImage coco) {
            this.coco = coco;
        }

        void add(Ref ref, List<PromptRow> refPrompts) {
            refs++;
            prompts.addAll(refPrompts);
            splits.add(ref.split());
        }

        Image image() {
            return new Image(coco, refs, prompts, String.join(",", splits));
        }
    }
}
