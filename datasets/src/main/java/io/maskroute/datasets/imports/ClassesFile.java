package io.maskroute.datasets.imports;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.DatasetManifest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * People's own classes: a name in each line, or a JSON list of names or of {@code {id, name, isthing}} as COCO's categories are
 * (also below {@code categories}). Without ids they are counted from 1; what is not said to be stuff is a thing.
 */
final class ClassesFile {
    private ClassesFile() {}

    /** @throws UnusableInputException when it holds no classes, or one of them twice */
    static List<DatasetManifest.Category> parse(String file, String text) {
        List<DatasetManifest.Category> classes =
                text.stripLeading().startsWith("[") || text.stripLeading().startsWith("{")
                        ? json(file, text)
                        : lines(text);
        if (classes.isEmpty()) {
            throw new UnusableInputException("The classes file " + file + " names no class: one in each line");
        }
        Set<String> names = new HashSet<>();
        Set<Integer> ids = new HashSet<>();
        for (DatasetManifest.Category category : classes) {
            if (!names.add(category.name()) || !ids.add(category.id())) {
                throw new UnusableInputException("The classes file " + file + " has the class '" + category.name()
                        + "' (" + category.id() + ") twice");
            }
        }
        return classes;
    }

    private static List<DatasetManifest.Category> lines(String text) {
        List<DatasetManifest.Category> classes = new ArrayList<>();
        text.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                .forEach(line -> classes.add(new DatasetManifest.Category(classes.size() + 1, line, true)));
        return classes;
    }

    private static List<DatasetManifest.Category> json(String file, String text) {
        try {
            JsonNode top = new ObjectMapper().readTree(text);
            JsonNode list = top.isObject() ? top.path("categories") : top;
            List<DatasetManifest.Category> classes = new ArrayList<>();
            for (JsonNode entry : list) {
                JsonNode name = entry.isTextual() ? entry : entry.path("name");
                if (!name.isTextual() || name.textValue().isBlank()) {
                    throw new UnusableInputException(
                            "The classes file " + file + ": class " + (classes.size() + 1) + " has no name");
                }
                JsonNode thing = entry.has("is_thing") ? entry.get("is_thing") : entry.path("isthing");
                classes.add(new DatasetManifest.Category(
                        entry.path("id").asInt(classes.size() + 1),
                        name.textValue().strip(),
                        thing.isMissingNode() || thing.asBoolean(true)));
            }
            return classes;
        } catch (IOException e) {
            throw new UnusableInputException(
                    "The classes file " + file + " is neither a list of names nor usable JSON: "
                            + String.valueOf(e.getMessage()).lines().findFirst().orElse(""),
                    e);
        }
    }
}
