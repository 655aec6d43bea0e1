package io.maskroute.datasets.schema;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.error.UnusableInputException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructType;

/**
 * Turns Spark rows into {@link ImageRow}s. Columns are looked up once, in {@link #of}; reading a row is by index alone.
 *
 * <p>Datasets written by other tools are welcome: extra columns are ignored, optional ones may be missing, nullability does
 * not matter, integers may be of any width, floats of either, {@code counts} may be bytes (as pycocotools gives them), and a
 * column without any value may have no type (as pyarrow writes it).
 */
public final class ImageRowReader implements Serializable {
    private static final int ABSENT = -1;

    private final int imageId;
    private final int image;
    private final int imageUri;
    private final int prompts;
    private final int split;
    private final int source;
    private final int licence;
    private final PromptColumns promptColumns;
    private final List<Untyped> untyped;
    private final RepeatedNames repeated;

    private ImageRowReader(Columns top, RepeatedNames repeated) {
        this.repeated = repeated;
        imageId = top.required(DatasetSchema.IMAGE_ID, DataTypes.StringType);
        image = top.optional(DatasetSchema.IMAGE, DataTypes.BinaryType);
        imageUri = top.optional(DatasetSchema.IMAGE_URI, DataTypes.StringType);
        prompts = top.require(DatasetSchema.PROMPTS);
        promptColumns = new PromptColumns(top.elements(DatasetSchema.PROMPTS));
        split = top.optional(DatasetSchema.SPLIT, DataTypes.StringType);
        source = top.optional(DatasetSchema.SOURCE, DataTypes.StringType);
        licence = top.optional(DatasetSchema.LICENCE, DataTypes.StringType);
        untyped = top.untyped();
    }

    /**
     * @param schema of the rows to be read; it may be a selection of the columns, such as one without {@code image}
     * @param dataset what the message calls it, such as its path
     * @throws UnusableInputException when a required column is missing or a column has another type
     */
    public static ImageRowReader of(StructType schema, String dataset) {
        return of(schema, dataset, RepeatedNames.NONE);
    }

    /**
     * @param repeated prompts of these names, or of pictures of these, cannot be used
     * @throws UnusableInputException as {@link #of(StructType, String)}
     */
    public static ImageRowReader of(StructType schema, String dataset, RepeatedNames repeated) {
        return new ImageRowReader(new Columns(schema, "", dataset), repeated);
    }

    /**
     * Reads what is there: what may not be missing is for {@link ImageRow#requireUsable()} and
     * {@link PromptRow#requireUsable()} to say, so that one bad prompt does not take its neighbours with it. So is what
     * cannot be read of a prompt: a null in a list, or a number that does not fit its type.
     *
     * @throws RowFailure at stage {@code read} when a column of the row itself has another type
     */
    public ImageRow read(Row row) throws RowFailure {
        requireEmpty(untyped, row);
        List<PromptRow> read = new ArrayList<>();
        if (present(row, prompts)) {
            for (Row prompt : row.<Row>getList(prompts)) {
                read.add(prompt == null ? PromptRow.unreadable(nullElement()) : promptColumns.read(prompt));
            }
        }
        String name = text(row, imageId);
        if (!repeated.equals(RepeatedNames.NONE)) {
            read.replaceAll(prompt -> requireUnique(name, prompt));
        }
        return new ImageRow(
                name,
                present(row, image) ? (byte[]) row.get(image) : null,
                text(row, imageUri),
                read,
                text(row, split),
                text(row, source),
                text(row, licence));
    }

    private PromptRow requireUnique(String image, PromptRow prompt) {
        if (image != null && repeated.imageIds().contains(image)) {
            return prompt.unusable(new RowFailure(
                    Stage.READ,
                    "duplicate-image-id",
                    "the dataset has more than one row with the image_id " + image + ": give each its own"));
        }
        if (prompt.promptId() != null && repeated.promptIds().contains(prompt.promptId())) {
            return prompt.unusable(new RowFailure(
                    Stage.READ,
                    "duplicate-prompt-id",
                    "the dataset has more than one prompt with the prompt_id " + prompt.promptId()
                            + ": give each its own"));
        }
        return prompt;
    }

    private static final class PromptColumns implements Serializable {
        private final int promptId;
        private final int task;
        private final int texts;
        private final int classSet;
        private final int regions;
        private final int truth;
        private final RegionColumns regionColumns;
        private final TruthColumns truthColumns;
        private final List<Untyped> untyped;

        PromptColumns(Columns columns) {
            promptId = columns.required(DatasetSchema.PROMPT_ID, DataTypes.StringType);
            task = columns.required(DatasetSchema.TASK, DataTypes.StringType);
            texts = columns.optionalArray(DatasetSchema.TEXTS, DataTypes.StringType);
            classSet = columns.optional(DatasetSchema.CLASS_SET, DataTypes.StringType);
            regions = columns.findStructs(DatasetSchema.REGIONS);
            regionColumns = regions == ABSENT ? null : new RegionColumns(columns.elements(DatasetSchema.REGIONS));
            truth = columns.findStruct(DatasetSchema.TRUTH);
            truthColumns = truth == ABSENT ? null : new TruthColumns(columns.inside(DatasetSchema.TRUTH));
            untyped = columns.untyped();
        }

        PromptRow read(Row row) {
            Attempt attempt = new Attempt();
            attempt.read(() -> requireEmpty(untyped, row), null);
            List<String> readTexts = attempt.read(() -> elements(row, texts), List.of());
            List<Region> readRegions = attempt.read(() -> regions(row), List.of());
            Truth readTruth =
                    attempt.read(() -> present(row, truth) ? truthColumns.read(row.getStruct(truth)) : null, null);
            return new PromptRow(
                    text(row, promptId),
                    text(row, task),
                    readTexts,
                    text(row, classSet),
                    readRegions,
                    readTruth,
                    attempt.failure);
        }

        private List<Region> regions(Row row) throws RowFailure {
            List<Region> read = new ArrayList<>();
            for (Row region : structs(row, regions)) {
                read.add(regionColumns.read(region));
            }
            return read;
        }
    }

    /** Reads a prompt part by part, whatever the others hold: one that cannot be asked is still scored by its truth. */
    private static final class Attempt {
        private RowFailure failure;

        private interface Part<T> {
            T read() throws RowFailure;
        }

        <T> T read(Part<T> part, T otherwise) {
            try {
                return part.read();
            } catch (RowFailure e) {
                failure = failure == null ? e : failure;
                return otherwise;
            }
        }
    }

    private static final class RegionColumns implements Serializable {
        private final int kind;
        private final int coordinates;
        private final int mask;
        private final int imageId;
        private final MaskColumns maskColumns;
        private final List<Untyped> untyped;

        RegionColumns(Columns columns) {
            kind = columns.required(DatasetSchema.KIND, DataTypes.StringType);
            coordinates = columns.optionalArray(DatasetSchema.COORDINATES, DataTypes.DoubleType);
            mask = columns.findStruct(DatasetSchema.MASK);
            maskColumns = mask == ABSENT ? null : new MaskColumns(columns.inside(DatasetSchema.MASK));
            imageId = columns.optional(DatasetSchema.IMAGE_ID, DataTypes.StringType);
            untyped = columns.untyped();
        }

        Region read(Row row) throws RowFailure {
            requireEmpty(untyped, row);
            List<Double> numbers = new ArrayList<>();
            for (Number number : ImageRowReader.<Number>elements(row, coordinates)) {
                numbers.add(number.doubleValue());
            }
            return new Region(
                    text(row, kind),
                    numbers,
                    present(row, mask) ? maskColumns.read(row.getStruct(mask)) : null,
                    text(row, imageId));
        }
    }

    private static final class TruthColumns implements Serializable {
        private final int noTarget;
        private final int masks;
        private final int ignore;
        private final TruthMaskColumns maskColumns;
        private final MaskColumns ignoreColumns;
        private final List<Untyped> untyped;

        TruthColumns(Columns columns) {
            noTarget = columns.optional(DatasetSchema.NO_TARGET, DataTypes.BooleanType);
            masks = columns.require(DatasetSchema.MASKS);
            maskColumns = columns.findStructs(DatasetSchema.MASKS) == ABSENT
                    ? null
                    : new TruthMaskColumns(columns.elements(DatasetSchema.MASKS));
            ignore = columns.findStruct(DatasetSchema.IGNORE);
            ignoreColumns = ignore == ABSENT ? null : new MaskColumns(columns.inside(DatasetSchema.IGNORE));
            untyped = columns.untyped();
        }

        /** Null, as for a prompt without truth, where the struct is there but says nothing. */
        Truth read(Row row) throws RowFailure {
            requireEmpty(untyped, row);
            if (!present(row, noTarget) && !present(row, masks)) {
                return null;
            }
            List<TruthMask> read = new ArrayList<>();
            if (maskColumns != null) {
                for (Row element : structs(row, masks)) {
                    read.add(maskColumns.read(element));
                }
            }
            boolean none = present(row, noTarget) && row.getBoolean(noTarget);
            if (none && !read.isEmpty()) {
                throw badValue("the truth has no_target and " + read.size() + " masks");
            }
            return new Truth(none, read, present(row, ignore) ? ignoreColumns.read(row.getStruct(ignore)) : null);
        }
    }

    private static final class TruthMaskColumns implements Serializable {
        private final int mask;
        private final int categoryId;
        private final int isCrowd;
        private final int annotationId;
        private final int area;
        private final int region;
        private final MaskColumns maskColumns;
        private final List<Untyped> untyped;

        TruthMaskColumns(Columns columns) {
            mask = columns.require(DatasetSchema.MASK);
            maskColumns = new MaskColumns(columns.inside(DatasetSchema.MASK));
            categoryId = columns.optional(DatasetSchema.CATEGORY_ID, DataTypes.IntegerType);
            isCrowd = columns.optional(DatasetSchema.IS_CROWD, DataTypes.BooleanType);
            annotationId = columns.optional(DatasetSchema.ANNOTATION_ID, DataTypes.LongType);
            area = columns.optional(DatasetSchema.AREA, DataTypes.LongType);
            region = columns.optional(DatasetSchema.REGION, DataTypes.IntegerType);
            untyped = columns.untyped();
        }

        TruthMask read(Row row) throws RowFailure {
            requireEmpty(untyped, row);
            if (!present(row, mask)) {
                throw badValue("a truth mask is null");
            }
            return new TruthMask(
                    maskColumns.read(row.getStruct(mask)),
                    present(row, categoryId) ? toInt((Number) row.get(categoryId)) : null,
                    present(row, isCrowd) && row.getBoolean(isCrowd),
                    present(row, annotationId) ? ((Number) row.get(annotationId)).longValue() : null,
                    present(row, area) ? ((Number) row.get(area)).longValue() : null,
                    present(row, region) ? toInt((Number) row.get(region)) : null);
        }
    }

    private static final class MaskColumns implements Serializable {
        private final int size;
        private final int counts;

        MaskColumns(Columns columns) {
            size = columns.requiredArray(DatasetSchema.SIZE, DataTypes.IntegerType);
            counts = columns.requiredTextOrBytes(DatasetSchema.COUNTS);
        }

        EncodedMask read(Row row) throws RowFailure {
            List<Integer> heightWidth = new ArrayList<>(2);
            for (Number number : ImageRowReader.<Number>elements(row, size)) {
                heightWidth.add(toInt(number));
            }
            Object text = row.get(counts);
            return new EncodedMask(
                    heightWidth,
                    text instanceof byte[] bytes ? new String(bytes, StandardCharsets.ISO_8859_1) : (String) text);
        }
    }

    /**
     * A column whose type a column without values has in Parquet, where another is expected: it may hold nothing.
     *
     * @param reason the message for one that does
     */
    private record Untyped(int column, boolean list, String reason) implements Serializable {
        boolean holdsNothing(Row row) {
            return row.isNullAt(column) || (list && row.getList(column).isEmpty());
        }
    }

    /** Gives null, so that it can be tried like a part that is read. */
    private static Void requireEmpty(List<Untyped> columns, Row row) throws RowFailure {
        for (Untyped column : columns) {
            if (!column.holdsNothing(row)) {
                throw badValue(column.reason());
            }
        }
        return null;
    }

    private static boolean present(Row row, int column) {
        return column != ABSENT && !row.isNullAt(column);
    }

    private static String text(Row row, int column) {
        return present(row, column) ? row.getString(column) : null;
    }

    private static List<Row> structs(Row row, int column) throws RowFailure {
        return elements(row, column);
    }

    private static <T> List<T> elements(Row row, int column) throws RowFailure {
        if (!present(row, column)) {
            return List.of();
        }
        List<T> list = row.getList(column);
        for (T element : list) {
            if (element == null) {
                throw nullElement();
            }
        }
        return list;
    }

    /** What a null in a list makes of its prompt. */
    public static RowFailure nullElement() {
        return badValue("a list holds a null element");
    }

    private static int toInt(Number number) throws RowFailure {
        if (number.longValue() != number.intValue()) {
            throw badValue(number + " does not fit a 32-bit integer");
        }
        return number.intValue();
    }

    private static RowFailure badValue(String message) {
        return new RowFailure(Stage.READ, "bad-value", message);
    }

    /** Finds the columns of one struct; the path is for messages. */
    private static final class Columns {
        private final StructType schema;
        private final String path;
        private final String dataset;
        private final List<Untyped> untyped = new ArrayList<>();

        Columns(StructType schema, String path, String dataset) {
            this.schema = schema;
            this.path = path;
            this.dataset = dataset;
        }

        /** Of the columns asked for so far. */
        List<Untyped> untyped() {
            return List.copyOf(untyped);
        }

        private int find(String name) {
            int index = schema.getFieldIndex(name).isDefined() ? schema.fieldIndex(name) : ABSENT;
            return index != ABSENT && type(index).equals(DataTypes.NullType) ? ABSENT : index;
        }

        int findStruct(String name) {
            int index = find(name);
            return index != ABSENT && isUntyped(type(index)) ? untyped(name, index, "struct") : index;
        }

        int findStructs(String name) {
            int index = find(name);
            return index != ABSENT && isUntypedList(type(index)) ? untyped(name, index, "array<struct>") : index;
        }

        private int untyped(String name, int index, String expected) {
            untyped.add(new Untyped(index, type(index) instanceof ArrayType, typeMessage(name, type(index), expected)));
            return ABSENT;
        }

        /** pyarrow writes a column of nulls as int32 with an annotation that Spark's Parquet does not know. */
        private static boolean isUntyped(DataType found) {
            return found.equals(DataTypes.IntegerType);
        }

        private static boolean isUntypedList(DataType found) {
            return isUntyped(found)
                    || (found instanceof ArrayType array
                            && (isUntyped(array.elementType())
                                    || array.elementType().equals(DataTypes.NullType)));
        }

        int require(String name) {
            int index = find(name);
            if (index == ABSENT) {
                throw new UnusableInputException(dataset + " is not a maskroute dataset: the column " + path + name
                        + " is missing (found: " + String.join(", ", schema.fieldNames()) + ")");
            }
            return index;
        }

        int optional(String name, DataType expected) {
            int index = find(name);
            if (index == ABSENT || fits(type(index), expected)) {
                return index;
            }
            if (isUntyped(type(index))) {
                return untyped(name, index, expected.simpleString());
            }
            throw wrongType(name, type(index), expected.simpleString());
        }

        int required(String name, DataType expected) {
            int index = require(name);
            if (!fits(type(index), expected)) {
                throw wrongType(name, type(index), expected.simpleString());
            }
            return index;
        }

        int optionalArray(String name, DataType element) {
            int index = find(name);
            if (index == ABSENT || fitsArray(type(index), element)) {
                return index;
            }
            if (isUntypedList(type(index))) {
                return untyped(name, index, "array<" + element.simpleString() + ">");
            }
            throw wrongType(name, type(index), "array<" + element.simpleString() + ">");
        }

        int requiredArray(String name, DataType element) {
            int index = require(name);
            if (!fitsArray(type(index), element)) {
                throw wrongType(name, type(index), "array<" + element.simpleString() + ">");
            }
            return index;
        }

        private static boolean fitsArray(DataType found, DataType element) {
            return found instanceof ArrayType array && fits(array.elementType(), element);
        }

        int requiredTextOrBytes(String name) {
            int index = require(name);
            return type(index).equals(DataTypes.BinaryType) ? index : required(name, DataTypes.StringType);
        }

        Columns inside(String name) {
            int index = require(name);
            if (type(index) instanceof StructType struct) {
                return new Columns(struct, path + name + ".", dataset);
            }
            throw wrongType(name, type(index), "struct");
        }

        Columns elements(String name) {
            int index = require(name);
            if (type(index) instanceof ArrayType array && array.elementType() instanceof StructType struct) {
                return new Columns(struct, path + name + "[].", dataset);
            }
            throw wrongType(name, type(index), "array<struct>");
        }

        private DataType type(int index) {
            return schema.fields()[index].dataType();
        }

        private static boolean fits(DataType found, DataType expected) {
            if (expected.equals(DataTypes.IntegerType) || expected.equals(DataTypes.LongType)) {
                return isInteger(found);
            }
            if (expected.equals(DataTypes.DoubleType)) {
                return found instanceof NumericType;
            }
            return found.equals(expected);
        }

        private static boolean isInteger(DataType type) {
            return type.equals(DataTypes.ByteType)
                    || type.equals(DataTypes.ShortType)
                    || type.equals(DataTypes.IntegerType)
                    || type.equals(DataTypes.LongType);
        }

        private UnusableInputException wrongType(String name, DataType found, String expected) {
            return new UnusableInputException(
                    dataset + " is not a maskroute dataset: " + typeMessage(name, found, expected));
        }

        private String typeMessage(String name, DataType found, String expected) {
            return "the column " + path + name + " has the type " + found.simpleString() + ", expected " + expected;
        }
    }
}
