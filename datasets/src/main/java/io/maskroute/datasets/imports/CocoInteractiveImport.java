package io.maskroute.datasets.imports;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.datasets.coco.FileKind;
import io.maskroute.datasets.coco.ImageFolder;
import io.maskroute.datasets.coco.InteractiveEntry;
import io.maskroute.datasets.mask.InvalidRleException;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.GroundTruthRaster;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.PromptTask;
import io.maskroute.datasets.schema.Region;
import io.maskroute.datasets.schema.Truth;
import io.maskroute.datasets.schema.TruthMask;
import io.maskroute.datasets.writer.DatasetImport;
import io.maskroute.datasets.writer.Findings;
import io.maskroute.datasets.writer.HashedInput;
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
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;

/**
 * PSALM's COCO-Interactive file ({@code coco_interactive_*_psalm.json}): one region prompt a picture with a region for each annotated
 * object. The regions are the drawn pixels as the file has them: they were made with unseeded randomness, so that only these give
 * published figures. As in PSALM's loader crowds are left out; objects without a region of the wanted kind are counted and left out.
 */
final class CocoInteractiveImport implements DatasetImport {
    private static final ImportOption ANNOTATIONS =
            ImportOption.required("--annotations", "FILE", "coco_interactive_val_psalm.json.");
    private static final ImportOption KIND = new ImportOption(
            "--kind",
            "KIND",
            "How the objects are drawn: point, box, scribble or mask.",
            true,
            null,
            List.of("point", "box", "scribble", "mask"));
    private static final Map<String, ImportPlan.Published> PUBLISHED =
            Map.of("val", new ImportPlan.Published("COCO-Interactive val", 4_952, null, null));

    @Override
    public String name() {
        return "coco-interactive";
    }

    @Override
    public String description() {
        return "PSALM's COCO-Interactive file: objects marked by a point, a box, a scribble or a mask.";
    }

    @Override
    public String example() {
        return "coco-interactive --annotations coco_interactive_val_psalm.json --images val2017 --kind point --output"
                + " data/interactive-point";
    }

    @Override
    public List<ImportOption> options() {
        return List.of(
                ANNOTATIONS,
                CocoInstancesImport.IMAGES,
                KIND,
                CocoInstancesImport.SPLIT,
                ImportOption.RASTER,
                ImportOption.orientation(ExifOrientation.STORED),
                ImportOption.LINK_IMAGES);
    }

    /** @param number under which its record lies */
    private record Picture(long number, InteractiveEntry.Image image) {}

    @Override
    public ImportPlan plan(Request request) {
        String file = request.options().get(ANNOTATIONS);
        String kind = request.options().get(KIND);
        String stem = StoredFile.stem(HadoopFiles.path(file).getName());
        String split = request.options()
                .find(CocoInstancesImport.SPLIT)
                .orElse(stem.replaceFirst("^coco_interactive_", "").replaceFirst("_psalm$", ""));
        List<Picture> pictures = new ArrayList<>();
        SpilledRecords spilled = new SpilledRecords(request.work(), request.hadoop());
        DatasetManifest.SourceFile source = read(file, kind, request, pictures, spilled);
        if (pictures.isEmpty()) {
            throw ImportRun.nothingLeft(file, request.findings());
        }
        ImageFolder folder = ImageFolder.find(
                request.options().get(CocoInstancesImport.IMAGES),
                pictures.stream().map(picture -> picture.image().fileName()).toList(),
                request.hadoop());
        List<PlannedImage> images = new ArrayList<>();
        for (Picture picture : request.options().limited(pictures)) {
            InteractiveEntry.Image image = picture.image();
            images.add(new PlannedImage(
                    Long.toString(image.id()),
                    folder.uriOf(image.fileName()),
                    new Regions(
                            image.id(),
                            kind,
                            new PromptMaker.Size(image.height(), image.width()),
                            request.options().raster(),
                            spilled.of(picture.number())),
                    1,
                    split,
                    image.url(),
                    null));
        }
        return ImportPlan.named(request.options().name("coco-interactive-" + kind))
                .split(split)
                .raster(request.options().raster())
                .source(source)
                .targets("regions")
                .published(PUBLISHED.get(split))
                .pictures(request, images, folder.path())
                .build();
    }

    private static DatasetManifest.SourceFile read(
            String file, String kind, Request request, List<Picture> pictures, SpilledRecords spilled) {
        Set<Long> ids = new HashSet<>();
        try (HashedInput in = HashedInput.open(file, "annotations file", request.hadoop());
                JsonParser json = new JsonFactory().createParser((InputStream) in);
                spilled) {
            json.disable(JsonParser.Feature.AUTO_CLOSE_SOURCE);
            if (json.nextToken() != JsonToken.START_ARRAY) {
                throw notOurs(file, "its top is not a list", request);
            }
            long number = 0;
            while (json.nextToken() != JsonToken.END_ARRAY) {
                if (json.currentToken() != JsonToken.START_OBJECT) {
                    request.findings().skip("not-an-entry", "entry " + number + " is not an object");
                    json.skipChildren();
                } else {
                    SpilledRecords.Maker record = new SpilledRecords.Maker();
                    InteractiveEntry.Read entry = InteractiveEntry.read(json, kind, record);
                    if (number == 0 && !entry.hasAnnotations()) {
                        throw notOurs(file, "its entries have no anns", request);
                    }
                    try {
                        InteractiveEntry.Image image = entry.image("entry " + number);
                        if (!ids.add(image.id())) {
                            throw new UnusableEntryException(
                                    "duplicate-image-id", "image " + image.id() + " is there twice; the first counts");
                        }
                        pictures.add(new Picture(number, image));
                        spilled.add(number, record.toBytes());
                    } catch (UnusableEntryException e) {
                        request.findings().skip(e);
                    }
                }
                number++;
            }
            in.transferTo(OutputStream.nullOutputStream());
            return in.sourceFile();
        } catch (JsonProcessingException e) {
            throw new UnusableInputException(
                    "The annotations file " + file + " is not usable JSON: "
                            + e.getOriginalMessage().lines().findFirst().orElse(""),
                    e);
        } catch (IOException e) {
            throw new UnusableInputException("The annotations file " + file + " cannot be read: " + Reason.of(e), e);
        }
    }

    private static UnusableInputException notOurs(String file, String why, Request request) {
        return new UnusableInputException(FileKind.explain(
                "The file " + file + " is not PSALM's COCO-Interactive file: " + why,
                file,
                "coco-interactive",
                request.hadoop()));
    }

    private record Regions(
            long id, String kind, Size size, GroundTruthRaster rule, List<SpilledRecords.Stretch> stretches)
            implements PromptMaker {
        @Override
        public Made make(Size stored, Findings findings, Configuration hadoop)
                throws UnusableEntryException, IOException {
            List<Region> regions = new ArrayList<>();
            List<TruthMask> masks = new ArrayList<>();
            for (SpilledRecords.Stretch stretch : stretches) {
                for (byte[] record : stretch.read(hadoop)) {
                    for (InteractiveEntry.Marked marked :
                            InteractiveEntry.read(new DataInputStream(new ByteArrayInputStream(record)))) {
                        try {
                            add(marked, regions, masks);
                        } catch (UnusableEntryException e) {
                            findings.skip(e);
                        }
                    }
                }
            }
            if (regions.isEmpty()) {
                throw new UnusableEntryException(
                        "no-regions", "image " + id + " has no object that is marked by a " + kind);
            }
            PromptRow prompt = new PromptRow(
                    id + "-" + kind, PromptTask.REGION.label(), List.of(), null, regions, new Truth(false, masks));
            return new Made(size, List.of(prompt), regions.size());
        }

        private void add(InteractiveEntry.Marked marked, List<Region> regions, List<TruthMask> masks)
                throws UnusableEntryException {
            String what = "annotation " + marked.annotation().id() + " of image " + id;
            if (marked.annotation().isCrowd()) {
                throw new UnusableEntryException("crowd", what + " is a crowd, which PSALM leaves out");
            }
            if (marked.annotation().problem() != null) {
                throw new UnusableEntryException(
                        "bad-value", what + ": " + marked.annotation().problem());
            }
            try {
                Rle region = marked.region()
                        .rasterize(size.height(), size.width(), rule)
                        .mask();
                if (region.area() == 0) {
                    throw new UnusableEntryException("empty-region", what + ": its " + kind + " marks no pixel");
                }
                Rle mask = marked.annotation()
                        .segmentation()
                        .rasterize(size.height(), size.width(), rule)
                        .mask();
                masks.add(new TruthMask(
                        EncodedMask.of(mask),
                        marked.annotation().categoryId(),
                        false,
                        marked.annotation().id(),
                        marked.annotation().area(),
                        regions.size()));
                regions.add(new Region(kind, List.of(), EncodedMask.of(region)));
            } catch (InvalidRleException e) {
                throw new UnusableEntryException("bad-mask", what + ": " + e.getMessage());
            }
        }
    }
}
