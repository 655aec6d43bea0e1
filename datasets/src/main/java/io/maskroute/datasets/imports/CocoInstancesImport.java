package io.maskroute.datasets.imports;

import io.maskroute.core.image.ExifOrientation;
import io.maskroute.datasets.coco.CocoImage;
import io.maskroute.datasets.coco.CocoInstances;
import io.maskroute.datasets.coco.ImageFolder;
import io.maskroute.datasets.coco.StoredAnnotation;
import io.maskroute.datasets.mask.InvalidRleException;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.GroundTruthRaster;
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
import io.maskroute.datasets.writer.SpilledRecords;
import io.maskroute.datasets.writer.UnusableEntryException;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;

/**
 * COCO's instances file: one instance prompt a picture with every annotated object, also in pictures without any. {@code image_id} and
 * {@code prompt_id} are the image's id. The file may be larger than memory: annotations are put aside by their image while it is read
 * once, and drawn in Spark tasks.
 */
final class CocoInstancesImport implements DatasetImport {
    static final ImportOption ANNOTATIONS =
            ImportOption.required("--annotations", "FILE", "instances_val2017.json or a file in its form.");
    static final ImportOption IMAGES =
            ImportOption.required("--images", "DIR", "Folder of the images, or the one above it.");
    static final ImportOption SPLIT =
            ImportOption.optional("--split", "LABEL", "Recorded in the dataset; default: what the file's name says.");
    static final String CLASS_SET = "categories";
    private static final Map<String, ImportPlan.Published> PUBLISHED =
            Map.of("val2017", new ImportPlan.Published("COCO val2017", 5_000, 36_781L, null));

    @Override
    public String name() {
        return "coco-instances";
    }

    @Override
    public String description() {
        return "COCO's instances_*.json and files in its form (label tools export it), for instance segmentation.";
    }

    @Override
    public String example() {
        return "coco-instances --annotations annotations/instances_val2017.json --images val2017 --output data/coco-val";
    }

    @Override
    public List<ImportOption> options() {
        return List.of(
                ANNOTATIONS,
                IMAGES,
                SPLIT,
                ImportOption.RASTER,
                ImportOption.orientation(ExifOrientation.STORED),
                ImportOption.LINK_IMAGES);
    }

    @Override
    public ImportPlan plan(Request request) {
        String file = request.options().get(ANNOTATIONS);
        String stem = StoredFile.stem(HadoopFiles.path(file).getName());
        String split = request.options().find(SPLIT).orElse(stem.replaceFirst("^instances_", ""));
        SpilledRecords spilled = new SpilledRecords(request.work(), request.hadoop());
        Numbers numbers = new Numbers();
        CocoInstances coco;
        try (spilled) {
            coco = CocoInstances.stream(
                    file,
                    (imageId, annotation) -> {
                        numbers.add(annotation.id());
                        SpilledRecords.Maker record = new SpilledRecords.Maker();
                        annotation.write(record);
                        spilled.add(imageId, record.toBytes());
                    },
                    request.findings(),
                    request.hadoop());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Map<Long, Long> lastOfRepeated = numbers.lastOfRepeated();
        lastOfRepeated.keySet().forEach(id -> request.findings()
                .note(
                        "duplicate-annotation-id",
                        "annotation " + id + " is there more than once; the last entry counts"));
        countWithoutImage(coco, spilled, request.findings());
        if (coco.images().isEmpty()) {
            throw ImportRun.nothingLeft(file, request.findings());
        }
        Set<Integer> categories = new HashSet<>(
                coco.classes().stream().map(DatasetManifest.Category::id).toList());
        ImageFolder folder = ImageFolder.find(
                request.options().get(IMAGES),
                coco.images().stream().map(CocoImage::fileName).toList(),
                request.hadoop());
        List<PlannedImage> images = new ArrayList<>();
        for (CocoImage image : request.options().limited(coco.images())) {
            List<SpilledRecords.Stretch> stretches = spilled.of(image.id());
            images.add(new PlannedImage(
                    Long.toString(image.id()),
                    folder.uriOf(image.fileName()),
                    new Instances(
                            image.id(),
                            new PromptMaker.Size(image.height(), image.width()),
                            request.options().raster(),
                            stretches,
                            lastOfRepeated.isEmpty() ? Map.of() : new HashMap<>(lastOfRepeated),
                            categories),
                    1,
                    split,
                    image.url(),
                    coco.licenceOf(image)));
        }
        return ImportPlan.named(request.options().name(stem))
                .split(split)
                .raster(request.options().raster())
                .classSet(CLASS_SET, coco.classes())
                .source(coco.source())
                .targets("annotations")
                .published(PUBLISHED.get(split))
                .pictures(request, images, folder.path())
                .build();
    }

    private static void countWithoutImage(CocoInstances coco, SpilledRecords spilled, Findings findings) {
        coco.badImages().values().forEach(findings::skip);
        for (long key : spilled.keys()) {
            try {
                coco.image(key);
            } catch (UnusableEntryException e) {
                for (SpilledRecords.Stretch stretch : spilled.of(key)) {
                    for (int i = 0; i < stretch.lengths().length; i++) {
                        findings.skip(
                                coco.badImages().containsKey(key) ? "unusable-image" : e.reason(),
                                "an annotation of image " + key + ": " + e.getMessage());
                    }
                }
            }
        }
    }

    /** Ids in the order of the file, in little memory. */
    private static final class Numbers {
        private long[] ids = new long[1 << 10];
        private int size;

        void add(long id) {
            if (size == ids.length) {
                ids = Arrays.copyOf(ids, 2 * size);
            }
            ids[size++] = id;
        }

        /** The number of the last annotation with an id, for ids that are there more than once. */
        Map<Long, Long> lastOfRepeated() {
            long[] sorted = Arrays.copyOf(ids, size);
            Arrays.sort(sorted);
            Map<Long, Long> last = new HashMap<>();
            for (int i = 1; i < size; i++) {
                if (sorted[i] == sorted[i - 1]) {
                    last.put(sorted[i], -1L);
                }
            }
            if (!last.isEmpty()) {
                for (int i = 0; i < size; i++) {
                    if (last.containsKey(ids[i])) {
                        last.put(ids[i], (long) i);
                    }
                }
            }
            return last;
        }
    }

    private record Instances(
            long id,
            Size size,
            GroundTruthRaster rule,
            List<SpilledRecords.Stretch> stretches,
            Map<Long, Long> lastOfRepeated,
            Set<Integer> categories)
            implements PromptMaker {
        @Override
        public Made make(Size stored, Findings findings, Configuration hadoop) throws IOException {
            List<TruthMask> masks = new ArrayList<>();
            for (SpilledRecords.Stretch stretch : stretches) {
                for (byte[] record : stretch.read(hadoop)) {
                    StoredAnnotation annotation =
                            StoredAnnotation.read(new DataInputStream(new ByteArrayInputStream(record)));
                    Long last = lastOfRepeated.get(annotation.id());
                    if (last == null || last == annotation.number()) {
                        add(annotation, masks, findings);
                    }
                }
            }
            PromptRow prompt = new PromptRow(
                    Long.toString(id),
                    PromptTask.INSTANCE.label(),
                    List.of(),
                    CLASS_SET,
                    List.of(),
                    new Truth(false, masks));
            return new Made(size, List.of(prompt), masks.size());
        }

        private void add(StoredAnnotation annotation, List<TruthMask> masks, Findings findings) {
            String what = "annotation " + annotation.id() + " of image " + id;
            if (annotation.problem() != null) {
                findings.skip("bad-value", what + ": " + annotation.problem());
                return;
            }
            if (!categories.contains(annotation.categoryId())) {
                findings.skip("unknown-category", what + ": there is no category " + annotation.categoryId());
                return;
            }
            Rle mask;
            try {
                mask = annotation
                        .segmentation()
                        .rasterize(size.height(), size.width(), rule)
                        .mask();
            } catch (InvalidRleException e) {
                findings.skip("bad-mask", what + ": " + e.getMessage());
                return;
            }
            if (mask.area() == 0) {
                findings.note("empty-mask", what + " covers no pixel");
            }
            masks.add(new TruthMask(
                    EncodedMask.of(mask),
                    annotation.categoryId(),
                    annotation.isCrowd(),
                    annotation.id(),
                    annotation.area(),
                    null));
        }
    }
}
