package io.maskroute.datasets.coco;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.maskroute.datasets.writer.Findings;
import io.maskroute.datasets.writer.UnusableEntryException;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashSet;
import java.util.Set;
import java.util.function.LongPredicate;

/**
 * One pass over an {@code instances.json}. What is wrong with the file as a whole ends the import; what is wrong with an
 * entry is kept under its id, for whoever asks for it.
 */
final class InstancesReader {
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(64).build())
            // Also refuses an entry that says two things at once.
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
            .build();

    private final String file;
    private final CocoInstances instances;
    private final LongPredicate wantedImages;
    private final EntryReader annotations;
    private final String kind;
    private final Findings findings;
    private long annotationNumber;

    /**
     * @param annotations takes the entries of {@code annotations}
     * @param kind of file that is wanted, for messages
     */
    InstancesReader(
            String file,
            CocoInstances instances,
            LongPredicate wantedImages,
            AnnotationReader annotations,
            String kind,
            Findings findings) {
        this.file = file;
        this.instances = instances;
        this.wantedImages = wantedImages;
        this.annotations = json -> annotations.read(this, json);
        this.kind = kind;
        this.findings = findings;
    }

    /** Of a kind of file; what all have in common is the reader's. */
    interface AnnotationReader {
        /** The parser stands at the entry's opening brace, and at its closing brace afterwards. */
        void read(InstancesReader reader, JsonParser json) throws IOException;
    }

    /** Puts the wanted ones of an instances file into memory. */
    static AnnotationReader kept(LongPredicate wanted) {
        return (reader, json) -> reader.annotation(json, (id, entry) -> {
            if (wanted.test(id)) {
                reader.keep(id, entry);
            }
        });
    }

    /** Gives each one of an instances file away. */
    static AnnotationReader given(CocoInstances.AnnotationSink sink) {
        return (reader, json) -> reader.annotation(json, (id, entry) -> reader.give(id, entry, sink));
    }

    void read(InputStream in) throws IOException {
        try (JsonParser json = JSON.createParser(in)) {
            readTop(json);
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            throw new CocoInstances.NotCocoException(
                    "The instances file " + file + " is not usable JSON"
                            + (at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr())
                            + ": " + e.getOriginalMessage().lines().findFirst().orElse(""),
                    e);
        }
    }

    private void readTop(JsonParser json) throws IOException {
        if (json.nextToken() != JsonToken.START_OBJECT) {
            throw notCoco("its top is not an object");
        }
        Set<String> found = new HashSet<>();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            JsonToken value = json.nextToken();
            switch (name) {
                case "images" -> entries(json, name, this::image);
                case "annotations" -> entries(json, name, annotations);
                case "categories" -> entries(json, name, this::category);
                case "licenses" -> entries(json, name, this::licence);
                default -> {
                    json.skipChildren();
                    continue;
                }
            }
            if (value == JsonToken.START_ARRAY) {
                found.add(name);
            }
        }
        for (String needed : new String[] {"images", "annotations"}) {
            if (!found.contains(needed)) {
                throw notCoco("it has no list '" + needed + "'");
            }
        }
        if (json.nextToken() != null) {
            throw notCoco("something follows its end");
        }
    }

    interface EntryReader {
        /** The parser stands at the entry's opening brace, and at its closing brace afterwards. */
        void read(JsonParser json) throws IOException;
    }

    private void entries(JsonParser json, String name, EntryReader reader) throws IOException {
        if (json.currentToken() != JsonToken.START_ARRAY) {
            throw notCoco("'" + name + "' is not a list");
        }
        while (json.nextToken() != JsonToken.END_ARRAY) {
            if (json.currentToken() == JsonToken.START_OBJECT) {
                reader.read(json);
            } else {
                findings.skip("not-an-entry", "'" + name + "' holds something that is not an object");
                json.skipChildren();
            }
        }
    }

    private void image(JsonParser json) throws IOException {
        Field<Long> id = Field.absent("id");
        Field<String> fileName = Field.absent("file_name");
        Field<Long> height = Field.absent("height");
        Field<Long> width = Field.absent("width");
        String flickr = null;
        String coco = null;
        Long licence = null;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            json.nextToken();
            switch (name) {
                case "id" -> id = Field.integer(name, json);
                case "file_name" -> fileName = Field.text(name, json);
                case "height" -> height = Field.integer(name, json);
                case "width" -> width = Field.integer(name, json);
                case "flickr_url" -> flickr = Field.text(name, json).orNull();
                case "coco_url" -> coco = Field.text(name, json).orNull();
                case "license" -> licence = Field.integer(name, json).orNull();
                default -> json.skipChildren();
            }
        }
        Long known = idOf(id, "image");
        if (known == null || !wantedImages.test(known)) {
            return;
        }
        boolean twice;
        try {
            CocoImage image = new CocoImage(
                    known,
                    ImageNames.requireInside(fileName.get("image " + known), "image " + known),
                    ImageNames.requireSide(height.get("image " + known), "image " + known, "height"),
                    ImageNames.requireSide(width.get("image " + known), "image " + known, "width"),
                    flickr == null || flickr.isEmpty() ? coco : flickr,
                    licence);
            ImageNames.requireArea(image);
            twice = instances.put(image);
        } catch (UnusableEntryException e) {
            twice = instances.putBadImage(known, e);
        }
        if (twice) {
            findings.note("duplicate-image-id", "image " + known + " is there twice; the last entry counts");
        }
    }

    /** An entry as far as it says something; which of it is wanted, is asked later. */
    private record Entry(
            Field<Long> imageId,
            Field<Long> categoryId,
            boolean isCrowd,
            Long area,
            Field<Segmentation> segmentation) {}

    private interface EntryTaker {
        void take(long id, Entry entry) throws IOException;
    }

    private void annotation(JsonParser json, EntryTaker taker) throws IOException {
        Field<Long> id = Field.absent("id");
        Field<Long> imageId = Field.absent("image_id");
        Field<Long> categoryId = Field.absent("category_id");
        boolean isCrowd = false;
        Long area = null;
        Field<Segmentation> segmentation = Field.absent("segmentation");
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            json.nextToken();
            switch (name) {
                case "id" -> id = Field.integer(name, json);
                case "image_id" -> imageId = Field.integer(name, json);
                case "category_id" -> categoryId = Field.integer(name, json);
                case "iscrowd" -> isCrowd = json.currentToken() == JsonToken.VALUE_TRUE
                        || Field.integer(name, json).isOne();
                case "area" -> area = area(json);
                case "segmentation" -> segmentation = SegmentationReader.read(json);
                case "segments_info", "caption" -> throw notCoco("its annotations have " + name);
                default -> json.skipChildren();
            }
        }
        Long known = idOf(id, "annotation");
        if (known != null) {
            taker.take(known, new Entry(imageId, categoryId, isCrowd, area, segmentation));
        }
    }

    private void keep(long id, Entry entry) {
        String what = "annotation " + id;
        boolean twice;
        try {
            twice = instances.put(new CocoAnnotation(
                    id,
                    entry.imageId().get(what),
                    requireInt(entry.categoryId().get(what), what),
                    entry.isCrowd(),
                    entry.segmentation().get(what)));
        } catch (UnusableEntryException e) {
            twice = instances.putBadAnnotation(id, e);
        }
        if (twice) {
            findings.note("duplicate-annotation-id", what + " is there twice; the last entry counts");
        }
    }

    private void give(long id, Entry entry, CocoInstances.AnnotationSink sink) throws IOException {
        String what = "annotation " + id;
        try {
            long imageId = entry.imageId().get(what);
            String problem = entry.segmentation().problem();
            int category = 0;
            try {
                category = requireInt(entry.categoryId().get(what), what);
            } catch (UnusableEntryException e) {
                problem = e.getMessage();
            }
            sink.add(
                    imageId,
                    new StoredAnnotation(
                            annotationNumber++,
                            id,
                            category,
                            entry.isCrowd(),
                            entry.area(),
                            problem == null ? entry.segmentation().value() : null,
                            problem));
        } catch (UnusableEntryException e) {
            findings.skip(e);
        }
    }

    /**
     * In whole pixels, rounded down; but what lies just above a border between COCO's sizes (32² and 96²) goes up, for the border
     * itself belongs to the size below it.
     */
    static Long area(JsonParser json) throws IOException {
        if (!json.currentToken().isNumeric()) {
            json.skipChildren();
            return null;
        }
        double area = json.getDoubleValue();
        double whole = Math.floor(area);
        boolean border = whole == 32 * 32 || whole == 96 * 96;
        return area >= 0 && area < 1L << 62 ? (Long) (long) (border ? Math.ceil(area) : whole) : null;
    }

    private void category(JsonParser json) throws IOException {
        Field<Long> id = Field.absent("id");
        String label = null;
        boolean isThing = true;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            json.nextToken();
            switch (name) {
                case "id" -> id = Field.integer(name, json);
                case "name" -> label = Field.text(name, json).orNull();
                case "isthing" -> isThing = json.currentToken() == JsonToken.VALUE_TRUE
                        || Field.integer(name, json).isOne();
                default -> json.skipChildren();
            }
        }
        Long known = idOf(id, "category");
        if (known != null) {
            instances.categories().put(known, new CocoInstances.Category(known, label, isThing));
        }
    }

    private void licence(JsonParser json) throws IOException {
        Field<Long> id = Field.absent("id");
        String label = null;
        String url = null;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            json.nextToken();
            switch (name) {
                case "id" -> id = Field.integer(name, json);
                case "name" -> label = Field.text(name, json).orNull();
                case "url" -> url = Field.text(name, json).orNull();
                default -> json.skipChildren();
            }
        }
        Long known = idOf(id, "licence");
        if (known != null && label != null) {
            instances.licences().put(known, url == null || url.isEmpty() ? label : label + ", " + url);
        }
    }

    Long idOf(Field<Long> id, String what) {
        try {
            return id.get("an entry of the " + what + " list");
        } catch (UnusableEntryException e) {
            findings.skip("unusable-" + what + "-id", e.getMessage());
            return null;
        }
    }

    private static int requireInt(long value, String what) throws UnusableEntryException {
        if (value != (int) value) {
            throw new UnusableEntryException("bad-value", what + ": category_id " + value + " is out of range");
        }
        return (int) value;
    }

    CocoInstances.NotCocoException notCoco(String why) {
        return new CocoInstances.NotCocoException(
                "The file " + file + " is not " + kind + " file in COCO's layout: " + why);
    }
}
