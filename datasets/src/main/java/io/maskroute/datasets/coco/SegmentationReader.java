package io.maskroute.datasets.coco;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Reads the value of {@code segmentation}: polygons, or run lengths as numbers or text. Always moves to the end of the
 * value, whatever it holds.
 */
public final class SegmentationReader {
    private static final String NAME = "segmentation";

    private SegmentationReader() {}

    public static Field<Segmentation> read(JsonParser json) throws IOException {
        return switch (json.currentToken()) {
            case START_ARRAY -> outline(json);
            case START_OBJECT -> runs(json);
            default -> Field.bad(NAME + " is " + Field.describe(json) + ", not a list of polygons or an RLE");
        };
    }

    private static Field<Segmentation> outline(JsonParser json) throws IOException {
        List<double[]> parts = new ArrayList<>();
        String problem = null;
        while (json.nextToken() != JsonToken.END_ARRAY) {
            if (json.currentToken() != JsonToken.START_ARRAY) {
                problem = NAME + " holds " + Field.describe(json) + " where a polygon should be";
                continue;
            }
            Field<double[]> part = numbers(json);
            if (part.problem() != null) {
                problem = part.problem();
            } else if (part.value().length % 2 != 0) {
                problem = "polygon " + parts.size() + " has " + part.value().length
                        + " numbers, which are no pairs of x and y";
            }
            parts.add(part.value());
        }
        return problem == null ? Field.of(new Segmentation.Outline(parts)) : Field.bad(problem);
    }

    private static Field<double[]> numbers(JsonParser json) throws IOException {
        double[] numbers = new double[32];
        int count = 0;
        String problem = null;
        while (json.nextToken() != JsonToken.END_ARRAY) {
            if (!json.currentToken().isNumeric()) {
                problem = "a polygon holds " + Field.describe(json) + " where a number should be";
                continue;
            }
            if (count == numbers.length) {
                numbers = Arrays.copyOf(numbers, 2 * count);
            }
            numbers[count] = json.getDoubleValue();
            if (!Double.isFinite(numbers[count])) {
                problem = "a polygon holds a number beyond all pictures";
            }
            count++;
        }
        return problem == null ? Field.of(Arrays.copyOf(numbers, count)) : Field.bad(problem);
    }

    private static Field<Segmentation> runs(JsonParser json) throws IOException {
        Field<int[]> size = Field.absent(NAME + ".size");
        Field<int[]> counts = Field.absent(NAME + ".counts");
        String compressed = null;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            json.nextToken();
            switch (name) {
                case "size" -> size = integers(NAME + ".size", json);
                case "counts" -> {
                    if (json.currentToken() == JsonToken.VALUE_STRING) {
                        compressed = json.getText();
                    } else {
                        counts = integers(NAME + ".counts", json);
                    }
                }
                default -> json.skipChildren();
            }
        }
        if (size.problem() != null) {
            return Field.bad(size.problem());
        }
        if (size.value().length != 2) {
            return Field.bad(NAME + ".size has " + size.value().length + " numbers, not height and width");
        }
        int height = size.value()[0];
        int width = size.value()[1];
        if (compressed != null) {
            return Field.of(new Segmentation.CompressedRuns(height, width, compressed));
        }
        return counts.problem() == null
                ? Field.of(new Segmentation.Runs(height, width, counts.value()))
                : Field.bad(counts.problem());
    }

    private static Field<int[]> integers(String name, JsonParser json) throws IOException {
        if (json.currentToken() != JsonToken.START_ARRAY) {
            return Field.bad(name + " is " + Field.describe(json) + ", not a list of numbers");
        }
        int[] numbers = new int[32];
        int count = 0;
        String problem = null;
        while (json.nextToken() != JsonToken.END_ARRAY) {
            Field<Long> number = Field.integer("an element of " + name, json);
            if (number.problem() != null) {
                problem = number.problem();
                continue;
            }
            long value = number.value();
            if (value < 0 || value > Integer.MAX_VALUE) {
                problem = name + " holds " + value;
                continue;
            }
            if (count == numbers.length) {
                numbers = Arrays.copyOf(numbers, 2 * count);
            }
            numbers[count++] = (int) value;
        }
        return problem == null ? Field.of(Arrays.copyOf(numbers, count)) : Field.bad(problem);
    }
}
