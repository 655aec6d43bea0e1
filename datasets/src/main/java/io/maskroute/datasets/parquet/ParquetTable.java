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
    private final Set<String> found;

    private ParquetTable(
            SparkSession spark,
            WantedColumns wanted,
            Broadcast<SerializableConfiguration> hadoop,
            Map<DataFile, List<ParquetFile.RowGroup>> files,
            Set<String> found) {
        this.spark = spark;
        this.wanted = wanted;
        this.hadoop = hadoop;
        this.files = files;
        this.found = found;
    }

    /**
     * Reads the footers, in a Spark job.
     *
     * @param wanted all columns that may be asked for
     * @throws UnreadableFileException for the first file that cannot be read, saying how many others cannot
     */
    public static ParquetTable open(SparkSession spark, List<DataFile> files, WantedColumns wanted) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        ParquetTable none = new ParquetTable(
                spark,
                wanted,
                context.broadcast(
                        new SerializableConfiguration(spark.sessionState().newHadoopConf())),
                Map.of(),
                Set.of());
        return none.with(files);
    }

    private ParquetTable with(List<DataFile> more) {
        Footers footers = footers(more);
        Map<DataFile, List<ParquetFile.RowGroup>> all = new LinkedHashMap<>(files);
        for (int i = 0; i < more.size(); i++) {
            all.put(more.get(i), footers.rowGroups().get(i));
        }
        Set<String> columns = new TreeSet<>(found);
        columns.addAll(footers.found());
        return new ParquetTable(spark, wanted, hadoop, all, columns);
    }

    /** What the footers of some files say, in the files' order, or why some cannot be read. */
    private record Footers(List<List<ParquetFile.RowGroup>> rowGroups, Set<String> found, List<String> refusals)
            implements Serializable {}

    private Footers footers(List<DataFile> of) {
        Footers all = new Footers(new ArrayList<>(), new TreeSet<>(), new ArrayList<>());
        if (of.isEmpty()) {
            return all;
        }
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        int tasks = Math.max(Math.min(of.size(), context.defaultParallelism()), of.size() / FILES_PER_TASK);
        Broadcast<SerializableConfiguration> conf = hadoop;
        WantedColumns columns = wanted;
        List<Footers> parts = context.parallelize(of, tasks)
                .mapPartitions(some ->
                        List.of(footers(some, columns, conf.value().value())).iterator())
                .collect();
        for (Footers part : parts) {
            all.rowGroups().addAll(part.rowGroups());
            all.found().addAll(part.found());
            all.refusals().addAll(part.refusals());
        }
        if (!all.refusals().isEmpty()) {
            int others = all.refusals().size() - 1;
            throw new UnreadableFileException(all.refusals().get(0)
                    + (others == 0 ? "" : String.format(Locale.ROOT, " (and %,d other files likewise)", others)));
        }
        return all;
    }

    private static Footers footers(Iterator<DataFile> files, WantedColumns wanted, Configuration hadoop)
            throws IOException {
        Footers some = new Footers(new ArrayList<>(), new TreeSet<>(), new ArrayList<>());
        while (files.hasNext()) {
            try (ParquetFile file = ParquetFile.open(files.next(), wanted, hadoop)) {
                some.rowGroups().add(file.rowGroups());
                some.found().addAll(file.found());
            } catch (UnreadableFileException e) {
                some.refusals().add(e.getMessage());
            }
        }
        return some;
    }

    public Collection<DataFile> files() {
        return files.keySet();
    }

    public long rows() {
        return files.values().stream()
                .flatMap(List::stream)
                .mapToLong(ParquetFile.RowGroup::rows)
                .sum();
    }

    /** Whether some file has a wanted column, with a type that fits; the path is such as {@code masks[].score}. */
    public boolean has(String column) {
        return found.contains(column);
    }

    /** The table of these files, some of which may be new. */
    public ParquetTable only(List<DataFile> some) {
        ParquetTable all =
                with(some.stream().filter(file -> !files.containsKey(file)).toList());
        Map<DataFile, List<ParquetFile.RowGroup>> kept = new LinkedHashMap<>();
        some.forEach(file -> kept.put(file, all.files.get(file)));
        return new ParquetTable(spark, wanted, hadoop, kept, all.found);
    }

    /** All rows, by file and in the files' order. */
    public JavaRDD<Row> read(WantedColumns columns) {
        return read(columns, all());
    }

    private List<RowSlice> all() {
        List<RowSlice> slices = new ArrayList<>();
        files.forEach((file, groups) -> {
            for (int i = 0; i < groups.size(); i++) {
                slices.add(new RowSlice(file, i, 0, groups.get(i).rows()));
            }
        });
        return slices;
    }

    /** Some rows, in this order. */
    public JavaRDD<Row> read(WantedColumns columns, List<RowSlice> slices) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        List<List<RowSlice>> tasks = tasks(slices);
        if (tasks.isEmpty()) {
            return context.emptyRDD();
        }
        Broadcast<SerializableConfiguration> conf = hadoop;
        return context.parallelize(tasks, tasks.size())
                .flatMap(task -> new SliceRows(task, columns, conf.value().value()));
    }

    /**
     * Where the rows are that have one of these texts in a column.
     *
     * @param column alone
     */
    public List<RowSlice> find(WantedColumns column, Set<String> texts) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        List<List<RowSlice>> tasks = tasks(all());
        if (tasks.isEmpty()) {
            return List.of();
        }
        Broadcast<SerializableConfiguration> conf = hadoop;
        return context.parallelize(tasks, tasks.size())
                .flatMap(task -> {
                    SliceRows rows = new SliceRows(task, column, conf.value().value());
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

    /** The same as a data frame. */
    public Dataset<Row> frame(WantedColumns columns) {
        return spark.createDataFrame(read(columns), columns.rows());
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
        private DataFile at;
        private ParquetFile file;
        private RowSlice slice;
        private long read;
        private Iterator<Row> rows = List.<Row>of().iterator();

        SliceRows(List<RowSlice> slices, WantedColumns wanted, Configuration hadoop) {
            this.slices = slices.iterator();
            this.wanted = wanted;
            this.hadoop = hadoop;
            TaskContext.get().addTaskCompletionListener((TaskCompletionListener) task -> close());
        }

        @Override
        public boolean hasNext() {
            try {
                while (!rows.hasNext() && slices.hasNext()) {
                    slice = slices.next();
                    read = 0;
                    if (!slice.file().equals(at)) {
                        close();
                        at = slice.file();
                        file = ParquetFile.open(at, wanted, hadoop);
                    }
                    rows = file.rows(slice);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e.getMessage(), e);
            }
            if (!rows.hasNext()) {
                close();
            }
            return rows.hasNext();
        }

        @Override
        public Row next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            Row row = rows.next();
            read++;
            return row;
        }

        /** Where the row is that was given last. */
        RowSlice last() {
            return new RowSlice(slice.file(), slice.rowGroup(), slice.first() + read - 1, 1);
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
