package io.maskroute.job.results;

import static io.maskroute.datasets.parquet.WantedColumns.identifier;
import static io.maskroute.datasets.parquet.WantedColumns.list;
import static io.maskroute.datasets.parquet.WantedColumns.matching;
import static io.maskroute.datasets.parquet.WantedColumns.optional;
import static io.maskroute.datasets.parquet.WantedColumns.required;
import static io.maskroute.datasets.parquet.WantedColumns.struct;
import static org.apache.spark.sql.functions.col;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.parquet.DataFile;
import io.maskroute.datasets.parquet.ParquetFolder;
import io.maskroute.datasets.parquet.ParquetTable;
import io.maskroute.datasets.parquet.WantedColumns;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.job.commit.GroupLog;
import io.maskroute.job.commit.GroupManifest;
import io.maskroute.job.commit.GroupManifest.PredictionFile;
import io.maskroute.job.predictions.PredictionSchema;
import io.maskroute.job.predictions.StoredPrediction;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.datasources.DataSource;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The predictions of a folder: a run's committed rows, or those of any tool in Parquet files. All that reads predictions stands on
 * this: {@link #rows} for Spark's aggregates, {@link #predictions} and {@link #stream} row by row.
 */
public final class PredictionTable {
    private static final Logger LOG = LoggerFactory.getLogger(PredictionTable.class);

    /** What is read of another tool's. Whatever it may have under the names that are only matched in another form is its own affair. */
    private static final WantedColumns FOREIGN = new WantedColumns(
            struct(
                    identifier("prompt_id"),
                    required("status", DataTypes.StringType),
                    required(
                            "masks",
                            list(struct(
                                    required(
                                            "mask",
                                            struct(
                                                    optional(DatasetSchema.SIZE, list(DataTypes.LongType)),
                                                    optional(DatasetSchema.COUNTS, DataTypes.StringType))),
                                    optional("score", DataTypes.DoubleType),
                                    matching("category_id", DataTypes.LongType),
                                    matching("category", DataTypes.StringType),
                                    matching("region", DataTypes.LongType)))),
                    matching("image_id", DataTypes.StringType),
                    matching("image_name", DataTypes.StringType),
                    matching("image_height", DataTypes.LongType),
                    matching("image_width", DataTypes.LongType),
                    matching("task", DataTypes.StringType),
                    matching("class_set", DataTypes.StringType),
                    matching("texts", list(DataTypes.StringType)),
                    matching("error", all(DataTypes.StringType, "stage", "kind", "message")),
                    matching("flops", all(DataTypes.LongType, "llm", "llm_dense", "vision", "decoder", "llm_alone")),
                    matching(
                            "latency",
                            all(
                                    DataTypes.DoubleType,
                                    Stream.concat(PredictionSchema.STAGES.stream(), Stream.of(RunSummary.TOTAL))
                                            .map(stage -> stage + "_ms")
                                            .toArray(String[]::new)))),
            "holds no predictions");

    /** For {@code spark.read}: the path is one, and no pattern. */
    private static final Map<String, String> AS_NAMED = Map.of(DataSource.GLOB_PATHS_KEY(), "false");

    private final Dataset<Row> rows;
    private final Predicate<String> has;

    private PredictionTable(Dataset<Row> rows, Predicate<String> has) {
        this.rows = rows;
        this.has = has;
    }

    private static StructType all(DataType type, String... names) {
        return new StructType(Stream.of(names).map(name -> optional(name, type)).toArray(StructField[]::new));
    }

    /**
     * Opens a folder of predictions: a run folder, or the Parquet files themselves.
     *
     * @throws UnusableInputException when there are none, or they lack {@code prompt_id}, {@code status} or {@code masks}
     */
    public static PredictionTable open(SparkSession spark, RunFolder folder) {
        List<GroupManifest> entries = folder.groups().refresh();
        if (entries.isEmpty()) {
            if (!folder.has(RunFolder.RUN)) {
                return foreign(spark, folder);
            }
            if (folder.isOfBeforeGroups() && folder.has(RunFolder.SUMMARY)) {
                return whole(spark, folder);
            }
            throw new UnusableInputException("no group in " + folder + " is complete yet");
        }
        List<PredictionFile> live = GroupLog.live(entries);
        PredictionFiles places = folder.predictionFiles();
        if (live.isEmpty() || places.showsJust(live)) {
            return whole(spark, folder);
        }
        // A driver is at work, or was cut short between committing files and showing them.
        return of(spark, places.located(live));
    }

    /** All that every reader of Parquet finds. */
    private static PredictionTable whole(SparkSession spark, RunFolder folder) {
        Column[] columns = Stream.of(PredictionSchema.struct().fieldNames())
                .map(name -> col(name))
                .toArray(Column[]::new);
        return new PredictionTable(
                spark.read()
                        .schema(PredictionSchema.struct())
                        .options(AS_NAMED)
                        .parquet(folder.predictions())
                        .select(columns),
                column -> true);
    }

    private static PredictionTable foreign(SparkSession spark, RunFolder folder) {
        String path = folder.has(RunFolder.PREDICTIONS) ? folder.predictions() : folder.toString();
        ParquetFolder files;
        try {
            files = ParquetFolder.list(path, folder.hadoop());
        } catch (IOException e) {
            throw new UnusableInputException("there are no predictions in " + path + ": " + Reason.of(e), e);
        }
        files.passedOver().ifPresent(what -> LOG.warn("Of the predictions {} are passed over: {}", path, what));
        if (files.files().isEmpty()) {
            throw new UnusableInputException("there are no predictions in " + path + ": it holds no Parquet files (*"
                    + ParquetFolder.ENDING + ")"
                    + files.passedOver().map(what -> " but " + what).orElse(""));
        }
        return of(spark, files.files());
    }

    private static PredictionTable of(SparkSession spark, List<DataFile> files) {
        ParquetTable table = ParquetTable.open(spark, files, FOREIGN);
        return new PredictionTable(table.frame(FOREIGN), table::has);
    }

    /** One per prompt, with at least those columns that scoring reads; null where there is nothing. */
    public Dataset<Row> rows() {
        return rows;
    }

    /** Row by row, on the executors. Of an earlier version's run, what it did not write is null. */
    public JavaRDD<StoredPrediction> predictions() {
        return rows.select(Stream.of(StoredPrediction.COLUMNS)
                        .map(name -> col(name))
                        .toArray(Column[]::new))
                .javaRDD()
                .map(StoredPrediction::of);
    }

    /** The same on the driver, which holds one partition at a time. */
    public Stream<StoredPrediction> stream() {
        return StreamSupport.stream(
                Spliterators.spliteratorUnknownSize(predictions().toLocalIterator(), Spliterator.ORDERED), false);
    }

    /** Whether some file has the column; the path is such as {@code masks[].score}. */
    boolean has(String column) {
        return has.test(column);
    }
}
