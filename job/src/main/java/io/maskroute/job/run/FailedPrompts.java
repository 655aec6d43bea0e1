package io.maskroute.job.run;

import static org.apache.spark.sql.functions.array_contains;
import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_set;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.filter;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.row_number;

import io.maskroute.datasets.parquet.DataFile;
import io.maskroute.datasets.parquet.ParquetTable;
import io.maskroute.datasets.parquet.RowSlice;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.job.commit.GroupLog;
import io.maskroute.job.commit.GroupManifest;
import io.maskroute.job.commit.GroupManifest.PredictionFile;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.predictions.PredictionSchema;
import io.maskroute.job.results.PredictionFiles;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.functions;

/**
 * Runs the failed prompts of a run again. For some groups at a time, their failed prompts run, and the files that held the failures
 * are written anew with what came of it; an entry in the log puts the new ones in the place of the old ones at once. Cut short at
 * any point, every prompt has one row, and the same command goes on.
 */
final class FailedPrompts {
    private static final String RETRY = "retry";
    private static final String NUMBER = "number";
    private static final String REPLACED = "replaced";
    /** Names of so many fit every executor. */
    private static final long AT_A_TIME = 100_000;
    /** A row without the two names cannot be found again in the dataset; running it again could not help it either. */
    private static final Column WANTED = col("status")
            .equalTo(PredictionSchema.FAILED)
            .and(col("image_id").isNotNull())
            .and(col("prompt_id").isNotNull());

    private final SparkSession spark;
    private final PredictionFiles places;
    /** Files with failures, by the entry that they came in. */
    private final Map<GroupManifest, List<PredictionFile>> affected = new LinkedHashMap<>();

    private final Map<String, GroupManifest> origins = new HashMap<>();

    /** How many prompts are to run again, of how many pictures. */
    record Counts(long prompts, long images) {}

    /** Puts files in the place of others. */
    interface Replacement {
        /**
         * @param files that tasks have written
         * @param replaced paths of those that they take the place of
         */
        void of(List<WrittenFile> files, List<String> replaced);
    }

    FailedPrompts(SparkSession spark, PredictionFiles places, List<GroupManifest> entries) {
        this.spark = spark;
        this.places = places;
        for (GroupManifest entry : entries) {
            entry.files().forEach(file -> origins.put(file.path(), entry));
        }
        for (PredictionFile file : GroupLog.live(entries)) {
            if (file.failed() > 0) {
                affected.computeIfAbsent(origins.get(file.path()), entry -> new ArrayList<>())
                        .add(file);
            }
        }
    }

    Counts count() {
        List<PredictionFile> all =
                affected.values().stream().flatMap(List::stream).toList();
        if (all.isEmpty()) {
            return new Counts(0, 0);
        }
        Row counts = rows(all, "image_id", "prompt_id", "status")
                .filter(WANTED)
                .agg(functions.count(lit(1)), countDistinct(col("image_id")))
                .first();
        return new Counts(counts.getLong(0), counts.getLong(1));
    }

    private Dataset<Row> rows(List<PredictionFile> files, String... columns) {
        return frame(places.located(files), columns);
    }

    private Dataset<Row> frame(List<DataFile> files, String... columns) {
        ParquetTable table = ParquetTable.open(spark, files, PredictionSchema.reading());
        return table.frame(
                columns.length == 0
                        ? PredictionSchema.reading()
                        : PredictionSchema.reading().only(columns));
    }

    /** @param writing of rows, for files that do not count yet */
    void retry(InputDataset dataset, SegmentPartition segment, PredictionWriting writing, Replacement replacement) {
        List<GroupManifest> some = new ArrayList<>();
        long failed = 0;
        for (GroupManifest entry : affected.keySet()) {
            long more = affected.get(entry).stream()
                    .mapToLong(PredictionFile::failed)
                    .sum();
            if (!some.isEmpty() && failed + more > AT_A_TIME) {
                retry(some, dataset, segment, writing, replacement);
                some.clear();
                failed = 0;
            }
            some.add(entry);
            failed += more;
        }
        if (!some.isEmpty()) {
            retry(some, dataset, segment, writing, replacement);
        }
    }

    private void retry(
            List<GroupManifest> entries,
            InputDataset dataset,
            SegmentPartition segment,
            PredictionWriting writing,
            Replacement replacement) {
        List<PredictionFile> old =
                entries.stream().flatMap(entry -> affected.get(entry).stream()).toList();
        Dataset<Row> failed = rows(old, "image_id", "prompt_id", "status").filter(WANTED);
        List<WrittenFile> results = SparkSteps.named(
                spark.sparkContext(),
                "run the failed prompts of " + dataset.path() + " again",
                () -> write(again(pictures(entries, dataset), failed, segment), writing.named("again")));
        if (results.isEmpty()) {
            return;
        }
        Dataset<Row> again = numbered(frame(results.stream()
                        .map(file -> new DataFile(writing.path(file.name()), file.bytes(), 0))
                        .toList()))
                .join(
                        numbered(failed.select("image_id", "prompt_id")),
                        new String[] {"image_id", "prompt_id", NUMBER},
                        "left_semi")
                .drop(NUMBER);
        List<WrittenFile> files = SparkSteps.named(
                spark.sparkContext(),
                "replace the failed rows of " + dataset.path(),
                () -> write(ordered(kept(rows(old), again).unionByName(again)).javaRDD(), writing.named("anew")));
        long before = old.stream().mapToLong(PredictionFile::rows).sum();
        long after = files.stream().mapToLong(WrittenFile::rows).sum();
        if (before != after) {
            throw new IllegalStateException("failed prompts were run again, and " + before + " rows became " + after
                    + "; nothing was replaced");
        }
        replacement.of(files, old.stream().map(PredictionFile::path).toList());
    }

    private static List<WrittenFile> write(JavaRDD<Row> rows, PredictionWriting writing) {
        return rows.mapPartitionsWithIndex(writing, false).collect().stream()
                .filter(file -> file.rows() > 0)
                .toList();
    }

    /** Joins put the columns that they join by first. */
    private static Dataset<Row> ordered(Dataset<Row> rows) {
        return rows.select(Stream.of(PredictionSchema.struct().fieldNames())
                .map(name -> col(name))
                .toArray(Column[]::new));
    }

    /** The part of the dataset that these entries, or what their files took the place of, were made of. */
    private Dataset<Row> pictures(List<GroupManifest> entries, InputDataset dataset) {
        Set<GroupManifest.Unit> units = new LinkedHashSet<>();
        entries.forEach(entry -> addUnits(entry, units));
        Map<String, DataFile> files = new HashMap<>();
        dataset.files().forEach(file -> files.put(file.path(), file));
        return dataset.rows(units.stream()
                .map(unit -> List.of(new RowSlice(files.get(unit.file()), unit.rowGroup(), unit.first(), unit.count())))
                .toList());
    }

    private void addUnits(GroupManifest entry, Set<GroupManifest.Unit> units) {
        units.addAll(entry.units());
        entry.replaces().stream().map(origins::get).distinct().forEach(earlier -> addUnits(earlier, units));
    }

    private static JavaRDD<Row> again(Dataset<Row> pictures, Dataset<Row> failed, SegmentPartition segment) {
        Dataset<Row> wanted = failed.groupBy(col("image_id").alias(RETRY + "_image"))
                .agg(collect_set("prompt_id").alias(RETRY));
        Column prompts = filter(
                col(DatasetSchema.PROMPTS),
                prompt -> array_contains(col(RETRY), prompt.getField(DatasetSchema.PROMPT_ID)));
        Column[] columns = Stream.of(pictures.columns())
                .map(name -> name.equals(DatasetSchema.PROMPTS) ? prompts.alias(name) : col(name))
                .toArray(Column[]::new);
        // Spark does not know the sizes, and would sort and send every picture of a large dataset.
        return pictures.join(broadcast(wanted), col(DatasetSchema.IMAGE_ID).equalTo(col(RETRY + "_image")))
                .select(columns)
                .javaRDD()
                .mapPartitions(segment::call);
    }

    /** All rows but as many failed ones of each prompt as take their place. */
    private static Dataset<Row> kept(Dataset<Row> rows, Dataset<Row> again) {
        String[] prompt = {"image_id", "prompt_id"};
        Dataset<Row> replaced = again.groupBy(col(prompt[0]), col(prompt[1]))
                .agg(functions.count(lit(1)).alias(REPLACED));
        Dataset<Row> left = numbered(rows.filter(WANTED))
                .join(replaced, prompt, "left")
                .filter(col(NUMBER).gt(coalesce(col(REPLACED), lit(0))))
                .drop(NUMBER, REPLACED);
        return rows.filter(not(WANTED)).unionByName(left);
    }

    /** Nothing keeps a dataset from naming two prompts alike: they are told apart by a number, from 1. */
    private static Dataset<Row> numbered(Dataset<Row> rows) {
        return rows.withColumn(
                NUMBER,
                row_number().over(Window.partitionBy("image_id", "prompt_id").orderBy(lit(0))));
    }
}
