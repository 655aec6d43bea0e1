package io.maskroute.datasets.imports;

import io.maskroute.core.error.UnusableInputException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;

/**
 * Which columns of a hub's Parquet hold what: named by options, else guessed by name and type. A path with a dot goes into a list of
 * structs, of which each is something to be found ({@code samples.sentences}).
 *
 * @param image a struct with {@code bytes}, or bytes
 * @param samples the list of structs that texts and masks lie in; null where they are columns
 * @param texts text, a list of texts, or a list of structs with {@code sent} or {@code raw}
 * @param mask null where there is none
 * @param id of the annotation, a whole number; null where there is none
 */
record HubColumns(String image, String samples, String texts, String mask, String id) implements Serializable {
    private static final List<String> IMAGES = List.of("image", "img", "picture", "jpg", "jpeg", "png");
    private static final List<String> TEXTS = List.of(
            "sentences",
            "text",
            "texts",
            "sentence",
            "answer",
            "captions",
            "caption",
            "expressions",
            "expression",
            "phrase",
            "query",
            "prompt",
            "referring_expression");
    private static final List<String> MASKS = List.of("mask", "segmentation", "masks", "rle", "polygon", "polygons");
    private static final List<String> IDS = List.of("ann_id", "annotation_id", "id");

    /**
     * @param image given, or empty
     * @param text given, or empty
     * @param mask given, or empty
     * @throws UnusableInputException when what is needed is not there
     */
    static HubColumns find(
            StructType schema, String files, Optional<String> image, Optional<String> text, Optional<String> mask) {
        String pictures = image.isPresent() ? require(schema, image.get(), files) : guessImage(schema, files);
        Optional<String> samples = text.or(() -> mask)
                .filter(name -> name.contains("."))
                .map(name -> name.substring(0, name.indexOf('.')));
        if (samples.isEmpty() && text.isEmpty()) {
            samples = guess(schema, TEXTS, HubColumns::isText).isPresent()
                    ? Optional.empty()
                    : Arrays.stream(schema.fieldNames())
                            .filter(name -> elements(schema, name)
                                    .flatMap(inside -> guess(inside, TEXTS, HubColumns::isText))
                                    .isPresent())
                            .findFirst();
        }
        String in = samples.orElse(null);
        StructType inside = in == null
                ? schema
                : elements(schema, in)
                        .orElseThrow(() -> new UnusableInputException(
                                "The column " + in + " of " + files + " is no list of structs"));
        String texts = text.map(name -> require(inside, last(name), files))
                .or(() -> guess(inside, TEXTS, HubColumns::isText))
                .orElseThrow(() -> new UnusableInputException(
                        "No column of " + files + " looks like texts: name it with --text-column; there are "
                                + String.join(", ", names(schema))));
        String truth = mask.map(name -> require(inside, last(name), files))
                .or(() -> guess(inside, MASKS, type -> true))
                .orElse(null);
        return new HubColumns(
                pictures, in, texts, truth, guess(inside, IDS, type -> true).orElse(null));
    }

    private static String guessImage(StructType schema, String files) {
        return guess(schema, IMAGES, HubColumns::isPicture)
                .or(() -> Arrays.stream(schema.fieldNames())
                        .filter(name -> isPicture(type(schema, name)))
                        .findFirst())
                .orElseThrow(() -> new UnusableInputException("No column of " + files
                        + " holds pictures (bytes, or a struct with bytes): name it with --image-column; there are "
                        + String.join(", ", names(schema))
                        + ". Copies without pictures are not read: import the official files"));
    }

    private interface Fits {
        boolean test(DataType type);
    }

    private static Optional<String> guess(StructType schema, List<String> names, Fits fits) {
        return names.stream()
                .filter(name -> schema.getFieldIndex(name).isDefined() && fits.test(type(schema, name)))
                .findFirst();
    }

    private static String require(StructType schema, String name, String files) {
        if (schema.getFieldIndex(name).isEmpty()) {
            throw new UnusableInputException(
                    "There is no column " + name + " in " + files + "; there are " + String.join(", ", names(schema)));
        }
        return name;
    }

    private static List<String> names(StructType schema) {
        List<String> names = new ArrayList<>();
        for (String name : schema.fieldNames()) {
            names.add(name);
            elements(schema, name).ifPresent(inside -> {
                for (String field : inside.fieldNames()) {
                    names.add(name + "." + field);
                }
            });
        }
        return names;
    }

    private static String last(String name) {
        return name.substring(name.indexOf('.') + 1);
    }

    private static DataType type(StructType schema, String name) {
        return schema.apply(name).dataType();
    }

    private static Optional<StructType> elements(StructType schema, String name) {
        return type(schema, name) instanceof ArrayType list && list.elementType() instanceof StructType struct
                ? Optional.of(struct)
                : Optional.empty();
    }

    private static boolean isPicture(DataType type) {
        return type instanceof BinaryType
                || type instanceof StructType struct
                        && struct.getFieldIndex("bytes").isDefined()
                        && type(struct, "bytes") instanceof BinaryType;
    }

    private static boolean isText(DataType type) {
        return type instanceof StringType
                || type instanceof ArrayType list
                        && (list.elementType() instanceof StringType
                                || list.elementType() instanceof StructType struct
                                        && struct.getFieldIndex("sent").isDefined());
    }
}
