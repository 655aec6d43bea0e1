package io.maskroute.datasets.refcoco;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.datasets.coco.CocoInstances;
import io.maskroute.datasets.coco.ImageFolder;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.datasets.schema.Protocol;
import io.maskroute.datasets.writer.DatasetImport;
import io.maskroute.datasets.writer.ImportOption;
import io.maskroute.datasets.writer.ImportOptions;
import io.maskroute.datasets.writer.ImportPlan;
import io.maskroute.datasets.writer.ImportRun;
import io.maskroute.datasets.writer.PlannedImage;
import io.maskroute.datasets.writer.PromptMaker;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.Path;

/** What RefCOCO and gRefCOCO share: refs that name annotations of an {@code instances.json}. */
final class RefsImport {
    private static final Pattern REFS_FILE = Pattern.compile("g?refs\\((.+)\\)\\.(?:p|json)");

    private static final ImportOption REFS = ImportOption.required("--refs", "FILE", "");
    private static final ImportOption INSTANCES =
            ImportOption.optional("--instances", "FILE", "instances.json; default: the one beside the refs file.");
    private static final ImportOption IMAGES = ImportOption.optional(
            "--images", "DIR", "Folder of the images, or one above it; default: the folder above the refs file's.");

    private final DatasetImport.Request request;
    private final ImportOptions options;
    private final boolean generalised;
    private final String refs;
    private final String name;

    /** @param generalised whether a ref means any number of objects */
    RefsImport(DatasetImport.Request request, boolean generalised) {
        this.request = request;
        this.options = request.options();
        this.generalised = generalised;
        refs = options.get(REFS);
        name = options.name(nameOf(HadoopFiles.path(refs)));
    }

    static List<ImportOption> options(String refsFile) {
        return List.of(
                ImportOption.required(REFS.name(), REFS.label(), refsFile + "."),
                INSTANCES,
                IMAGES,
                ImportOption.SPLIT,
                ImportOption.PROTOCOL,
                ImportOption.RASTER,
                ImportOption.orientation(ExifOrientation.STORED),
                ImportOption.LINK_IMAGES,
                ImportOption.KEEP_EMPTY);
    }

    ImportPlan.Builder plan() {
        String split = options.get(ImportOption.SPLIT);
        Protocol protocol = options.protocol();
        RefsFile.Selected selected = RefsFile.read(
                refs, split, generalised, options.has(ImportOption.KEEP_EMPTY), request.findings(), request.hadoop());
        CocoInstances coco = readInstances(selected.refs());
        List<RefPlan.Image> planned = options.limited(
                new RefPlan(coco, name, protocol, options.raster(), request.findings()).plan(selected.refs()));
        if (planned.isEmpty()) {
            throw ImportRun.nothingLeft("the split '" + split + "' of " + refs, request.findings());
        }
        ImageFolder folder = ImageFolder.find(
                options.find(IMAGES).orElse(sibling("..")),
                planned.stream().map(image -> image.coco().fileName()).toList(),
                request.hadoop());
        List<PlannedImage> rows =
                planned.stream().map(image -> row(image, folder, coco)).toList();
        return ImportPlan.named(name)
                .split(split)
                .protocol(protocol)
                .raster(options.raster())
                .classSet("categories", coco.classes())
                .source(selected.source())
                .source(coco.source())
                .targets("refs")
                .published(PublishedSplits.of(nameOf(HadoopFiles.path(refs)), split))
                .pictures(request, rows, folder.path());
    }

    /** @throws UnusableInputException when it cannot be used */
    private CocoInstances readInstances(List<Ref> selected) {
        Set<Long> wantedImages = selected.stream().map(Ref::imageId).collect(Collectors.toSet());
        Set<Long> wantedAnnotations =
                selected.stream().flatMap(ref -> ref.annIds().stream()).collect(Collectors.toSet());
        return CocoInstances.read(
                options.find(INSTANCES).orElse(sibling("instances.json")),
                wantedImages::contains,
                wantedAnnotations::contains,
                request.findings(),
                request.hadoop());
    }

    private static PlannedImage row(RefPlan.Image image, ImageFolder folder, CocoInstances coco) {
        return new PlannedImage(
                Long.toString(image.coco().id()),
                folder.uriOf(image.coco().fileName()),
                new PromptMaker.Made(
                        new PromptMaker.Size(image.coco().height(), image.coco().width()),
                        image.prompts(),
                        image.refs()),
                image.refs(),
                image.split(),
                image.coco().url(),
                coco.licenceOf(image.coco()));
    }

    private String sibling(String file) {
        Path parent = HadoopFiles.path(refs).getParent();
        return new Path(parent == null ? new Path(".") : parent, file).toString();
    }

    private static String nameOf(Path refs) {
        Matcher official = REFS_FILE.matcher(refs.getName());
        String last = official.matches() ? official.group(1) : refs.getName().replaceFirst("\\.[^.]*$", "");
        String folder = refs.getParent() == null ? "" : refs.getParent().getName();
        return folder.isEmpty() ? last : folder + "-" + last;
    }
}
