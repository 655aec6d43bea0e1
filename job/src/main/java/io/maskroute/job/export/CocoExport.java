package io.maskroute.job.export;

import io.maskroute.datasets.mask.Outlines;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * COCO's results and instances files (cocodataset.org, "Data format" and "Results format"). Results are RLE whatever is chosen:
 * pycocotools takes no polygons there.
 */
final class CocoExport implements ExportFormat {
    private static final String POLYGON = "polygon";
    private static final String HOLES = "holes filled, since polygons of COCO have none";
    private static final String FILLED = "masks with holes";

    @Override
    public String name() {
        return "coco";
    }

    @Override
    public String description() {
        return "results.json and instances.json, as pycocotools reads them.";
    }

    @Override
    public Optional<Choice> choice() {
        return Optional.of(new Choice(
                "--segmentation",
                "How instances.json has masks: rle, or polygon for tools that take no RLE (holes are filled and counted)",
                List.of("rle", POLYGON),
                "rle"));
    }

    @Override
    public Writer writer(String chosen, PictureReader pictures) {
        return new CocoWriter(POLYGON.equals(chosen));
    }

    private record CocoWriter(boolean polygons) implements Writer {
        private static final String RESULTS = "results";
        private static final String IMAGES = "images";
        private static final String ANNOTATIONS = "annotations";
        private static final String NEXT = ",\n";

        @Override
        public List<JoinedFile> files(Catalogue classes) {
            return List.of(
                    new JoinedFile(
                            "results.json",
                            List.of(
                                    new JoinedFile.Text("[\n"),
                                    new JoinedFile.Entries(RESULTS, NEXT),
                                    new JoinedFile.Text("\n]\n"))),
                    new JoinedFile(
                            "instances.json",
                            List.of(
                                    new JoinedFile.Text("{\"info\": {\"description\": \"exported by maskroute\"},\n"
                                            + "\"licenses\": [],\n\"categories\": " + CompactJson.of(classes.entries())
                                            + ",\n\"images\": [\n"),
                                    new JoinedFile.Entries(IMAGES, NEXT),
                                    new JoinedFile.Text("\n],\n\"annotations\": [\n"),
                                    new JoinedFile.Entries(ANNOTATIONS, NEXT),
                                    new JoinedFile.Text("\n]}\n"))));
        }

        @Override
        public void write(ExportedPicture picture, Numbers numbers, Catalogue classes, ExportOutput output)
                throws IOException {
            if (picture.size() == null) {
                return;
            }
            Map<String, Object> image = new LinkedHashMap<>();
            image.put("id", numbers.picture());
            image.put("file_name", picture.name());
            image.put("height", picture.size().height());
            image.put("width", picture.size().width());
            output.json(IMAGES, image);
            long id = numbers.mask();
            for (ExportedPrompt prompt : picture.prompts()) {
                for (ExportedMask mask : prompt.masks()) {
                    Map<String, Object> result = new LinkedHashMap<>();
                    result.put("image_id", numbers.picture());
                    result.put("category_id", classes.id(mask));
                    result.put("segmentation", CompactJson.rle(mask.rle()));
                    result.put("score", mask.score());
                    result.put("bbox", mask.rle().bbox());
                    result.put("prompt_id", prompt.id());
                    output.json(RESULTS, result);
                    if (mask.isEmpty()) {
                        output.count("masks without a pixel, in results.json alone");
                    } else {
                        output.json(ANNOTATIONS, annotation(id++, result, prompt, mask, output));
                    }
                }
            }
        }

        private Map<String, Object> annotation(
                long id, Map<String, Object> result, ExportedPrompt prompt, ExportedMask mask, ExportOutput output) {
            Map<String, Object> annotation = new LinkedHashMap<>();
            annotation.put("id", id);
            annotation.putAll(result);
            annotation.put("area", mask.rle().area());
            annotation.put("iscrowd", 0);
            if (!prompt.texts().isEmpty()) {
                annotation.put("texts", prompt.texts());
            }
            if (polygons) {
                Outlines outlines = Outlines.of(mask.rle());
                annotation.put("segmentation", outlines.parts());
                output.count(HOLES, outlines.holes());
                output.count(FILLED, outlines.holes() > 0 ? 1 : 0);
            }
            return annotation;
        }
    }
}
