package io.maskroute.datasets.parquet;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Parquet files whose footers have been read, and their rows on Spark. The driver holds a few numbers of each row group; footers and
 * rows are read in tasks.
 */
public final class ParquetTable {
    private static final int FILES_PER_TASK = 32;

    private final SparkSession spark;
    private final WantedColumns wanted;
    private final Broadcast<SerializableConfiguration> hadoop;
    private final Map<DataFile, List<ParquetFile.RowGroup>> files;
    private final Map<DataFile, String> unreadable;
    private final Set<String> found;
    private final long most;

    private ParquetTable(
            SparkSession spark,
            WantedColumns wanted,
            Broadcast<SerializableConfiguration> hadoop,
            Map<DataFile, List<ParquetFile.RowGroup>> files,
            Map<DataFile, String> unreadable,
            Set<String> found,
            long most) {
        this.spark = spark;
        this.wanted = wanted;
        this.hadoop = hadoop;
        this.files = files;
        this.unreadable = unreadable;
        this.found = found;
        this.most = most;
    }

    /**
     * Reads the footers, in a Spark job.
     *
     * @param wanted all columns that may be asked for
     * @throws UnreadableFileException for the first file that cannot be read, saying how many others cannot
     */
    public static ParquetTable open(SparkSession spark, List<DataFile> files, WantedColumns wanted) {
        ParquetTable table = openReadable(spark, files, wanted);
        table.refuseIf(!table.unreadable.isEmpty());
        return table;
    }

    /**
     * The same with those files alone that can be read; {@link #unreadable} has the others.
     *
     * @throws UnreadableFileException when there are files and none of them can be read
     */
    public static ParquetTable openReadable(SparkSession spark, List<DataFile> files, WantedColumns wanted) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        Broadcast<SerializableConfiguration> hadoop = context.broadcast(
                new SerializableConfiguration(spark.sessionState().newHadoopConf()));
        Map<DataFile, List<ParquetFile.RowGroup>> readable = new LinkedHashMap<>();
        Map<DataFile, String> unreadable = new LinkedHashMap<>();
        Set<String> found = new TreeSet<>();
        if (!files.isEmpty()) {
            int tasks = Math.max(Math.min(files.size(), context.defaultParallelism()), files.size() / FILES_PER_TASK);
            for (Footer footer : context.parallelize(files, tasks)
                    .mapPartitions(some ->
                            footers(some, wanted, hadoop.value().value()).iterator())
                    .collect()) {
                if (footer.refusal() == null) {
                    readable.put(footer.file(), footer.rowGroups());
                    found.addAll(footer.found());
                } else {
                    unreadable.put(footer.file(), footer.refusal());
                }
            }
        }
        ParquetTable table = new ParquetTable(spark, wanted, hadoop, readable, unreadable, found, Long.MAX_VALUE);
        table.refuseIf(readable.isEmpty() && !unreadable.isEmpty());
        return table;
    }

    /** The same without all but its first rows, by file and in the files' order. */
    public ParquetTable first(long rows) {
        return new ParquetTable(spark, wanted, hadoop, files, unreadable, found, rows);
    }

    private void refuseIf(boolean unusable) {
        if (unusable) {
            int others = unreadable.size() - 1;
            throw new UnreadableFileException(unreadable.values().iterator().next()
                    + (others == 0 ? "" : String.format(Locale.ROOT, " (and %,d other files likewise)", others)));
        }
    }

    /**
     * What a footer says.
     *
     * @param refusal why the file cannot be read, or null
     */
    private record Footer(DataFile file, List<ParquetFile.RowGroup> rowGroups, Set<String> found, String refusal)
            implements Serializable {}

    private static List<Footer> footers(Iterator<DataFile> files, WantedColumns wanted, Configuration hadoop)
            throws IOException {
        List<Footer> some = new ArrayList<>();
        while (files.hasNext()) {
            DataFile of = files.next();
            try (ParquetFile file = ParquetFile.open(of, wanted, hadoop)) {
                some.add(new Footer(of, file.rowGroups(), Set.copyOf(file.found()), null));
            } catch (UnreadableFileException e) {
                some.add(new Footer(of, List.of(), Set.of(), e.getMessage()));
            }
        }
        return some;
    }

    /** Files that are no part of it, with the reason for each. */
    public Map<DataFile, String> unreadable() {
        return unreadable;
    }

    public Collection<DataFile> files() {
        return files.keySet();
    }

    /** Whether some file has a wanted column, with a type that fits; the path is such as {@code masks[].score}. */
    public boolean has(String column) {
        return found.contains(column);
    }

    /** Whether parts of a row group can be read without the rest of it. */
    public boolean isIndexed(RowSlice slice) {
        return files.get(slice.file()).get(slice.rowGroup()).indexed();
    }

    /** All rows, by file and in the files' order. */
    public JavaRDD<Row> read(WantedColumns columns) {
        return read(columns, rowGroups());
    }

    /** The row groups that have rows, by file and in the files' order; of the last perhaps a part. */
    public List<RowSlice> rowGroups() {
        List<RowSlice> slices = new ArrayList<>();
        long left = most;
        for (Map.Entry<DataFile, List<ParquetFile.RowGroup>> file : files.entrySet()) {
            for (int i = 0; i < file.getValue().size(); i++) {
                long rows = Math.min(left, file.getValue().get(i).rows());
                if (rows > 0) {
                    slices.add(new RowSlice(file.getKey(), i, 0, rows));
                    left -= rows;
                }
            }
        }
        return slices;
    }

    /** Some rows, in this order. */
    public JavaRDD<Row> read(WantedColumns columns, List<RowSlice> slices) {
        return readTasks(columns, tasks(slices));
    }

    /** The same without those that cannot be read, of which {@code losses} hears, in the task. */
    public JavaRDD<Row> read(WantedColumns columns, List<RowSlice> slices, Losses losses) {
        return readTasks(columns, tasks(slices), losses);
    }

    /** Some rows; those of each list in one task, in this order. */
    public JavaRDD<Row> readTasks(WantedColumns columns, List<List<RowSlice>> tasks) {
        return readTasks(columns, tasks, null);
    }

    /** The same without those that cannot be read, of which {@code losses} hears, in the task. */
    public JavaRDD<Row> readTasks(WantedColumns columns, List<List<RowSlice>> tasks, Losses losses) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        if (tasks.isEmpty()) {
            return context.emptyRDD();
        }
        Broadcast<SerializableConfiguration> conf = hadoop;
        return context.parallelize(tasks, tasks.size())
                .flatMap(task -> new SliceRows(task, columns, conf.value().value(), losses));
    }

    /**
     * Where the rows are that have one of these texts in a column, as far as they can be read.
     *
     * @param column alone
     */
    public List<RowSlice> find(WantedColumns column, Set<String> texts) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        List<List<RowSlice>> tasks = tasks(rowGroups());
        if (tasks.isEmpty()) {
            return List.of();
        }
        Broadcast<SerializableConfiguration> conf = hadoop;
        return context.parallelize(tasks, tasks.size())
                .flatMap(task -> {
                    SliceRows rows = new SliceRows(task, column, conf.value().value(), Losses.ignored());
                    List<RowSlice> found = new ArrayList<>();
                    while (rows.hasNext()) {
                        Row row = rows.next();
                        if (!row.isNullAt(0) && texts.contains(row.getString(0))) {
                            found.add(rows.last());
                        }
                    }
                    return found.iterator();
                })
                .collect();
    }

    /** All rows as a data frame. */
    public Dataset<Row> frame(WantedColumns columns) {
        return spark.createDataFrame(read(columns), columns.rows());
    }

    /** Some rows as a data frame; those of each list in one task. */
    public Dataset<Row> frame(WantedColumns columns, List<List<RowSlice>> tasks) {
        return spark.createDataFrame(readTasks(columns, tasks), columns.rows());
    }

    /**
     * What goes into which task: slices that follow one another, as many as Spark's own file source would put together
     * ({@code spark.sql.files.maxPartitionBytes}, {@code spark.sql.files.openCostInBytes}).
     */
    private List<List<RowSlice>> tasks(List<RowSlice> slices) {
        long opening = spark.sessionState().conf().filesOpenCostInBytes();
        long all = slices.stream().mapToLong(slice -> bytes(slice) + opening).sum();
        long most = Math.min(
                spark.sessionState().conf().filesMaxPartitionBytes(),
                Math.max(opening, all / Math.max(1, spark.sparkContext().defaultParallelism())));
        List<List<RowSlice>> tasks = new ArrayList<>();
        List<RowSlice> task = new ArrayList<>();
        long size = 0;
        for (RowSlice slice : slices) {
            if (slice.count() == 0) {
                continue;
            }
            if (!task.isEmpty() && size + bytes(slice) > most) {
                tasks.add(task);
                task = new ArrayList<>();
                size = 0;
            }
            task.add(slice);
            size += bytes(slice) + opening;
        }
        if (!task.isEmpty()) {
            tasks.add(task);
        }
        return tasks;
    }

    private long bytes(RowSlice slice) {
        ParquetFile.RowGroup group = files.get(slice.file()).get(slice.rowGroup());
        return (long) (group.bytes() * ((double) slice.count() / Math.max(1, group.rows())));
    }

    /** The rows of a task. One file is open at a time. */
    private static final class SliceRows implements Iterator<Row> {
        private final Iterator<RowSlice> slices;
        private final WantedColumns wanted;
        private final Configuration hadoop;
        private final Losses losses;
        private DataFile at;
        private ParquetFile file;
        private RowSlice slice;
        /** Of the slice, those that have been given and the one ahead. */
        private long read;

        private Iterator<Row> rows = List.<Row>of().iterator();
        private Row ahead;
        private RowSlice last;

        SliceRows(List<RowSlice> slices, WantedColumns wanted, Configuration hadoop, Losses losses) {
            this.slices = slices.iterator();
            this.wanted = wanted;
            this.hadoop = hadoop;
            this.losses = losses;
            TaskContext.get().addTaskCompletionListener((TaskCompletionListener) task -> close());
        }

        @Override
        public boolean hasNext() {
            while (ahead == null && (rows.hasNext() || slices.hasNext())) {
                try {
                    if (rows.hasNext()) {
                        ahead = rows.next();
                        read++;
                    } else {
                        begin(slices.next());
                    }
                } catch (UnreadableFileException e) {
                    if (losses == null) {
                        throw e;
                    }
                    losses.add(
                            new RowSlice(slice.file(), slice.rowGroup(), slice.first() + read, slice.count() - read),
                            e.getMessage());
                    rows = List.<Row>of().iterator();
                    // What is left of the file is read by another reader, for this one may have lost its place.
                    close();
                } catch (IOException e) {
                    throw new UncheckedIOException(e.getMessage(), e);
                }
            }
            if (ahead == null) {
                close();
            }
            return ahead != null;
        }

        private void begin(RowSlice next) throws IOException {
            slice = next;
            read = 0;
            if (!slice.file().equals(at)) {
                close();
                file = ParquetFile.open(slice.file(), wanted, hadoop);
                at = slice.file();
            }
            rows = file.rows(slice);
        }

        @Override
        public Row next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            Row row = ahead;
            ahead = null;
            last = new RowSlice(slice.file(), slice.rowGroup(), slice.first() + read - 1, 1);
            return row;
        }

        /** Where the row is that was given last. */
        RowSlice last() {
            return last;
        }

        private void close() {
            if (file == null) {
                return;
            }
            try {
                file.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } finally {
                file = null;
                at = null;
            }
        }
    }
}
