package io.maskroute.job.input;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.xxhash64;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.parquet.DataFile;
import io.maskroute.datasets.parquet.Losses;
import io.maskroute.datasets.parquet.ParquetFolder;
import io.maskroute.datasets.parquet.ParquetTable;
import io.maskroute.datasets.parquet.RowSlice;
import io.maskroute.datasets.parquet.WantedColumns;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.ImageRowReader;
import io.maskroute.datasets.schema.RepeatedNames;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A dataset, opened and checked, but not yet read. */
public final class InputDataset {
    private static final Logger LOG = LoggerFactory.getLogger(InputDataset.class);

    private static final WantedColumns COLUMNS = new WantedColumns(
                    DatasetSchema.reading(), "does not fit a maskroute dataset")
            .only(DatasetSchema.IMAGE_ID, DatasetSchema.IMAGE, DatasetSchema.IMAGE_URI, DatasetSchema.PROMPTS);

    /** As many names fit every executor. A dataset with more of them is not one whose other prompts are worth hours. */
    private static final int MOST_REPEATED = 100_000;

    private static final String KIND = "kind";
    private static final String NAME = "name";
    private static final StructType NAMES =
            new StructType().add(KIND, DataTypes.StringType).add(NAME, DataTypes.StringType);

    private static final String PROMPT_IDS = DatasetSchema.PROMPTS + "." + DatasetSchema.PROMPT_ID;

    private final SparkSession spark;
    private final String path;
    private final DatasetManifest manifest;
    private final ParquetTable table;
    private RepeatedNames repeated;

    private InputDataset(SparkSession spark, String path, DatasetManifest manifest, ParquetTable table) {
        this.spark = spark;
        this.path = path;
        this.manifest = manifest;
        this.table = table;
    }

    /** How much there is to do. */
    public record Counts(long images, long imagesWithoutPrompts, long prompts) implements Serializable {
        private Counts plus(Counts other) {
            return new Counts(
                    images + other.images, imagesWithoutPrompts + other.imagesWithoutPrompts, prompts + other.prompts);
        }
    }

    /**
     * @throws UnusableInputException when there are no Parquet files, or one of them cannot be read or has not a dataset's columns
     */
    public static InputDataset open(SparkSession spark, String path, DatasetManifest manifest) {
        return new InputDataset(spark, path, manifest, ParquetTable.open(spark, files(spark, path), COLUMNS));
    }

    /**
     * The same as far as its files can be read; {@link #unreadable} has the others.
     *
     * @throws UnusableInputException when not one of them can be read
     */
    public static InputDataset openReadable(SparkSession spark, String path, DatasetManifest manifest) {
        return new InputDataset(spark, path, manifest, ParquetTable.openReadable(spark, files(spark, path), COLUMNS));
    }

    /**
     * The first pictures of it alone, by the names of its files and the rows in them: the same ones each time, as long as the files
     * are the same.
     *
     * @param pictures how many at most; empty for all
     */
    public InputDataset limited(OptionalLong pictures) {
        return pictures.isEmpty() ? this : new InputDataset(spark, path, manifest, table.first(pictures.getAsLong()));
    }

    /** Files that are no part of it, with the reason for each. */
    public Map<DataFile, String> unreadable() {
        return table.unreadable();
    }

    private static List<DataFile> files(SparkSession spark, String path) {
        ParquetFolder folder = list(path, spark.sessionState().newHadoopConf());
        folder.passedOver().ifPresent(what -> LOG.warn("Of the dataset {} are passed over: {}", path, what));
        if (folder.files().isEmpty()) {
            throw new UnusableInputException("the dataset " + path + " holds no Parquet files (*" + ParquetFolder.ENDING
                    + ")" + folder.passedOver().map(what -> " but " + what).orElse(""));
        }
        return folder.files();
    }

    /** The Parquet files of a dataset's folder, as they are now. */
    private static ParquetFolder list(String path, Configuration hadoop) {
        try {
            return ParquetFolder.list(path, hadoop);
        } catch (IOException e) {
            throw new UnusableInputException("the dataset " + path + " cannot be listed: " + Reason.of(e), e);
        }
    }

    public String path() {
        return path;
    }

    public DatasetManifest manifest() {
        return manifest;
    }

    public Collection<DataFile> files() {
        return table.files();
    }

    /** All of it, row group by row group. */
    public List<RowSlice> rowGroups() {
        return table.rowGroups();
    }

    /** Whether parts of a row group can be read without the rest of it. */
    public boolean isIndexed(RowSlice slice) {
        return table.isIndexed(slice);
    }

    /**
     * One row per picture, with everything that a run needs of it; those of each list in one task, without those that cannot be
     * read.
     */
    public JavaRDD<Row> pictures(List<List<RowSlice>> tasks, Losses losses) {
        return table.readTasks(COLUMNS, tasks, losses);
    }

    /** Of {@link #rows()} and {@link #pictures}. */
    public ImageRowReader reader() {
        return reader(COLUMNS);
    }

    /** Some pictures as a data frame; those of each list in one task. */
    public Dataset<Row> rows(List<List<RowSlice>> tasks) {
        return table.frame(COLUMNS, tasks);
    }

    /** All pictures as a data frame. */
    public Dataset<Row> rows() {
        return table.frame(COLUMNS);
    }

    /** One row per picture with some columns, of {@code prompts} perhaps some fields; nothing else is read. */
    public Part part(String... columns) {
        return new Part(COLUMNS.only(columns));
    }

    /** Some columns of the dataset. */
    public final class Part {
        private final WantedColumns columns;

        private Part(WantedColumns columns) {
            this.columns = columns;
        }

        public JavaRDD<Row> pictures() {
            return table.read(columns);
        }

        /** The same without those that cannot be read. */
        public JavaRDD<Row> readable() {
            return table.read(columns, rowGroups(), Losses.ignored());
        }

        public Dataset<Row> rows() {
            return table.frame(columns);
        }

        /** @throws UnusableInputException when the columns are too few for it */
        public ImageRowReader reader() {
            return InputDataset.this.reader(columns);
        }
    }

    private ImageRowReader reader(WantedColumns columns) {
        return ImageRowReader.of(columns.rows(), path, repeated());
    }

    /** The pictures of these ids, as far as they are there; of the other pictures nothing but their ids is read. */
    public List<Row> find(Set<String> imageIds) {
        List<RowSlice> places = table.find(COLUMNS.only(DatasetSchema.IMAGE_ID), imageIds);
        return table.read(COLUMNS, places, Losses.ignored()).take(imageIds.size());
    }

    /** @throws io.maskroute.datasets.parquet.UnreadableFileException when names of prompts cannot be read */
    public void requirePrompts() {
        part(PROMPT_IDS).pictures().count();
    }

    /** Of the pictures whose prompts can be read. Reads all names, the first time that it is asked. */
    public Counts counts() {
        repeated();
        return counts(rowGroups());
    }

    /** Of some pictures, as far as their prompts can be read. */
    public Counts counts(List<RowSlice> slices) {
        return table.read(COLUMNS.only(PROMPT_IDS), slices, Losses.ignored())
                .map(row -> row.isNullAt(0) ? 0 : row.getList(0).size())
                .map(prompts -> new Counts(1, prompts == 0 ? 1 : 0, prompts))
                .treeAggregate(new Counts(0, 0, 0), Counts::plus, Counts::plus);
    }

    /**
     * The names that the dataset, as it was opened, gives to more than one row or prompt. The first time it reads all names.
     *
     * @throws UnusableInputException when they are too many to go on without them
     */
    public synchronized RepeatedNames repeated() {
        if (repeated == null) {
            repeated = findRepeated();
        }
        return repeated;
    }

    private RepeatedNames findRepeated() {
        Dataset<Row> names = spark.createDataFrame(
                table.read(COLUMNS.only(DatasetSchema.IMAGE_ID, PROMPT_IDS), rowGroups(), Losses.ignored())
                        .flatMap(InputDataset::names),
                NAMES);
        // Hashes take a fraction of the names' room in a shuffle. Two names may share one, so the names decide.
        Column hash = xxhash64(col(KIND), col(NAME));
        List<Long> twice = names.groupBy(hash.alias("hash"))
                .count()
                .filter(col("count").gt(1))
                .select("hash")
                .limit(MOST_REPEATED + 1)
                .as(Encoders.LONG())
                .collectAsList();
        if (twice.isEmpty()) {
            return RepeatedNames.NONE;
        }
        Map<String, Set<String>> found = new HashMap<>();
        for (Row row : names.filter(hash.isInCollection(twice))
                .groupBy(KIND, NAME)
                .count()
                .filter(col("count").gt(1))
                .collectAsList()) {
            found.computeIfAbsent(row.getString(0), kind -> new TreeSet<>()).add(row.getString(1));
        }
        if (twice.size() > MOST_REPEATED) {
            throw new UnusableInputException("the dataset " + path + " gives more than "
                    + String.format(Locale.ROOT, "%,d", MOST_REPEATED) + " names more than once, such as "
                    + found.entrySet().stream()
                            .map(of -> "the " + of.getKey() + " "
                                    + of.getValue().iterator().next())
                            .sorted()
                            .collect(Collectors.joining(" and "))
                    + ". Give each picture and each prompt its own, and look whether files are there twice");
        }
        return new RepeatedNames(
                found.getOrDefault(DatasetSchema.IMAGE_ID, Set.of()),
                found.getOrDefault(DatasetSchema.PROMPT_ID, Set.of()));
    }

    private static Iterator<Row> names(Row picture) {
        List<Row> names = new ArrayList<>();
        if (!picture.isNullAt(0)) {
            names.add(RowFactory.create(DatasetSchema.IMAGE_ID, picture.getString(0)));
        }
        if (!picture.isNullAt(1)) {
            for (Row prompt : picture.<Row>getList(1)) {
                if (prompt != null && !prompt.isNullAt(0)) {
                    names.add(RowFactory.create(DatasetSchema.PROMPT_ID, prompt.getString(0)));
                }
            }
        }
        return names.iterator();
    }
}
