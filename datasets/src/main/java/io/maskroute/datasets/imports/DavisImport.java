package io.maskroute.datasets.imports;

import io.maskroute.core.image.ExifOrientation;
import io.maskroute.datasets.labels.LabelMap;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.PromptTask;
import io.maskroute.datasets.schema.Region;
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
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * DAVIS 2017 as region prompts: in every frame but the first of its sequence, find the objects that are drawn in the first. {@code
 * image_id} is {@code SEQUENCE/FRAME}; the first frame is a row without prompts, to which the regions of the others point.
 *
 * <p>All objects of the first frame are asked for in every frame, also where one is hidden. PSALM's own file leaves those out, which
 * tells the model what is to be seen. {@code category_id} is the object's id.
 */
final class DavisImport implements DatasetImport {
    private static final ImportOption ROOT =
            ImportOption.required("--root", "DIR", "DAVIS: the folder with JPEGImages, Annotations and ImageSets.");
    private static final ImportOption SPLIT =
            ImportOption.withDefault("--split", "LABEL", "A list of ImageSets/2017 (val, train, …), or all", "val");
    private static final String RESOLUTION = "480p";
    private static final int VOID = 255;
    private static final Map<String, ImportPlan.Published> PUBLISHED =
            Map.of("val", new ImportPlan.Published("DAVIS 2017 val", 1_999, 61L, null));

    @Override
    public String name() {
        return "davis";
    }

    @Override
    public String description() {
        return "DAVIS 2017: objects that are drawn in a video's first frame, to be found in the others.";
    }

    @Override
    public String example() {
        return "davis --root DAVIS --split val --output data/davis-val";
    }

    @Override
    public List<ImportOption> options() {
        return List.of(ROOT, SPLIT, ImportOption.orientation(ExifOrientation.STORED), ImportOption.LINK_IMAGES);
    }

    @Override
    public ImportPlan plan(Request request) {
        Path root = HadoopFiles.path(request.options().get(ROOT));
        String split = request.options().get(SPLIT);
        ImportPlan.Builder plan = ImportPlan.named(request.options().name("davis-2017"));
        Set<String> sequences = new LinkedHashSet<>();
        for (Path list : lists(root, split, request)) {
            TextFile text = TextFile.read(list.toString(), "list of sequences", request.hadoop());
            plan.source(text.source());
            text.text()
                    .lines()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty())
                    .forEach(sequences::add);
        }
        List<PlannedImage> frames = new ArrayList<>();
        for (String sequence : sequences) {
            try {
                frames.addAll(frames(root, sequence, split, request));
            } catch (UnusableEntryException e) {
                request.findings().skip(e);
            }
        }
        if (frames.isEmpty()) {
            throw ImportRun.nothingLeft("the split '" + split + "' of " + root, request.findings());
        }
        return plan.split(split)
                .published(PUBLISHED.get(split))
                .targets("objects")
                .pictures(request, frames, root.toString())
                .build();
    }

    private static List<Path> lists(Path root, String split, Request request) {
        Path folder = new Path(root, "ImageSets/2017");
        return split.equals("all")
                ? StoredFile.list(folder, request.hadoop()).stream()
                        .filter(file -> file.getName().endsWith(".txt"))
                        .toList()
                : List.of(new Path(folder, split + ".txt"));
    }

    private static List<PlannedImage> frames(Path root, String sequence, String split, Request request)
            throws UnusableEntryException {
        if (sequence.contains("..") || sequence.contains("/")) {
            throw new UnusableEntryException("unsafe-file-name", "the sequence '" + sequence + "' is no name");
        }
        List<Path> pictures =
                StoredFile.list(new Path(root, "JPEGImages/" + RESOLUTION + "/" + sequence), request.hadoop());
        if (pictures.isEmpty()) {
            throw new UnusableEntryException(
                    "missing-sequence",
                    "there are no frames of " + sequence + " in " + root + "/JPEGImages/" + RESOLUTION);
        }
        Path annotations = new Path(root, "Annotations/" + RESOLUTION + "/" + sequence);
        String first = StoredFile.stem(pictures.get(0).getName());
        List<PlannedImage> frames = new ArrayList<>();
        for (Path picture : pictures) {
            String frame = StoredFile.stem(picture.getName());
            frames.add(new PlannedImage(
                    sequence + "/" + frame,
                    picture.toString(),
                    new Frame(sequence, first, frame, annotations.toString()),
                    1,
                    split,
                    null,
                    null));
        }
        return frames;
    }

    private record Frame(String sequence, String first, String frame, String annotations) implements PromptMaker {
        @Override
        public Made make(Size stored, Findings findings, Configuration hadoop)
                throws UnusableEntryException, IOException {
            String what = "frame " + sequence + "/" + frame;
            LabelMap drawn = StoredFile.labels(new Path(annotations, first + ".png"), what, hadoop);
            Size size = new Size(drawn.height(), drawn.width());
            SortedMap<Integer, Rle> objects = objects(drawn);
            if (objects.isEmpty()) {
                throw new UnusableEntryException("no-objects", what + ": nothing is drawn in the first frame");
            }
            if (frame.equals(first)) {
                return new Made(size, List.of(), objects.size());
            }
            LabelMap here = StoredFile.labels(new Path(annotations, frame + ".png"), what, hadoop);
            if (!here.hasSizeOf(drawn)) {
                throw new UnusableEntryException(
                        "mask-size-differs",
                        what + ": its annotation is " + here.width() + "x" + here.height()
                                + ", that of the first frame " + size);
            }
            SortedMap<Integer, Rle> found = objects(here);
            List<Region> regions = new ArrayList<>();
            List<TruthMask> masks = new ArrayList<>();
            objects.forEach((object, mask) -> {
                Rle there = found.remove(object);
                if (there != null) {
                    masks.add(new TruthMask(EncodedMask.of(there), object, false, null, null, regions.size()));
                }
                regions.add(new Region("mask", List.of(), EncodedMask.of(mask), sequence + "/" + first));
            });
            found.forEach((object, mask) -> findings.note(
                    "object-not-in-the-first-frame", what + " has the object " + object + ", which nothing asks for"));
            Rle ignored =
                    Rle.byLabel(here.height(), here.width(), here.values()).get(VOID);
            Truth truth = new Truth(false, masks, ignored == null ? null : EncodedMask.of(ignored));
            return new Made(
                    size,
                    List.of(new PromptRow(
                            sequence + "/" + frame, PromptTask.REGION.label(), List.of(), null, regions, truth)),
                    0);
        }

        private static SortedMap<Integer, Rle> objects(LabelMap map) {
            SortedMap<Integer, Rle> objects = Rle.byLabel(map.height(), map.width(), map.values());
            objects.remove(0);
            objects.remove(VOID);
            return objects;
        }
    }
}
