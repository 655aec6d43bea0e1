package io.maskroute.datasets.imports;

import io.maskroute.core.image.ExifOrientation;
import io.maskroute.datasets.coco.CocoImage;
import io.maskroute.datasets.coco.CocoInstances;
import io.maskroute.datasets.coco.ImageFolder;
import io.maskroute.datasets.coco.PanopticAnnotation;
import io.maskroute.datasets.labels.LabelMap;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.PromptTask;
import io.maskroute.datasets.schema.Truth;
import io.maskroute.datasets.schema.TruthMask;
import io.maskroute.datasets.writer.DatasetImport;
import io.maskroute.datasets.writer.Findings;
import io.maskroute.datasets.writer.ImportOption;
import io.maskroute.datasets.writer.ImportPlan;
import io.maskroute.datasets.writer.ImportRun;
import io.maskroute.datasets.writer.PlannedImage;
import io.maskroute.datasets.writer.PromptMaker;
import io.maskroute.datasets.writer.UnusableEntryException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * COCO's panoptic format: one panoptic prompt a picture with a mask for each segment, whose {@code annotation_id} is the segment's id.
 * {@code area} is kept as the file has it: panopticapi goes by it. Pixels of id 0, and of ids that the file does not list, are void.
 */
final class CocoPanopticImport implements DatasetImport {
    private static final ImportOption ANNOTATIONS =
            ImportOption.required("--annotations", "FILE", "panoptic_val2017.json or a file in its form.");
    private static final ImportOption MASKS = ImportOption.optional(
            "--masks", "DIR", "Folder of its PNG files; default: the folder beside the file that has its name.");
    private static final String CLASS_SET = "categories";
    private static final Map<String, ImportPlan.Published> PUBLISHED =
            Map.of("val2017", new ImportPlan.Published("COCO val2017", 5_000, null, null));

    @Override
    public String name() {
        return "coco-panoptic";
    }

    @Override
    public String description() {
        return "COCO's panoptic_*.json with its folder of PNG files, for panoptic segmentation.";
    }

    @Override
    public String example() {
        return "coco-panoptic --annotations annotations/panoptic_val2017.json --masks annotations/panoptic_val2017"
                + " --images val2017 --output data/panoptic-val";
    }

    @Override
    public List<ImportOption> options() {
        return List.of(
                ANNOTATIONS,
                MASKS,
                CocoInstancesImport.IMAGES,
                CocoInstancesImport.SPLIT,
                ImportOption.orientation(ExifOrientation.STORED),
                ImportOption.LINK_IMAGES);
    }

    @Override
    public ImportPlan plan(Request request) {
        String file = request.options().get(ANNOTATIONS);
        Path path = HadoopFiles.path(file);
        String stem = StoredFile.stem(path.getName());
        Path masks = request.options()
                .find(MASKS)
                .map(HadoopFiles::path)
                .orElseGet(() -> new Path(path.getParent() == null ? new Path(".") : path.getParent(), stem));
        String split = request.options().find(CocoInstancesImport.SPLIT).orElse(stem.replaceFirst("^panoptic_", ""));
        SortedMap<Long, PanopticAnnotation> annotations = new TreeMap<>();
        CocoInstances coco = CocoInstances.streamPanoptic(
                file,
                annotation -> {
                    if (annotations.put(annotation.imageId(), annotation) != null) {
                        request.findings()
                                .note(
                                        "duplicate-annotation",
                                        "image " + annotation.imageId() + " is annotated twice; the last entry counts");
                    }
                },
                request.findings(),
                request.hadoop());
        coco.badImages().values().forEach(request.findings()::skip);
        for (CocoImage image : coco.images()) {
            if (!annotations.containsKey(image.id())) {
                request.findings().skip("no-annotation", "image " + image.id() + " has no annotation");
            }
        }
        Set<Integer> categories = new HashSet<>(
                coco.classes().stream().map(DatasetManifest.Category::id).toList());
        List<CocoImage> images = new ArrayList<>();
        for (PanopticAnnotation annotation : annotations.values()) {
            try {
                images.add(coco.image(annotation.imageId()));
            } catch (UnusableEntryException e) {
                request.findings()
                        .skip(
                                coco.badImages().containsKey(annotation.imageId()) ? "unusable-image" : e.reason(),
                                "the annotation of image " + annotation.imageId() + ": " + e.getMessage());
            }
        }
        if (images.isEmpty()) {
            throw ImportRun.nothingLeft(file, request.findings());
        }
        ImageFolder folder = ImageFolder.find(
                request.options().get(CocoInstancesImport.IMAGES),
                images.stream().map(CocoImage::fileName).toList(),
                request.hadoop());
        List<PlannedImage> planned = new ArrayList<>();
        for (CocoImage image : request.options().limited(images)) {
            planned.add(new PlannedImage(
                    Long.toString(image.id()),
                    folder.uriOf(image.fileName()),
                    new Segments(
                            annotations.get(image.id()),
                            masks.toString(),
                            new PromptMaker.Size(image.height(), image.width()),
                            categories),
                    1,
                    split,
                    image.url(),
                    coco.licenceOf(image)));
        }
        return ImportPlan.named(request.options().name(stem))
                .split(split)
                .classSet(CLASS_SET, coco.classes())
                .source(coco.source())
                .targets("segments")
                .published(PUBLISHED.get(split))
                .pictures(request, planned, folder.path())
                .build();
    }

    private record Segments(PanopticAnnotation annotation, String folder, Size size, Set<Integer> categories)
            implements PromptMaker {
        @Override
        public Made make(Size stored, Findings findings, Configuration hadoop)
                throws UnusableEntryException, IOException {
            String what = "image " + annotation.imageId();
            LabelMap map = StoredFile.segments(new Path(folder, annotation.fileName()), what, hadoop);
            if (map.height() != size.height() || map.width() != size.width()) {
                throw new UnusableEntryException(
                        "mask-size-differs",
                        what + ": " + annotation.fileName() + " is " + map.width() + "x" + map.height()
                                + ", the file says " + size);
            }
            SortedMap<Integer, Rle> pixels = Rle.byLabel(map.height(), map.width(), map.values());
            pixels.remove(0);
            List<TruthMask> masks = new ArrayList<>();
            for (PanopticAnnotation.Segment segment : annotation.segments()) {
                if (!categories.contains(segment.categoryId())) {
                    findings.skip(
                            "unknown-category",
                            what + ", segment " + segment.id() + ": there is no category " + segment.categoryId());
                    pixels.remove(segment.id());
                    continue;
                }
                Rle mask = pixels.remove(segment.id());
                if (mask == null) {
                    findings.skip(
                            "segment-without-pixels",
                            what + ": segment " + segment.id() + " has no pixel in " + annotation.fileName()
                                    + ", or is listed twice");
                    continue;
                }
                masks.add(new TruthMask(
                        EncodedMask.of(mask),
                        segment.categoryId(),
                        segment.isCrowd(),
                        (long) segment.id(),
                        segment.area(),
                        null));
            }
            pixels.forEach((id, mask) -> findings.note(
                    "segment-not-listed",
                    what + ": " + annotation.fileName() + " has the segment " + id + " with " + mask.area()
                            + " pixels, which the file does not list: they are void"));
            PromptRow prompt = new PromptRow(
                    Long.toString(annotation.imageId()),
                    PromptTask.PANOPTIC.label(),
                    List.of(),
                    CLASS_SET,
                    List.of(),
                    new Truth(false, masks));
            return new Made(size, List.of(prompt), masks.size());
        }
    }
}
