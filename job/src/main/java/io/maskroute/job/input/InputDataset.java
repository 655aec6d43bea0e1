package io.maskroute.job.input;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.xxhash64;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.parquet.DataFile;
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
    private final InputDataset whole;
    private RepeatedNames repeated;

    /** @param whole of which this is a part; null when it is no part */
    private InputDataset(
            SparkSession spark, String path, DatasetManifest manifest, ParquetTable table, InputDataset whole) {
        this.spark = spark;
        this.path = path;
        this.manifest = manifest;
        this.table = table;
        this.whole = whole;
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
        ParquetFolder folder = list(path, spark.sessionState().newHadoopConf());
        folder.passedOver().ifPresent(what -> LOG.warn("Of the dataset {} are passed over: {}", path, what));
        if (folder.files().isEmpty()) {
            throw new UnusableInputException("the dataset " + path + " holds no Parquet files (*" + ParquetFolder.ENDING
                    + ")" + folder.passedOver().map(what -> " but " + what).orElse(""));
        }
        return new InputDataset(spark, path, manifest, ParquetTable.open(spark, folder.files(), COLUMNS), null);
    }

    /** The Parquet files of a dataset's folder, as they are now. */
    public static ParquetFolder list(String path, Configuration hadoop) {
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

    /** The part of the dataset that is in these files, some of which may be new since it was opened. */
    public InputDataset only(List<DataFile> files) {
        return new InputDataset(spark, path, manifest, table.only(files), whole == null ? this : whole);
    }

    /** One row per picture, with everything that a run needs of it; {@link #reader} reads it. */
    public JavaRDD<Row> pictures() {
        return table.read(COLUMNS);
    }

    public ImageRowReader reader() {
        return reader(COLUMNS);
    }

    /** The same as a data frame. */
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
        return table.read(COLUMNS, places).take(imageIds.size());
    }

    /** Reads all names, the first time that it is asked. */
    public Counts counts() {
        repeated();
        return part(PROMPT_IDS)
                .pictures()
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
        if (whole != null) {
            return whole.repeated();
        }
        if (repeated == null) {
            repeated = findRepeated();
        }
        return repeated;
    }

    private RepeatedNames findRepeated() {
        Dataset<Row> names = spark.createDataFrame(
                part(DatasetSchema.IMAGE_ID, PROMPT_IDS).pictures().flatMap(InputDataset::names), NAMES);
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
