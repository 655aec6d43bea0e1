package io.maskroute.datasets.score;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.coco.Field;
import io.maskroute.datasets.coco.Segmentation;
import io.maskroute.datasets.coco.SegmentationReader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * A JSON file of any size, read once from front to back. The first thing that is not as it must be ends the reading: the
 * message names the file, the entry and the field.
 */
final class JsonSource implements AutoCloseable {
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(64).build())
            // Also refuses an entry that says two things at once.
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
            // Python writes NaN; it can be refused by name where a number is needed.
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    /** Whole numbers beyond are not exact in a double. */
    private static final double MOST_EXACT = 1L << 53;

    private final Path file;
    private final JsonParser json;
    private String list = "";
    private long index;

    private JsonSource(Path file, InputStream in) throws IOException {
        this.file = file;
        this.json = JSON.createParser(in);
    }

    interface Body {
        void read(JsonSource source) throws IOException;
    }

    interface FieldBody {
        /** The parser stands at the field's value, and at the value's end afterwards. */
        void read(String name) throws IOException;
    }

    interface EntryBody {
        void read() throws IOException;
    }

    /** @throws UnusableInputException when the file cannot be read, is no JSON, or not what {@code body} wants */
    static void read(Path file, Body body) {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
                JsonSource source = new JsonSource(file, in)) {
            body.read(source);
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            throw new UnusableInputException(
                    file + " is not usable JSON"
                            + (at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr()) + ": "
                            + e.getOriginalMessage().lines().findFirst().orElse(""),
                    e);
        } catch (IOException e) {
            throw new UnusableInputException(file + " cannot be read: " + Reason.of(e), e);
        }
    }

    /**
     * The file is one object.
     *
     * @param otherwise what to say when it is not
     * @param needed names of fields that must be there
     */
    void topObject(String otherwise, FieldBody body, String... needed) throws IOException {
        if (json.nextToken() != JsonToken.START_OBJECT) {
            throw new UnusableInputException(file + " " + otherwise);
        }
        Set<String> found = new HashSet<>();
        fields(name -> {
            found.add(name);
            body.read(name);
        });
        for (String name : needed) {
            if (!found.contains(name)) {
                throw new UnusableInputException(file + " has no '" + name + "': " + otherwise);
            }
        }
        requireEnd();
    }

    /** The file is one list. */
    void topList(String otherwise, EntryBody body) throws IOException {
        if (json.nextToken() != JsonToken.START_ARRAY) {
            throw new UnusableInputException(file + " " + otherwise);
        }
        entries("result", body);
        requireEnd();
    }

    /** The file is objects one after another, a line each. */
    void lines(EntryBody body) throws IOException {
        while (json.nextToken() != null) {
            list = "line";
            index = json.currentTokenLocation().getLineNr();
            if (json.currentToken() != JsonToken.START_OBJECT) {
                throw bad("is " + Field.describe(json) + "; every line is an object");
            }
            body.read();
        }
    }

    private void requireEnd() throws IOException {
        if (json.nextToken() != null) {
            throw new UnusableInputException(file + " goes on after its end");
        }
    }

    /** Of the list that is the current value, every entry, which is an object. */
    void entries(String name, EntryBody body) throws IOException {
        list = name;
        index = -1;
        if (json.currentToken() != JsonToken.START_ARRAY) {
            throw new UnusableInputException(file + ": '" + name + "' is " + Field.describe(json) + ", not a list");
        }
        while (json.nextToken() != JsonToken.END_ARRAY) {
            index++;
            if (json.currentToken() != JsonToken.START_OBJECT) {
                throw bad("is " + Field.describe(json) + ", not an object");
            }
            body.read();
        }
    }

    /** As {@link #entries}, of a list within an entry. */
    void innerEntries(String name, EntryBody body) throws IOException {
        if (json.currentToken() != JsonToken.START_ARRAY) {
            throw bad(name + " is " + Field.describe(json) + ", not a list");
        }
        while (json.nextToken() != JsonToken.END_ARRAY) {
            if (json.currentToken() != JsonToken.START_OBJECT) {
                throw bad(name + " holds " + Field.describe(json) + ", not an object");
            }
            body.read();
        }
    }

    /** Of the object that is the current value, every field. */
    void fields(FieldBody body) throws IOException {
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            json.nextToken();
            body.read(name);
        }
    }

    void skip() throws IOException {
        json.skipChildren();
    }

    boolean isNull() {
        return json.currentToken() == JsonToken.VALUE_NULL;
    }

    /** A whole number; {@code 3.0} is one. */
    long integer(String name) throws IOException {
        if (json.currentToken() == JsonToken.VALUE_NUMBER_FLOAT) {
            double value = json.getDoubleValue();
            if (value == Math.rint(value) && Math.abs(value) < MOST_EXACT) {
                return (long) value;
            }
            throw bad(name + " is " + value + ", not a whole number");
        }
        Field<Long> value = Field.integer(name, json);
        if (value.problem() != null) {
            throw bad(value.problem());
        }
        return value.value();
    }

    /** A finite number. */
    double number(String name) throws IOException {
        if (!json.currentToken().isNumeric()) {
            throw bad(name + " is " + Field.describe(json) + ", not a number");
        }
        double value = json.getDoubleValue();
        if (!Double.isFinite(value)) {
            throw bad(name + " is " + value + ", which is no number to compare with");
        }
        return value;
    }

    /** Numbers of a list. */
    double[] numbers(String name, int count) throws IOException {
        double[] values = new double[count];
        int found = 0;
        if (json.currentToken() != JsonToken.START_ARRAY) {
            throw bad(name + " is " + Field.describe(json) + ", not a list of numbers");
        }
        while (json.nextToken() != JsonToken.END_ARRAY) {
            double value = number(name);
            if (found < count) {
                values[found] = value;
            }
            found++;
        }
        if (found != count) {
            throw bad(name + " has " + found + " numbers, not " + count);
        }
        return values;
    }

    String text(String name) throws IOException {
        if (json.currentToken() != JsonToken.VALUE_STRING) {
            throw bad(name + " is " + Field.describe(json) + ", not text");
        }
        return json.getText();
    }

    /** Text or a whole number, as text. */
    String id(String name) throws IOException {
        return json.currentToken() == JsonToken.VALUE_STRING ? json.getText() : Long.toString(integer(name));
    }

    /** A truth value, or a number, of which 0 is false. */
    boolean flag(String name) throws IOException {
        return switch (json.currentToken()) {
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            default -> integer(name) != 0;
        };
    }

    /** Anything, as its JSON. */
    String any() throws IOException {
        StringBuilder written = new StringBuilder();
        int depth = 0;
        while (true) {
            JsonToken token = json.currentToken();
            depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
            written.append(token.isScalarValue() ? token.name() : "")
                    .append(' ')
                    .append(json.getText());
            if (depth == 0) {
                return written.toString();
            }
            json.nextToken();
        }
    }

    Segmentation segmentation(String name) throws IOException {
        Field<Segmentation> segmentation = SegmentationReader.read(json);
        if (segmentation.problem() != null) {
            throw bad(name + ": " + segmentation.problem());
        }
        return segmentation.value();
    }

    <T> T require(T value, String name) {
        if (value == null) {
            throw bad("has no " + name);
        }
        return value;
    }

    /** The current entry's place in its list, from 0 on; of lines from 1. */
    long index() {
        return index;
    }

    /** Names the current entry. */
    String where() {
        return file + ", " + list + " " + index;
    }

    UnusableInputException bad(String why) {
        return new UnusableInputException(where() + ": " + why);
    }

    @Override
    public void close() throws IOException {
        json.close();
    }
}
