package io.maskroute.job.run;

import static org.apache.spark.sql.functions.array_contains;
import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_set;
import static org.apache.spark.sql.functions.filter;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.row_number;

import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.predictions.PredictionSchema;
import io.maskroute.job.results.RunFolder;
import io.maskroute.job.results.WaveFolders;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.functions;

/**
 * Runs the failed prompts of a run folder again and puts what comes of it in their rows' place. First all of them run, into a
 * folder aside; then each wave that has some is written anew as its next generation, which replaces the older one at once. Cut
 * short at any point, every prompt still has one row, and the same command goes on.
 */
final class FailedPrompts {
    private static final String WAVE = "wave";
    private static final String RETRY = "retry";
    private static final String NUMBER = "number";
    private static final String REPLACED = "replaced";
    /** Of so many failed prompts the names fit every executor. */
    private static final long NAMES_FOR_ALL = 1_000_000;
    /** A row without the two names cannot be found again in the dataset; running it again could not help it either. */
    private static final Column WANTED = col("status")
            .equalTo(PredictionSchema.FAILED)
            .and(col("image_id").isNotNull())
            .and(col("prompt_id").isNotNull());

    private final SparkSession spark;
    private final RunFolder folder;
    private final WaveFolders folders;
    private final Dataset<Row> failed;

    FailedPrompts(SparkSession spark, RunFolder folder) {
        this.spark = spark;
        this.folder = folder;
        this.folders = folder.waves();
        this.failed = folders.readNumbered(spark, folders.committed().values())
                .filter(WANTED)
                .select("image_id", "prompt_id", WAVE);
    }

    long count() {
        return failed.count();
    }

    long images() {
        return failed.select("image_id").distinct().count();
    }

    /** @param count of them, from {@link #count} */
    void retry(InputDataset dataset, MapPartitionsFunction<Row, Row> segment, long fileBytes, long count) {
        folder.deleteRetries();
        List<Integer> waves = SparkSteps.named(
                spark.sparkContext(), "find the waves with failed prompts of " + dataset.path(), () -> failed.select(
                                WAVE)
                        .distinct()
                        .orderBy(WAVE)
                        .as(Encoders.INT())
                        .collectAsList());
        Dataset<Row> wanted = failed.groupBy(col("image_id").alias(RETRY + "_image"))
                .agg(collect_set("prompt_id").alias(RETRY));
        Column prompts = filter(
                col(DatasetSchema.PROMPTS),
                prompt -> array_contains(col(RETRY), prompt.getField(DatasetSchema.PROMPT_ID)));
        Dataset<Row> pictures = dataset.rows();
        Column[] columns = Stream.of(pictures.columns())
                .map(name -> name.equals(DatasetSchema.PROMPTS) ? prompts.alias(name) : col(name))
                .toArray(Column[]::new);
        SparkSteps.named(spark.sparkContext(), "run the failed prompts of " + dataset.path() + " again", () -> {
            // Spark knows the size of the predictions only, and would sort and send every picture of a large dataset.
            Dataset<Row> again = pictures.join(
                            count <= NAMES_FOR_ALL ? broadcast(wanted) : wanted,
                            col(DatasetSchema.IMAGE_ID).equalTo(col(RETRY + "_image")))
                    .select(columns)
                    .mapPartitions(segment, Encoders.row(PredictionSchema.struct()));
            numbered(again)
                    .join(numbered(failed), new String[] {"image_id", "prompt_id", NUMBER})
                    .drop(NUMBER)
                    .write()
                    .options(WaveFolders.attemptOfItsOwn())
                    .mode(SaveMode.Overwrite)
                    .partitionBy(WAVE)
                    .parquet(folder.retries());
            return null;
        });
        Dataset<Row> results = spark.read()
                .schema(PredictionSchema.struct().add(WAVE, "int"))
                .options(WaveFolders.AS_NAMED)
                .parquet(folder.retries());
        Map<Integer, WaveFolders.Wave> committed = folders.committed();
        for (int wave : waves) {
            WaveFolders.Wave old = committed.get(wave);
            Dataset<Row> again = results.filter(col(WAVE).equalTo(wave)).drop(WAVE);
            Dataset<Row> kept = kept(folders.read(spark, List.of(old)), again);
            SparkSteps.named(
                    spark.sparkContext(), "replace the failed rows of wave " + wave + " of " + dataset.path(), () -> {
                        folders.write(kept.unionByName(again), folders.wave(wave, old.generation() + 1), fileBytes);
                        return null;
                    });
        }
        folders.deleteReplaced();
        folder.deleteRetries();
    }

    /** All rows but as many failed ones of each prompt as take their place. */
    private static Dataset<Row> kept(Dataset<Row> wave, Dataset<Row> again) {
        String[] prompt = {"image_id", "prompt_id"};
        Dataset<Row> replaced = again.groupBy(col(prompt[0]), col(prompt[1]))
                .agg(functions.count(lit(1)).alias(REPLACED));
        Dataset<Row> left = numbered(wave.filter(WANTED))
                .join(replaced, prompt, "left")
                .filter(col(NUMBER).gt(coalesce(col(REPLACED), lit(0))))
                .drop(NUMBER, REPLACED);
        return wave.filter(not(WANTED)).unionByName(left);
    }

    /** Nothing keeps a dataset from naming two prompts alike: they are told apart by a number, from 1. */
    private static Dataset<Row> numbered(Dataset<Row> rows) {
        return rows.withColumn(
                NUMBER,
                row_number().over(Window.partitionBy("image_id", "prompt_id").orderBy(lit(0))));
    }
}
