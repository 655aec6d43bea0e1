package io.maskroute.job.predictions;

import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.EncodedMask;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import org.apache.spark.sql.Row;

/**
 * A row of predictions read back: what scoring, reports and exports need of it. Any value may be null, in a row of another tool or
 * of an earlier version.
 *
 * @param imageName as in {@link Prediction.Question}
 * @param height of the picture as decoded, in pixels
 * @param width likewise
 * @param texts empty where there are none
 * @param status {@code ok} or {@code failed}; another tool may have written anything
 * @param error why it failed
 * @param masks as stored, a run's best first; null where another tool wrote null
 */
public record StoredPrediction(
        String imageId,
        String imageName,
        Integer height,
        Integer width,
        String promptId,
        String task,
        String classSet,
        List<String> texts,
        String status,
        Error error,
        List<Mask> masks)
        implements Serializable {
    /** The columns of a row that {@link #of} takes, by name. */
    public static final String[] COLUMNS = {
        "image_id",
        "image_name",
        "image_height",
        "image_width",
        "prompt_id",
        "task",
        "class_set",
        "texts",
        "status",
        "error",
        "masks"
    };

    /** Each as in {@link io.maskroute.core.error.RowFailure}. */
    public record Error(String stage, String kind, String message) implements Serializable {}

    /**
     * @param mask may be no mask at all: see {@link EncodedMask#decode}
     * @param score null for none, which NaN is, too
     */
    public record Mask(EncodedMask mask, Double score, Integer categoryId, String category, Integer region)
            implements Serializable {}

    /** @param row with the {@link #COLUMNS}, whole numbers as int or bigint, others as float or double */
    public static StoredPrediction of(Row row) {
        Row error = row.getAs("error");
        List<Row> masks = list(row, "masks");
        List<String> texts = list(row, "texts");
        return new StoredPrediction(
                row.getAs("image_id"),
                row.getAs("image_name"),
                integer(row, "image_height"),
                integer(row, "image_width"),
                row.getAs("prompt_id"),
                row.getAs("task"),
                row.getAs("class_set"),
                texts == null
                        ? List.of()
                        : texts.stream().filter(Objects::nonNull).toList(),
                row.getAs("status"),
                error == null ? null : new Error(error.getAs("stage"), error.getAs("kind"), error.getAs("message")),
                masks == null
                        ? null
                        : masks.stream().map(StoredPrediction::mask).toList());
    }

    public boolean isOk() {
        return PredictionSchema.OK.equals(status);
    }

    private static Mask mask(Row row) {
        Row rle = row == null ? null : row.getAs("mask");
        return row == null
                ? new Mask(new EncodedMask(List.of(), null), null, null, null, null)
                : new Mask(
                        encoded(rle),
                        score(row.getAs("score")),
                        integer(row, "category_id"),
                        row.getAs("category"),
                        integer(row, "region"));
    }

    private static EncodedMask encoded(Row rle) {
        List<? extends Number> size = rle == null ? null : list(rle, DatasetSchema.SIZE);
        return new EncodedMask(
                size == null || size.contains(null)
                        ? List.of()
                        : size.stream().map(Number::intValue).toList(),
                rle == null ? null : rle.getAs(DatasetSchema.COUNTS));
    }

    /**
     * A mask's score as somebody wrote it. Null for none, which NaN is, too: pandas writes a missing number so, and a model in 16
     * bits may give it. No comparison knows what to do with it: whatever is asked of it is false.
     */
    public static Double score(Number stored) {
        return stored == null || Double.isNaN(stored.doubleValue()) ? null : stored.doubleValue();
    }

    private static Integer integer(Row row, String column) {
        Number value = row.getAs(column);
        return value == null ? null : value.intValue();
    }

    private static <T> List<T> list(Row row, String column) {
        int at = row.fieldIndex(column);
        return row.isNullAt(at) ? null : row.getList(at);
    }
}
