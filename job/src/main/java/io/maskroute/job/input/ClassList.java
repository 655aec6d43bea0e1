package io.maskroute.job.input;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.DatasetManifest.Category;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Classes that somebody names outside a dataset. */
public final class ClassList {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .build();

    private ClassList() {}

    /**
     * @param text a JSON list of {@code {id, name, is_thing}} as a dataset's manifest has it; or a name a line, which are things and
     *     numbered from 1
     * @param where it is from, for messages
     * @throws UnusableInputException when it is neither
     */
    public static List<Category> parse(String text, String where) {
        List<Category> classes = new ArrayList<>();
        if (text.stripLeading().startsWith("[")) {
            try {
                classes.addAll(Arrays.asList(JSON.readValue(text, Category[].class)));
            } catch (JsonProcessingException e) {
                throw new UnusableInputException(
                        where + " is no list of {id, name, is_thing}: " + e.getOriginalMessage(), e);
            }
        } else {
            text.lines()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty())
                    .forEach(name -> classes.add(new Category(classes.size() + 1, name, true)));
        }
        if (classes.isEmpty() || classes.stream().anyMatch(each -> each == null || each.name() == null)) {
            throw new UnusableInputException(
                    where + " names no classes; give a name a line, or a JSON list of" + " {id, name, is_thing}");
        }
        return classes;
    }
}
