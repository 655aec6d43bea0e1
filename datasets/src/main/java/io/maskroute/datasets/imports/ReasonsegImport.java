package io.maskroute.datasets.imports;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.core.task.ReferringTask;
import io.maskroute.datasets.mask.InvalidRleException;
import io.maskroute.datasets.mask.Polygons;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.GroundTruthRaster;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Protocol;
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
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * ReasonSeg (LISA): {@code SPLIT/NAME.jpg} with {@code SPLIT/NAME.json} beside it, in the form of LabelMe.
 *
 * <p>The masks are those of LISA's {@code get_mask_from_json}: shapes called {@code flag} are dropped, the others drawn from the
 * largest to the smallest, each with its outline, what comes later over what was there; a label with {@code ignore} in it marks pixels
 * that count nowhere. Its evaluation asks the first text alone; of the training split every text is a prompt.
 *
 * <p>{@code image_id} is {@code SPLIT/NAME}. {@code prompt_id} has the number of the text behind it and {@code sentence} or {@code
 * phrase}, for which LISA's prompt differs and by which its figures (long, short) are split.
 */
final class ReasonsegImport implements DatasetImport {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ImportOption ROOT =
            ImportOption.required("--root", "DIR", "ReasonSeg: the folder with train, val and test.");
    private static final List<String> SPLITS = List.of("train", "val", "test");
    private static final Set<String> PICTURES = Set.of("jpg", "jpeg", "png");
    private static final Map<String, ImportPlan.Published> PUBLISHED = Map.of(
            "train", new ImportPlan.Published("ReasonSeg train", 239, null, null),
            "val", new ImportPlan.Published("ReasonSeg val", 200, null, 200L),
            "test", new ImportPlan.Published("ReasonSeg test", 779, null, 779L));

    @Override
    public String name() {
        return "reasonseg";
    }

    @Override
    public String description() {
        return "ReasonSeg (LISA): questions that need reasoning, with pixels that count nowhere.";
    }

    @Override
    public String example() {
        return "reasonseg --root ReasonSeg --split val --output data/reasonseg-val";
    }

    @Override
    public List<ImportOption> options() {
        return List.of(
                ROOT,
                ImportOption.SPLIT,
                ImportOption.orientation(ExifOrientation.STORED),
                ImportOption.LINK_IMAGES,
                ImportOption.KEEP_EMPTY);
    }

    @Override
    public ImportPlan plan(Request request) {
        Path root = HadoopFiles.path(request.options().get(ROOT));
        String split = request.options().get(ImportOption.SPLIT);
        List<PlannedImage> images = new ArrayList<>();
        for (String each : split.equals("all") ? SPLITS : List.of(split)) {
            images.addAll(images(root, each, request));
        }
        if (images.isEmpty()) {
            List<String> there = SPLITS.stream()
                    .filter(known -> StoredFile.exists(new Path(root, known), request.hadoop()))
                    .toList();
            throw new UnusableInputException("There are no pictures with annotations in " + root + "/" + split + "; "
                    + (there.isEmpty()
                            ? "--root is the folder that holds train, val and test"
                            : "there is " + String.join(", ", there) + " (or all for every one)"));
        }
        return ImportPlan.named(request.options().name("reasonseg"))
                .split(split)
                .protocol(Protocol.PER_EXPRESSION)
                .raster(GroundTruthRaster.OPENCV_LIKE)
                .published(PUBLISHED.get(split))
                .answer(DatasetManifest.Answer.BEST)
                .pictures(request, images, root.toString())
                .build();
    }

    private static List<PlannedImage> images(Path root, String split, Request request) {
        if (split.contains("/") || split.contains("..")) {
            throw new UnusableInputException("--split '" + split + "' is no name of a folder in " + root);
        }
        List<Path> files = StoredFile.list(new Path(root, split), request.hadoop());
        Set<String> names = Set.copyOf(files.stream().map(Path::getName).toList());
        List<PlannedImage> images = new ArrayList<>();
        for (Path file : files) {
            String stem = StoredFile.stem(file.getName());
            String ending = file.getName()
                    .substring(stem.length())
                    .toLowerCase(Locale.ROOT)
                    .replace(".", "");
            if (PICTURES.contains(ending)) {
                Path annotation = new Path(file.getParent(), stem + ".json");
                if (names.contains(annotation.getName())) {
                    images.add(new PlannedImage(
                            split + "/" + stem,
                            file.toString(),
                            new Shapes(
                                    split + "/" + stem,
                                    annotation.toString(),
                                    split.equals("train"),
                                    request.options().has(ImportOption.KEEP_EMPTY)),
                            1,
                            split,
                            null,
                            null));
                } else {
                    request.findings().skip("no-annotation", file + " has no " + annotation.getName() + " beside it");
                }
            } else if (ending.equals("json")
                    && PICTURES.stream().noneMatch(known -> names.contains(stem + "." + known))) {
                request.findings().skip("missing-image", file + " has no picture beside it");
            }
        }
        return images;
    }

    /** @param allTexts whether every text is a prompt, or the first alone */
    private record Shapes(String id, String file, boolean allTexts, boolean keepEmpty) implements PromptMaker {
        private record Shape(boolean ignored, Rle mask) {}

        @Override
        public Made make(Size stored, Findings findings, Configuration hadoop)
                throws UnusableEntryException, IOException {
            if (!stored.isKnown()) {
                throw new UnusableEntryException(
                        "unreadable-image-header",
                        "image " + id + ": its size is not known, and its annotation does not say it");
            }
            JsonNode json = json(hadoop);
            Truth truth = truth(json, stored, findings);
            List<PromptRow> prompts = new ArrayList<>();
            JsonNode texts = json.path("text");
            String kind = json.path("is_sentence").asBoolean(false) ? "sentence" : "phrase";
            for (int i = 0; i < (allTexts ? texts.size() : Math.min(1, texts.size())); i++) {
                String text =
                        texts.get(i).isTextual() ? texts.get(i).textValue().strip() : "";
                if (ReferringTask.isEmpty(text)) {
                    String example = "image " + id + ": text " + i + " has no words";
                    if (!keepEmpty) {
                        findings.skip("empty-sentence", example);
                        continue;
                    }
                    findings.note("empty-sentence", example);
                }
                prompts.add(PromptRow.referring("reasonseg-" + id + "-" + i + "-" + kind, List.of(text), truth));
            }
            if (prompts.isEmpty()) {
                throw new UnusableEntryException("no-sentences", "image " + id + " has no text that can be used");
            }
            return new Made(stored, prompts, 1);
        }

        private JsonNode json(Configuration hadoop) throws UnusableEntryException {
            try {
                return JSON.readTree(TextFile.read(file, "annotation", hadoop).text());
            } catch (UnusableInputException e) {
                throw new UnusableEntryException("bad-annotation", "image " + id + ": " + e.getMessage());
            } catch (JsonProcessingException e) {
                throw new UnusableEntryException(
                        "bad-annotation",
                        "image " + id + ": its annotation is not usable JSON: "
                                + e.getOriginalMessage().lines().findFirst().orElse(""));
            }
        }

        private Truth truth(JsonNode json, Size size, Findings findings) throws UnusableEntryException {
            if (!json.path("shapes").isArray()) {
                throw new UnusableEntryException(
                        "bad-annotation", "image " + id + ": its annotation has no list of shapes");
            }
            List<Shape> shapes = new ArrayList<>();
            for (JsonNode shape : json.get("shapes")) {
                String label = shape.path("label").asText("").toLowerCase(Locale.ROOT);
                if (label.equals("flag")) {
                    continue;
                }
                try {
                    shapes.add(new Shape(label.contains("ignore"), draw(shape.path("points"), size)));
                } catch (InvalidRleException e) {
                    findings.skip("bad-shape", "image " + id + ": a shape '" + label + "': " + e.getMessage());
                }
            }
            shapes.sort(Comparator.comparingLong((Shape shape) -> shape.mask().area())
                    .reversed());
            Rle target = none(size);
            Rle ignore = none(size);
            for (Shape shape : shapes) {
                if (shape.ignored()) {
                    target = target.minus(shape.mask());
                    ignore = Rle.union(List.of(ignore, shape.mask()));
                } else {
                    ignore = ignore.minus(shape.mask());
                    target = Rle.union(List.of(target, shape.mask()));
                }
            }
            if (target.area() == 0) {
                findings.note("empty-mask", "image " + id + " has no pixel of a target");
            }
            return new Truth(
                    false,
                    List.of(new TruthMask(EncodedMask.of(target), null, false, null)),
                    ignore.area() == 0 ? null : EncodedMask.of(ignore));
        }

        private static Rle none(Size size) {
            return new Rle(size.height(), size.width(), new int[] {size.height() * size.width()});
        }

        private static Rle draw(JsonNode points, Size size) {
            double[] polygon = new double[2 * points.size()];
            for (int i = 0; i < points.size(); i++) {
                JsonNode point = points.get(i);
                if (point.size() != 2
                        || !point.get(0).isNumber()
                        || !point.get(1).isNumber()) {
                    throw new InvalidRleException("its point " + i + " is not two numbers");
                }
                polygon[2 * i] = point.get(0).asDouble();
                polygon[2 * i + 1] = point.get(1).asDouble();
            }
            return Polygons.fillOpencvLike(List.of(polygon), size.height(), size.width());
        }
    }
}
