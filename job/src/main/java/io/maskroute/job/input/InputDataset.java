package io.maskroute.job.input;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.ImageRowReader;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * A dataset, opened and checked, but not yet read.
 *
 * @param rows one per image
 * @param reader of those rows
 */
public record InputDataset(String path, DatasetManifest manifest, Dataset<Row> rows, ImageRowReader reader) {
    private static final String ENDING = ".parquet";
    private static final String FILES = "*" + ENDING;
    /** For {@code spark.read} and {@code readStream}: pictures that rows refer to may lie in the same folder. */
    public static final Map<String, String> READING = Map.of("pathGlobFilter", FILES);

    private static final List<String> COLUMNS =
            List.of(DatasetSchema.IMAGE_ID, DatasetSchema.IMAGE, DatasetSchema.IMAGE_URI, DatasetSchema.PROMPTS);

    /** Whether a file of the dataset's folder holds rows, by its name as {@link #READING} has it. */
    public static boolean isPart(Path file) {
        return file.getName().endsWith(ENDING);
    }

    /** How much there is to do. */
    public record Counts(long images, long imagesWithoutPrompts, long prompts) {}

    /**
     * @throws UnusableInputException when there are no Parquet files or their columns are not a dataset's
     */
    public static InputDataset open(SparkSession spark, String path, DatasetManifest manifest) {
        Dataset<Row> all;
        try {
            all = spark.read().options(READING).parquet(path);
        } catch (Exception e) {
            // Declared nowhere, for it comes from Scala.
            if (e instanceof AnalysisException) {
                throw new UnusableInputException("the dataset " + path + " holds no Parquet files (" + FILES + ")", e);
            }
            throw e;
        }
        ImageRowReader.of(all.schema(), path);
        List<String> present = Arrays.asList(all.schema().fieldNames());
        Dataset<Row> rows = all.select(
                COLUMNS.stream().filter(present::contains).map(c -> col(c)).toArray(Column[]::new));
        return new InputDataset(path, manifest, rows, ImageRowReader.of(rows.schema(), path));
    }

    public Counts counts() {
        // Asked of the nested ids, so that Spark reads that one column of the prompts and no masks.
        Column prompts = size(
                coalesce(col(DatasetSchema.PROMPTS + "." + DatasetSchema.PROMPT_ID), array().cast("array<string>")));
        Row row = rows.select(prompts.alias("prompts"))
                .agg(
                        count(lit(1)),
                        coalesce(sum(when(col("prompts").equalTo(0), 1).otherwise(0)), lit(0L)),
                        coalesce(sum(col("prompts")), lit(0L)))
                .first();
        return new Counts(row.getLong(0), row.getLong(1), row.getLong(2));
    }
}
