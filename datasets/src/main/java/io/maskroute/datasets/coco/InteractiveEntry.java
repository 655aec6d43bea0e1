package io.maskroute.datasets.coco;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.maskroute.datasets.writer.UnusableEntryException;
import java.io.ByteArrayOutputStream;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** An entry of PSALM's COCO-Interactive file: a picture, its annotations, and how each of them is marked. */
public final class InteractiveEntry {
    private InteractiveEntry() {}

    /** @param url where it was published, or null */
    public record Image(long id, String fileName, int height, int width, String url) {}

    /** @param region null where the annotation has a problem */
    public record Marked(StoredAnnotation annotation, Segmentation region) {}

    /** What an entry says of its picture; whether it can be used is asked later. */
    public static final class Read {
        private Field<Long> id = Field.absent("image_info.id");
        private Field<String> fileName = Field.absent("image_info.file_name");
        private Field<Long> height = Field.absent("image_info.height");
        private Field<Long> width = Field.absent("image_info.width");
        private String url;
        private boolean annotations;

        private Read() {}

        public boolean hasAnnotations() {
            return annotations;
        }

        /** @throws UnusableEntryException when it is no picture that can be used */
        public Image image(String entry) throws UnusableEntryException {
            long known = id.get(entry);
            String what = "image " + known;
            Image image = new Image(
                    known,
                    ImageNames.requireInside(fileName.get(what), what),
                    ImageNames.requireSide(height.get(what), what, "height"),
                    ImageNames.requireSide(width.get(what), what, "width"),
                    url);
            ImageNames.requireArea(new CocoImage(known, image.fileName(), image.height(), image.width(), null, null));
            return image;
        }
    }

    /**
     * Reads one entry, from its opening brace to its closing one.
     *
     * @param kind of the marks that are wanted
     * @param record takes the annotations, for {@link #read(DataInput)}
     */
    public static Read read(JsonParser json, String kind, DataOutput record) throws IOException {
        Read read = new Read();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int count = 0;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            JsonToken value = json.nextToken();
            if (name.equals("image_info") && value == JsonToken.START_OBJECT) {
                readImage(json, read);
            } else if (name.equals("anns") && value == JsonToken.START_ARRAY) {
                read.annotations = true;
                DataOutputStream out = new DataOutputStream(bytes);
                while (json.nextToken() != JsonToken.END_ARRAY) {
                    if (json.currentToken() == JsonToken.START_OBJECT) {
                        readAnnotation(json, kind, count++, out);
                    } else {
                        json.skipChildren();
                    }
                }
                out.flush();
            } else {
                json.skipChildren();
            }
        }
        record.writeInt(count);
        record.write(bytes.toByteArray());
        return read;
    }

    /** The annotations of a record. */
    public static List<Marked> read(DataInput record) throws IOException {
        int count = record.readInt();
        List<Marked> marked = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            StoredAnnotation annotation = StoredAnnotation.read(record);
            marked.add(new Marked(
                    annotation, annotation.problem() == null ? StoredAnnotation.readSegmentation(record) : null));
        }
        return marked;
    }

    private static void readImage(JsonParser json, Read read) throws IOException {
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            json.nextToken();
            switch (name) {
                case "id" -> read.id = Field.integer(name, json);
                case "file_name" -> read.fileName = Field.text(name, json);
                case "height" -> read.height = Field.integer(name, json);
                case "width" -> read.width = Field.integer(name, json);
                case "flickr_url" -> read.url = Field.text(name, json).orNull();
                default -> json.skipChildren();
            }
        }
    }

    private static void readAnnotation(JsonParser json, String kind, int number, DataOutput out) throws IOException {
        Field<Long> id = Field.absent("id");
        Field<Long> categoryId = Field.absent("category_id");
        boolean isCrowd = false;
        Long area = null;
        String regionName = kind + "_visual_prompt_mask";
        Field<Segmentation> segmentation = Field.absent("segmentation");
        Field<Segmentation> region = Field.absent(regionName);
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            json.nextToken();
            if (name.equals(regionName)) {
                region = SegmentationReader.read(json);
                continue;
            }
            switch (name) {
                case "id" -> id = Field.integer(name, json);
                case "category_id" -> categoryId = Field.integer(name, json);
                case "iscrowd" -> isCrowd = json.currentToken() == JsonToken.VALUE_TRUE
                        || Field.integer(name, json).isOne();
                case "area" -> area = InstancesReader.area(json);
                case "segmentation" -> segmentation = SegmentationReader.read(json);
                default -> json.skipChildren();
            }
        }
        String problem = firstProblem(id, categoryId, segmentation, region);
        if (problem == null && categoryId.value() != (int) (long) categoryId.value()) {
            problem = "category_id " + categoryId.value() + " is out of range";
        }
        new StoredAnnotation(
                        number,
                        id.problem() == null ? id.value() : -1,
                        problem == null ? (int) (long) categoryId.value() : 0,
                        isCrowd,
                        area,
                        problem == null ? segmentation.value() : null,
                        problem)
                .write(out);
        if (problem == null) {
            StoredAnnotation.writeSegmentation(out, region.value());
        }
    }

    private static String firstProblem(Field<?>... fields) {
        for (Field<?> field : fields) {
            if (field.problem() != null) {
                return field.problem();
            }
        }
        return null;
    }
}
