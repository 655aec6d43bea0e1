package io.maskroute.job.export;

import io.maskroute.core.mask.BinaryMask;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.PromptTask;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** COCO's panoptic format (cocodataset.org, "Data format", 4): a list of segments and a PNG file of their ids per picture. */
final class PanopticExport implements ExportFormat {
    private static final String FOLDER = "panoptic";

    @Override
    public String name() {
        return "panoptic";
    }

    @Override
    public String description() {
        return "panoptic.json and panoptic/IMAGE.png, as panopticapi reads them: of panoptic prompts.";
    }

    @Override
    public Writer writer(String chosen, PictureReader pictures) {
        return new SegmentWriter();
    }

    private record SegmentWriter() implements Writer {
        private static final String IMAGES = "images";
        private static final String ANNOTATIONS = "annotations";
        private static final String NEXT = ",\n";

        @Override
        public List<JoinedFile> files(Catalogue classes) {
            return List.of(new JoinedFile(
                    FOLDER + ".json",
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
            List<ExportedPrompt> panoptic = picture.prompts().stream()
                    .filter(prompt -> prompt.isOk() && prompt.is(PromptTask.PANOPTIC))
                    .toList();
            output.count(
                    "prompts of other tasks, which have no segments",
                    picture.prompts().stream()
                            .filter(prompt -> prompt.isOk() && !prompt.is(PromptTask.PANOPTIC))
                            .count());
            if (panoptic.isEmpty() || picture.size() == null) {
                return;
            }
            output.count("further panoptic prompts of a picture, left out: it has one file", panoptic.size() - 1L);
            write(picture, panoptic.get(0), numbers.picture(), classes, output);
        }

        private static void write(
                ExportedPicture picture, ExportedPrompt prompt, long number, Catalogue classes, ExportOutput output)
                throws IOException {
            int height = picture.size().height();
            int width = picture.size().width();
            int[] ids = new int[height * width];
            List<Map<String, Object>> segments = new ArrayList<>();
            Rle free = Rle.of(new BinaryMask(height, width, new byte[height * width]))
                    .complement();
            for (ExportedMask mask : prompt.masks()) {
                // Panoptic masks do not overlap; where some do, the better one has the pixel.
                Rle shown = Rle.intersection(List.of(mask.rle(), free));
                if (shown.area() == 0) {
                    output.count("segments without a pixel, left out");
                    continue;
                }
                free = free.minus(shown);
                int id = segments.size() + 1;
                Pngs.draw(shown, id, ids, 0);
                Map<String, Object> segment = new LinkedHashMap<>();
                segment.put("id", id);
                segment.put("category_id", classes.id(mask));
                segment.put("area", shown.area());
                segment.put("bbox", shown.bbox());
                segment.put("iscrowd", 0);
                segment.put("score", mask.score());
                segments.add(segment);
            }
            String file = FileNames.ofPicture(picture.id(), Set.of()) + ".png";
            output.file(FOLDER + "/" + file, out -> Pngs.writeIds(ids, picture.size(), out), List.of(prompt));
            Map<String, Object> image = new LinkedHashMap<>();
            image.put("id", number);
            image.put("file_name", picture.name());
            image.put("height", height);
            image.put("width", width);
            output.json(IMAGES, image);
            Map<String, Object> annotation = new LinkedHashMap<>();
            annotation.put("image_id", number);
            annotation.put("file_name", file);
            annotation.put("segments_info", segments);
            output.json(ANNOTATIONS, annotation);
        }
    }
}
