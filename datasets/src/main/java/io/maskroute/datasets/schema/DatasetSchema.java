package io.maskroute.datasets.schema;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * The Parquet schema of a dataset: one row per image, its prompts nested in it, so that an image is stored once. Names are
 * public: notebooks and other tools are written against them.
 */
public final class DatasetSchema {
    public static final String IMAGE_ID = "image_id";
    public static final String IMAGE = "image";
    public static final String IMAGE_URI = "image_uri";
    public static final String PROMPTS = "prompts";
    public static final String SPLIT = "split";
    public static final String SOURCE = "source";
    public static final String LICENCE = "licence";

    public static final String PROMPT_ID = "prompt_id";
    public static final String TASK = "task";
    public static final String TEXTS = "texts";
    public static final String CLASS_SET = "class_set";
    public static final String REGIONS = "regions";
    public static final String TRUTH = "truth";

    public static final String KIND = "kind";
    public static final String COORDINATES = "coordinates";
    public static final String MASK = "mask";

    public static final String NO_TARGET = "no_target";
    public static final String MASKS = "masks";
    public static final String CATEGORY_ID = "category_id";
    public static final String IS_CROWD = "is_crowd";
    public static final String ANNOTATION_ID = "annotation_id";
    public static final String IGNORE = "ignore";
    public static final String AREA = "area";
    public static final String REGION = "region";

    public static final String SIZE = "size";
    public static final String COUNTS = "counts";

    private static final StructType RLE = new StructType(new StructField[] {
        required(SIZE, new ArrayType(DataTypes.IntegerType, false)), required(COUNTS, DataTypes.StringType)
    });

    private static final StructType REGION_STRUCT = new StructType(new StructField[] {
        required(KIND, DataTypes.StringType),
        optional(COORDINATES, new ArrayType(DataTypes.DoubleType, false)),
        optional(MASK, RLE),
        optional(IMAGE_ID, DataTypes.StringType)
    });

    private static final StructType TRUTH_MASK = new StructType(new StructField[] {
        required(MASK, RLE),
        optional(CATEGORY_ID, DataTypes.IntegerType),
        optional(IS_CROWD, DataTypes.BooleanType),
        optional(ANNOTATION_ID, DataTypes.LongType),
        optional(AREA, DataTypes.LongType),
        optional(REGION, DataTypes.IntegerType)
    });

    private static final StructType TRUTH_STRUCT = new StructType(new StructField[] {
        required(NO_TARGET, DataTypes.BooleanType),
        required(MASKS, new ArrayType(TRUTH_MASK, false)),
        optional(IGNORE, RLE)
    });

    private static final StructType PROMPT = new StructType(new StructField[] {
        required(PROMPT_ID, DataTypes.StringType),
        required(TASK, DataTypes.StringType),
        optional(TEXTS, new ArrayType(DataTypes.StringType, false)),
        optional(CLASS_SET, DataTypes.StringType),
        optional(REGIONS, new ArrayType(REGION_STRUCT, false)),
        optional(TRUTH, TRUTH_STRUCT)
    });

    private static final StructType STRUCT = new StructType(new StructField[] {
        required(IMAGE_ID, DataTypes.StringType),
        optional(IMAGE, DataTypes.BinaryType),
        optional(IMAGE_URI, DataTypes.StringType),
        required(PROMPTS, new ArrayType(PROMPT, false)),
        optional(SPLIT, DataTypes.StringType),
        optional(SOURCE, DataTypes.StringType),
        optional(LICENCE, DataTypes.StringType)
    });

    private DatasetSchema() {}

    /** The schema of a row, as {@link #toRow} fills it. */
    public static StructType struct() {
        return STRUCT;
    }

    /**
     * The schema that rows are read with, whoever wrote them: the columns of {@link #struct}, with every number as wide as a file may
     * have it. Those that may not be null may not be missing either.
     */
    public static StructType reading() {
        return (StructType) reading(STRUCT);
    }

    private static DataType reading(DataType type) {
        if (type instanceof StructType struct) {
            return new StructType(Stream.of(struct.fields())
                    .map(field -> new StructField(
                            field.name(),
                            reading(field.dataType()),
                            // A truth that does not say so has a target.
                            field.nullable() || field.name().equals(NO_TARGET),
                            field.metadata()))
                    .toArray(StructField[]::new));
        }
        if (type instanceof ArrayType list) {
            return new ArrayType(reading(list.elementType()), true);
        }
        return type.equals(DataTypes.IntegerType) ? DataTypes.LongType : type;
    }

    /** The schema of a mask: COCO's compressed run-length encoding, column-major; predictions use the same. */
    public static StructType rle() {
        return RLE;
    }

    /** The row in the column order of {@link #struct()}; {@link ImageRowReader} reads it back. */
    public static Row toRow(ImageRow image) {
        List<Row> prompts = new ArrayList<>(image.prompts().size());
        for (PromptRow prompt : image.prompts()) {
            prompts.add(toRow(prompt));
        }
        return RowFactory.create(
                image.imageId(),
                image.image(),
                image.imageUri(),
                prompts.toArray(Row[]::new),
                image.split(),
                image.source(),
                image.licence());
    }

    /** The struct of {@link #rle()}. */
    public static Row toRow(EncodedMask mask) {
        return RowFactory.create(mask.size().toArray(Integer[]::new), mask.counts());
    }

    private static Row toRow(PromptRow prompt) {
        return RowFactory.create(
                prompt.promptId(),
                prompt.task(),
                prompt.texts().toArray(String[]::new),
                prompt.classSet(),
                prompt.regions().stream().map(DatasetSchema::toRow).toArray(Row[]::new),
                prompt.truth() == null ? null : toRow(prompt.truth()));
    }

    private static Row toRow(Region region) {
        return RowFactory.create(
                region.kind(),
                region.coordinates().toArray(Double[]::new),
                region.mask() == null ? null : toRow(region.mask()),
                region.imageId());
    }

    private static Row toRow(Truth truth) {
        Row[] masks = truth.masks().stream()
                .map(mask -> RowFactory.create(
                        toRow(mask.mask()),
                        mask.categoryId(),
                        mask.isCrowd(),
                        mask.annotationId(),
                        mask.area(),
                        mask.region()))
                .toArray(Row[]::new);
        return RowFactory.create(truth.noTarget(), masks, truth.ignore() == null ? null : toRow(truth.ignore()));
    }

    private static StructField required(String name, DataType type) {
        return new StructField(name, type, false, Metadata.empty());
    }

    private static StructField optional(String name, DataType type) {
        return new StructField(name, type, true, Metadata.empty());
    }
}
