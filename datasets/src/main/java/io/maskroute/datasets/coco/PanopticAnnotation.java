package io.maskroute.datasets.coco;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.maskroute.datasets.writer.Findings;
import io.maskroute.datasets.writer.UnusableEntryException;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * An entry of {@code annotations} in COCO's panoptic format: a picture of segments.
 *
 * @param fileName of the picture of segments, checked to be a name inside a folder
 */
public record PanopticAnnotation(long imageId, String fileName, List<Segment> segments) implements Serializable {
    /** @param area in pixels as the file has it, or null */
    public record Segment(int id, int categoryId, boolean isCrowd, Long area) implements Serializable {}

    /** Takes annotations one by one. */
    public interface Sink {
        void add(PanopticAnnotation annotation);
    }

    static InstancesReader.AnnotationReader reader(Sink sink, Findings findings) {
        return (reader, json) -> {
            try {
                sink.add(read(reader, json, findings));
            } catch (UnusableEntryException e) {
                findings.skip(e);
            }
        };
    }

    private static PanopticAnnotation read(InstancesReader reader, JsonParser json, Findings findings)
            throws IOException, UnusableEntryException {
        Field<Long> imageId = Field.absent("image_id");
        Field<String> fileName = Field.absent("file_name");
        List<Segment> segments = null;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            JsonToken value = json.nextToken();
            switch (name) {
                case "image_id" -> imageId = Field.integer(name, json);
                case "file_name" -> fileName = Field.text(name, json);
                case "segments_info" -> {
                    if (value == JsonToken.START_ARRAY) {
                        segments = segments(json, findings);
                    } else {
                        json.skipChildren();
                    }
                }
                case "segmentation", "caption" -> throw reader.notCoco("its annotations have " + name);
                default -> json.skipChildren();
            }
        }
        long image = imageId.get("an entry of the annotation list");
        String what = "the annotation of image " + image;
        if (segments == null) {
            throw new UnusableEntryException("bad-value", what + ": segments_info is missing or no list");
        }
        return new PanopticAnnotation(image, ImageNames.requireInside(fileName.get(what), what), segments);
    }

    private static List<Segment> segments(JsonParser json, Findings findings) throws IOException {
        List<Segment> segments = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            if (json.currentToken() != JsonToken.START_OBJECT) {
                findings.skip("not-an-entry", "segments_info holds something that is not an object");
                json.skipChildren();
                continue;
            }
            Field<Long> id = Field.absent("id");
            Field<Long> categoryId = Field.absent("category_id");
            boolean isCrowd = false;
            Long area = null;
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                json.nextToken();
                switch (name) {
                    case "id" -> id = Field.integer(name, json);
                    case "category_id" -> categoryId = Field.integer(name, json);
                    case "iscrowd" -> isCrowd = json.currentToken() == JsonToken.VALUE_TRUE
                            || Field.integer(name, json).isOne();
                    case "area" -> area = InstancesReader.area(json);
                    default -> json.skipChildren();
                }
            }
            try {
                segments.add(new Segment(
                        small(id.get("a segment"), "id"),
                        small(categoryId.get("segment " + id.value()), "category_id"),
                        isCrowd,
                        area));
            } catch (UnusableEntryException e) {
                findings.skip(e);
            }
        }
        return segments;
    }

    private static int small(long value, String name) throws UnusableEntryException {
        if (value < 0 || value != (int) value) {
            throw new UnusableEntryException("bad-value", "a segment: " + name + " " + value + " is out of range");
        }
        return (int) value;
    }
}
