package io.maskroute.core.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A JSON object that a person may have written: typed access whose errors name file, field and what was expected, and a
 * record of what was asked for, so that {@link #refuseOthers} finds misspelt fields.
 */
public final class JsonFields {
    /** Hand-written files are small; a tokenizer or a dataset in their place should not be parsed at length. */
    private static final long MAX_BYTES = 64L << 20;

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final String origin;
    private final String path;
    private final JsonNode object;
    private final Set<String> asked = new LinkedHashSet<>();

    private JsonFields(String origin, String path, JsonNode object) {
        this.origin = origin;
        this.path = path;
        this.object = object;
    }

    /** @throws UnusableInputException when the file is absent or holds no JSON object */
    public static JsonFields read(Path file) {
        try {
            if (Files.isRegularFile(file) && Files.size(file) > MAX_BYTES) {
                throw new UnusableInputException(file + " has more than " + MAX_BYTES + " bytes");
            }
            return parse(file.toString(), Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            throw new UnusableInputException(file + " does not exist", e);
        } catch (IOException e) {
            throw new UnusableInputException(file + " cannot be read: " + Reason.of(e), e);
        }
    }

    /** @param origin the file, for messages */
    public static JsonFields parse(String origin, byte[] json) {
        try {
            JsonNode root = JSON.readTree(json);
            if (root == null || !root.isObject()) {
                throw new UnusableInputException(origin + " does not hold a JSON object");
            }
            return new JsonFields(origin, "", root);
        } catch (JsonProcessingException e) {
            throw invalid(origin, e);
        } catch (IOException e) {
            throw new UnusableInputException(origin + " cannot be read: " + Reason.of(e), e);
        }
    }

    /**
     * For what a JSON parser says of a file.
     *
     * @param origin the file, for the message
     */
    public static UnusableInputException invalid(String origin, JsonProcessingException e) {
        String where =
                e.getLocation() == null ? "" : " (line " + e.getLocation().getLineNr() + ")";
        return new UnusableInputException(
                origin + " is not valid JSON" + where + ": "
                        + e.getOriginalMessage().replaceAll("\\s+", " "),
                e);
    }

    /** The file and, inside nested objects, the path of this one. */
    public String where() {
        return path.isEmpty() ? origin : origin + ": " + path;
    }

    /** Field names in stored order. */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        object.fieldNames().forEachRemaining(names::add);
        return names;
    }

    /** True when the field is there and not null. */
    public boolean has(String name) {
        asked.add(name);
        return object.hasNonNull(name);
    }

    public int integer(String name, int fallback) {
        return has(name) ? integer(name) : fallback;
    }

    public int integer(String name) {
        return integer(name, required(name, "a whole number"));
    }

    public double number(String name, double fallback) {
        return has(name) ? number(name) : fallback;
    }

    public double number(String name) {
        return number(name, required(name, "a number"));
    }

    public boolean flag(String name, boolean fallback) {
        if (!has(name)) {
            return fallback;
        }
        JsonNode node = object.get(name);
        if (!node.isBoolean()) {
            throw wrong(name, "true or false", node);
        }
        return node.booleanValue();
    }

    public String text(String name, String fallback) {
        return has(name) ? text(name) : fallback;
    }

    public String text(String name) {
        return text(name, required(name, "a string"));
    }

    public List<Integer> integers(String name, List<Integer> fallback) {
        return has(name) ? integers(name) : fallback;
    }

    public List<Integer> integers(String name) {
        List<Integer> values = new ArrayList<>();
        array(name).forEach(node -> values.add(integer(name, node)));
        return List.copyOf(values);
    }

    public List<Double> numbers(String name, List<Double> fallback) {
        return has(name) ? numbers(name) : fallback;
    }

    public List<Double> numbers(String name) {
        List<Double> values = new ArrayList<>();
        array(name).forEach(node -> values.add(number(name, node)));
        return List.copyOf(values);
    }

    public List<String> texts(String name) {
        List<String> values = new ArrayList<>();
        array(name).forEach(node -> values.add(text(name, node)));
        return List.copyOf(values);
    }

    /** A nested object; empty when the field is absent. */
    public JsonFields object(String name) {
        JsonNode node = has(name) ? object.get(name) : JSON.createObjectNode();
        if (!node.isObject()) {
            throw wrong(name, "an object", node);
        }
        return new JsonFields(origin, path.isEmpty() ? name : path + "." + name, node);
    }

    /** @throws UnusableInputException naming a field that none of the calls before asked for */
    public void refuseOthers() {
        for (String name : names()) {
            if (!asked.contains(name)) {
                throw new UnusableInputException(
                        where() + ": unknown field '" + name + "'; known are " + String.join(", ", asked));
            }
        }
    }

    private JsonNode required(String name, String wanted) {
        if (!has(name)) {
            throw new UnusableInputException(where() + ": field '" + name + "' is missing, expected " + wanted);
        }
        return object.get(name);
    }

    private JsonNode array(String name) {
        JsonNode node = required(name, "an array");
        if (!node.isArray()) {
            throw wrong(name, "an array", node);
        }
        return node;
    }

    private int integer(String name, JsonNode node) {
        if (!node.isIntegralNumber() || !node.canConvertToInt()) {
            throw wrong(name, "a whole number", node);
        }
        return node.intValue();
    }

    private double number(String name, JsonNode node) {
        if (!node.isNumber() || !Double.isFinite(node.doubleValue())) {
            throw wrong(name, "a number", node);
        }
        return node.doubleValue();
    }

    private String text(String name, JsonNode node) {
        if (!node.isTextual()) {
            throw wrong(name, "a string", node);
        }
        return node.textValue();
    }

    private UnusableInputException wrong(String name, String wanted, JsonNode found) {
        String shown = found.toString();
        return new UnusableInputException(where() + ": field '" + name + "' is "
                + (shown.length() <= 80 ? shown : shown.substring(0, 80) + "…") + ", expected " + wanted);
    }
}
