package io.maskroute.datasets.coco;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.maskroute.datasets.writer.UnusableEntryException;
import java.io.IOException;

/**
 * A value of an entry, or what is wrong with it: which entry it belongs to may only be known later in the file.
 *
 * @param value null when {@code problem} is not
 */
public record Field<T>(T value, String problem) {
    static <T> Field<T> of(T value) {
        return new Field<>(value, null);
    }

    static <T> Field<T> bad(String problem) {
        return new Field<>(null, problem);
    }

    static <T> Field<T> absent(String name) {
        return bad(name + " is missing");
    }

    /** A whole number of at most 64 bits, never through a double: ids above 2^53 must stay exact. */
    public static Field<Long> integer(String name, JsonParser json) throws IOException {
        if (json.currentToken() != JsonToken.VALUE_NUMBER_INT) {
            return bad(name + " is " + describe(json) + ", not a whole number");
        }
        return switch (json.getNumberType()) {
            case INT, LONG -> of(json.getLongValue());
            default -> bad(name + " does not fit a 64-bit integer");
        };
    }

    static Field<String> text(String name, JsonParser json) throws IOException {
        return json.currentToken() == JsonToken.VALUE_STRING
                ? of(json.getText())
                : bad(name + " is " + describe(json) + ", not text");
    }

    /** Names the kind of the current value and moves to its end. */
    public static String describe(JsonParser json) throws IOException {
        String kind =
                switch (json.currentToken()) {
                    case START_OBJECT -> "an object";
                    case START_ARRAY -> "a list";
                    case VALUE_STRING -> "text";
                    case VALUE_NULL -> "null";
                    case VALUE_TRUE, VALUE_FALSE -> "a truth value";
                    default -> "a number";
                };
        json.skipChildren();
        return kind;
    }

    T get(String entry) throws UnusableEntryException {
        if (problem != null) {
            throw new UnusableEntryException("bad-value", entry + ": " + problem);
        }
        return value;
    }

    T orNull() {
        return value;
    }

    boolean isOne() {
        return value instanceof Long number && number == 1;
    }
}
