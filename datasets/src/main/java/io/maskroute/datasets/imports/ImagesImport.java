package io.maskroute.datasets.imports;

import io.maskroute.core.image.ExifOrientation;
import io.maskroute.core.task.ReferringTask;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.PromptTask;
import io.maskroute.datasets.schema.Protocol;
import io.maskroute.datasets.writer.DatasetImport;
import io.maskroute.datasets.writer.Findings;
import io.maskroute.datasets.writer.ImportOption;
import io.maskroute.datasets.writer.ImportOptions;
import io.maskroute.datasets.writer.ImportPlan;
import io.maskroute.datasets.writer.ImportRun;
import io.maskroute.datasets.writer.PlannedImage;
import io.maskroute.datasets.writer.PromptMaker;
import io.maskroute.datasets.writer.UnusableEntryException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.hadoop.fs.Path;

/**
 * A folder of pictures with a list of what to look for in them, with one text for all, or with classes for all.
 *
 * <p>{@code image_id} is the picture's name in the folder; {@code prompt_id} is the list's own, else that name with a number behind
 * it, from 0, in the list's order. There is no ground truth.
 */
public final class ImagesImport implements DatasetImport {
    private static final String CLASS_SET = "classes";

    public static final ImportOption IMAGES =
            ImportOption.required("--images", "DIR", "Folder of the pictures, with folders in it or without.");
    public static final ImportOption PROMPT_FILE = ImportOption.optional(
            "--prompt-file",
            "FILE",
            "List in CSV, TSV or JSON Lines with the columns image and text, perhaps prompt_id and task.");
    public static final ImportOption PROMPT =
            ImportOption.optional("--prompt", "TEXT", "In place of a list: look for this in every picture.");
    public static final ImportOption TASK = new ImportOption(
            "--task",
            "TASK",
            "In place of a list: panoptic, instance or semantic, for every picture, with --classes.",
            false,
            null,
            List.of("panoptic", "instance", "semantic"));
    public static final ImportOption CLASSES = ImportOption.optional(
            "--classes", "FILE", "Your classes: a name in each line, or JSON as COCO's categories.");
    public static final ImportOption IMAGE_COLUMN =
            ImportOption.withDefault("--image-column", "NAME", "Column of the list with the pictures' names", "image");
    public static final ImportOption TEXT_COLUMN =
            ImportOption.withDefault("--text-column", "NAME", "Column of the list with the texts", "text");

    @Override
    public String name() {
        return "images";
    }

    @Override
    public String description() {
        return "Your own pictures: a folder with a list in CSV, TSV or JSON Lines, or one prompt for all of them.";
    }

    @Override
    public String example() {
        return "images --images photos --prompt-file prompts.csv --output data/photos";
    }

    @Override
    public List<ImportOption> options() {
        return List.of(
                IMAGES,
                PROMPT_FILE,
                PROMPT,
                TASK,
                CLASSES,
                IMAGE_COLUMN,
                TEXT_COLUMN,
                ImportOption.orientation(ExifOrientation.APPLY),
                ImportOption.LINK_IMAGES,
                ImportOption.KEEP_EMPTY);
    }

    @Override
    public ImportPlan plan(Request request) {
        ImportOptions options = request.options();
        requireOneKind(options);
        PictureFolder folder = PictureFolder.list(options.get(IMAGES), request.findings(), request.hadoop());
        Path given = HadoopFiles.path(folder.path());
        ImportPlan.Builder plan =
                ImportPlan.named(options.name(given.getName().isEmpty() ? "images" : given.getName()));
        boolean classes = options.find(CLASSES).isPresent();
        options.find(CLASSES).ifPresent(file -> {
            TextFile text = TextFile.read(file, "classes file", request.hadoop());
            plan.classSet(CLASS_SET, ClassesFile.parse(file, text.text())).source(text.source());
        });
        Map<String, List<PromptRow>> prompts;
        if (options.find(PROMPT_FILE).isPresent()) {
            prompts = listed(request, folder, plan, classes);
        } else {
            prompts = new TreeMap<>();
            for (String name : folder.names()) {
                prompts.put(name, List.of(forAll(name, options)));
            }
        }
        List<PlannedImage> images = new ArrayList<>();
        prompts.forEach((name, rows) -> images.add(new PlannedImage(
                name,
                folder.uriOf(name),
                new PromptMaker.Made(PromptMaker.Size.UNKNOWN, rows, rows.size()),
                rows.size(),
                null,
                null,
                null)));
        if (images.isEmpty()) {
            throw ImportRun.nothingLeft("the list " + options.find(PROMPT_FILE).orElse(""), request.findings());
        }
        return plan.protocol(classes && options.find(PROMPT_FILE).isEmpty() ? null : Protocol.PER_EXPRESSION)
                .pictures(request, images, folder.path())
                .build();
    }

    /** @throws ImportOptions.BadOptionException when not exactly one thing says what to look for */
    public static void requireOneKind(ImportOptions options) {
        long kinds = Stream.of(PROMPT_FILE, PROMPT, TASK)
                .filter(option -> options.find(option).isPresent())
                .count();
        if (kinds != 1) {
            throw new ImportOptions.BadOptionException("give one of --prompt-file, --prompt and --task"
                    + (kinds == 0 ? ": nothing says what to look for in the pictures" : ", not several"));
        }
        if (options.find(TASK).isPresent() && options.find(CLASSES).isEmpty()) {
            throw new ImportOptions.BadOptionException("--task needs --classes FILE: the classes to look for");
        }
        if (options.find(PROMPT).isPresent() && options.find(CLASSES).isPresent()) {
            throw new ImportOptions.BadOptionException("--classes has no meaning with --prompt");
        }
        if (options.find(PROMPT).filter(ReferringTask::isEmpty).isPresent()) {
            throw new ImportOptions.BadOptionException("--prompt has no words");
        }
    }

    private static PromptRow forAll(String name, ImportOptions options) {
        String id = name + "-0";
        return options.find(TASK)
                .map(task -> new PromptRow(id, task, List.of(), CLASS_SET, List.of(), null))
                .orElseGet(() -> PromptRow.referring(id, List.of(options.get(PROMPT)), null));
    }

    private static Map<String, List<PromptRow>> listed(
            Request request, PictureFolder folder, ImportPlan.Builder plan, boolean classes) {
        String file = request.options().get(PROMPT_FILE);
        TextFile text = TextFile.read(file, "list", request.hadoop());
        if (!text.charset().name().startsWith("UTF")) {
            request.findings().note("not-utf-8", file + " is read as " + text.charset());
        }
        plan.source(text.source());
        TableFile table = TableFile.parse(file, text.text(), request.findings());
        String imageColumn = request.options().get(IMAGE_COLUMN);
        table.require(imageColumn, IMAGE_COLUMN.name());
        if (!table.has("task")) {
            table.require(request.options().get(TEXT_COLUMN), TEXT_COLUMN.name());
        }
        Listing listing = new Listing(request, folder, classes);
        for (TableFile.Line line : table.lines()) {
            try {
                listing.add(line, "line " + line.number() + " of " + file);
            } catch (UnusableEntryException e) {
                request.findings().skip(e);
            }
        }
        for (String name : folder.names()) {
            if (!listing.prompts.containsKey(name)) {
                request.findings().note("not-in-the-list", name + " has no line in the list and is left out");
            }
        }
        return listing.prompts;
    }

    private static final class Listing {
        private final Request request;
        private final PictureFolder folder;
        private final boolean classes;
        private final Map<String, List<PromptRow>> prompts = new TreeMap<>();
        private final Set<String> ids = new HashSet<>();

        Listing(Request request, PictureFolder folder, boolean classes) {
            this.request = request;
            this.folder = folder;
            this.classes = classes;
        }

        void add(TableFile.Line line, String where) throws UnusableEntryException {
            String said = line.get(request.options().get(IMAGE_COLUMN));
            if (said == null || said.isBlank()) {
                throw new UnusableEntryException("missing-image", where + " names no picture");
            }
            String name = folder.find(said, where);
            List<PromptRow> rows = prompts.getOrDefault(name, new ArrayList<>());
            String id = Optional.ofNullable(line.get("prompt_id"))
                    .filter(given -> !given.isBlank())
                    .orElse(name + "-" + rows.size());
            PromptRow row = row(line, id, where);
            if (!ids.add(id)) {
                throw new UnusableEntryException(
                        "duplicate-prompt-id",
                        where + ": the prompt_id '" + id + "' is there already; the first counts");
            }
            rows.add(row);
            prompts.put(name, rows);
        }

        private PromptRow row(TableFile.Line line, String id, String where) throws UnusableEntryException {
            String task = Optional.ofNullable(line.get("task"))
                    .map(String::strip)
                    .filter(given -> !given.isEmpty())
                    .orElse(PromptTask.REFERRING.label());
            PromptTask known = PromptTask.of(task)
                    .orElseThrow(() -> new UnusableEntryException(
                            "unknown-task",
                            where + ": the task '" + task + "' is not known; known are "
                                    + String.join(
                                            ", ",
                                            Arrays.stream(PromptTask.values())
                                                    .map(PromptTask::label)
                                                    .toList())));
            return switch (known) {
                case REFERRING -> referring(line, id, where, request.findings());
                case REGION -> throw new UnusableEntryException(
                        "unknown-task", where + ": a list cannot hold regions; write a dataset (docs/formats.md)");
                default -> {
                    if (!classes) {
                        throw new UnusableEntryException(
                                "no-classes", where + ": the task " + task + " needs --classes");
                    }
                    yield new PromptRow(id, task, List.of(), CLASS_SET, List.of(), null);
                }
            };
        }

        private PromptRow referring(TableFile.Line line, String id, String where, Findings findings)
                throws UnusableEntryException {
            String text = Optional.ofNullable(line.get(request.options().get(TEXT_COLUMN)))
                    .orElse("");
            if (ReferringTask.isEmpty(text)) {
                if (!request.options().has(ImportOption.KEEP_EMPTY)) {
                    throw new UnusableEntryException("empty-sentence", where + " has no text");
                }
                findings.note("empty-sentence", where + " has no text");
            }
            return PromptRow.referring(id, List.of(text.strip()), null);
        }
    }
}
