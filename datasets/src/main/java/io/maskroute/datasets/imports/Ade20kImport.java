package io.maskroute.datasets.imports;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ExifOrientation;
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
import io.maskroute.datasets.writer.PlannedImage;
import io.maskroute.datasets.writer.PromptMaker;
import io.maskroute.datasets.writer.UnusableEntryException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * ADE20K's 150 classes as ADEChallengeData2016 has them: {@code images/SPLIT/*.jpg} and {@code annotations/SPLIT/*.png}, whose values
 * are 0 for anything else and 1 to 150 for the classes; names come from its {@code objectInfo150.txt}.
 *
 * <p>One semantic prompt a picture; {@code category_id} is the value. Pixels of value 0 are in no mask, which makes them void.
 */
final class Ade20kImport implements DatasetImport {
    private static final ImportOption ROOT =
            ImportOption.required("--root", "DIR", "ADEChallengeData2016: the folder with images and annotations.");
    private static final ImportOption SPLIT = ImportOption.withDefault(
            "--split", "LABEL", "validation (or val), training (or train), or all", "validation");
    private static final String CLASS_SET = "ade20k-150";
    private static final int CLASSES = 150;
    private static final Map<String, String> SPLITS =
            Map.of("val", "validation", "validation", "validation", "train", "training", "training", "training");
    private static final Map<String, ImportPlan.Published> PUBLISHED = Map.of(
            "training", new ImportPlan.Published("ADE20K training", 20_210, null, null),
            "validation", new ImportPlan.Published("ADE20K validation", 2_000, null, null));

    @Override
    public String name() {
        return "ade20k";
    }

    @Override
    public String description() {
        return "ADE20K's 150 classes (ADEChallengeData2016), for semantic segmentation.";
    }

    @Override
    public String example() {
        return "ade20k --root ADEChallengeData2016 --split validation --output data/ade20k-val";
    }

    @Override
    public List<ImportOption> options() {
        return List.of(ROOT, SPLIT, ImportOption.orientation(ExifOrientation.STORED), ImportOption.LINK_IMAGES);
    }

    @Override
    public ImportPlan plan(Request request) {
        Path root = HadoopFiles.path(request.options().get(ROOT));
        String asked = request.options().get(SPLIT);
        List<String> splits =
                asked.equals("all") ? List.of("training", "validation") : List.of(SPLITS.getOrDefault(asked, asked));
        List<PlannedImage> images = new ArrayList<>();
        for (String split : splits) {
            for (Path picture : StoredFile.list(new Path(new Path(root, "images"), split), request.hadoop())) {
                String id = StoredFile.stem(picture.getName());
                Path labels = new Path(new Path(new Path(root, "annotations"), split), id + ".png");
                images.add(new PlannedImage(
                        id, picture.toString(), new Labels(id, labels.toString()), 1, split, null, null));
            }
        }
        if (images.isEmpty()) {
            throw new UnusableInputException(
                    "There are no pictures in " + root + "/images/" + String.join(" or ", splits)
                            + ": --root is the folder ADEChallengeData2016, with images and annotations in it, and --split one of"
                            + " training and validation");
        }
        ImportPlan.Builder plan = ImportPlan.named(request.options().name("ade20k-150"))
                .split(splits.size() == 1 ? splits.get(0) : "all")
                .published(splits.size() == 1 ? PUBLISHED.get(splits.get(0)) : null);
        Path names = new Path(root, "objectInfo150.txt");
        if (StoredFile.exists(names, request.hadoop())) {
            TextFile text = TextFile.read(names.toString(), "list of classes", request.hadoop());
            plan.classSet(CLASS_SET, classes(names, text.text())).source(text.source());
        } else {
            request.findings()
                    .note("own-class-names", names + " is not there: the classes have the names of mmsegmentation");
            plan.classSet(CLASS_SET, ownClasses());
        }
        return plan.pictures(request, images, root.toString()).build();
    }

    private static List<DatasetManifest.Category> ownClasses() {
        try (InputStream in = Ade20kImport.class.getResourceAsStream("ade20k-150.txt")) {
            return ClassesFile.parse("ade20k-150.txt", new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Tab-separated, with a header: Idx, Ratio, Train, Val, Stuff, Name; synonyms follow a comma, the first one counts. */
    private static List<DatasetManifest.Category> classes(Path file, String text) {
        List<String> lines = text.lines().filter(line -> !line.isBlank()).toList();
        List<String> header = lines.isEmpty() ? List.of() : cells(lines.get(0));
        int id = header.indexOf("idx");
        int name = header.indexOf("name");
        int stuff = header.indexOf("stuff");
        List<DatasetManifest.Category> classes = new ArrayList<>();
        try {
            for (String line : lines.subList(Math.min(1, lines.size()), lines.size())) {
                List<String> cells = cells(line);
                classes.add(new DatasetManifest.Category(
                        Integer.parseInt(cells.get(id)),
                        cells.get(name).split("[,;]")[0].strip(),
                        stuff < 0 || cells.get(stuff).equals("0")));
            }
        } catch (IndexOutOfBoundsException | NumberFormatException e) {
            throw new UnusableInputException(
                    file + " is not as ADE20K has it: a line with Idx, Ratio, Train, Val, Name,"
                            + " then one for each class, separated by tabs");
        }
        if (classes.isEmpty()) {
            throw new UnusableInputException(file + " names no classes");
        }
        return classes;
    }

    private static List<String> cells(String line) {
        return List.of(line.strip().toLowerCase(Locale.ROOT).split("\\s*\\t\\s*"));
    }

    private record Labels(String id, String file) implements PromptMaker {
        @Override
        public Made make(Size stored, Findings findings, Configuration hadoop)
                throws UnusableEntryException, IOException {
            LabelMap map = StoredFile.labels(new Path(file), "image " + id, hadoop);
            List<TruthMask> masks = new ArrayList<>();
            for (Map.Entry<Integer, Rle> entry :
                    Rle.byLabel(map.height(), map.width(), map.values()).entrySet()) {
                int value = entry.getKey();
                if (value > CLASSES) {
                    findings.note(
                            "unknown-class",
                            "image " + id + " has the value " + value + " in "
                                    + entry.getValue().area() + " pixels, which are void");
                } else if (value > 0) {
                    masks.add(new TruthMask(EncodedMask.of(entry.getValue()), value, false, null));
                }
            }
            PromptRow prompt = new PromptRow(
                    id, PromptTask.SEMANTIC.label(), List.of(), CLASS_SET, List.of(), new Truth(false, masks));
            return new Made(new Size(map.height(), map.width()), List.of(prompt), 1);
        }
    }
}
