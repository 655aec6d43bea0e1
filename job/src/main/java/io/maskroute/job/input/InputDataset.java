package io.maskroute.job.input;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.parquet.DataFile;
import io.maskroute.datasets.parquet.ParquetFolder;
import io.maskroute.datasets.parquet.ParquetTable;
import io.maskroute.datasets.parquet.RowSlice;
import io.maskroute.datasets.parquet.WantedColumns;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.ImageRowReader;
import java.io.IOException;
import java.io.Serializable;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A dataset, opened and checked, but not yet read. */
public final class InputDataset {
    private static final Logger LOG = LoggerFactory.getLogger(InputDataset.class);

    private static final WantedColumns COLUMNS = new WantedColumns(
                    DatasetSchema.reading(), "does not fit a maskroute dataset")
            .only(DatasetSchema.IMAGE_ID, DatasetSchema.IMAGE, DatasetSchema.IMAGE_URI, DatasetSchema.PROMPTS);

    private static final String PROMPT_IDS = DatasetSchema.PROMPTS + "." + DatasetSchema.PROMPT_ID;

    private final String path;
    private final DatasetManifest manifest;
    private final ParquetTable table;

    private InputDataset(String path, DatasetManifest manifest, ParquetTable table) {
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
        ParquetFolder folder = list(path, spark.sessionState().newHadoopConf());
        folder.passedOver().ifPresent(what -> LOG.warn("Of the dataset {} are passed over: {}", path, what));
        if (folder.files().isEmpty()) {
            throw new UnusableInputException("the dataset " + path + " holds no Parquet files (*" + ParquetFolder.ENDING
                    + ")" + folder.passedOver().map(what -> " but " + what).orElse(""));
        }
        return new InputDataset(path, manifest, ParquetTable.open(spark, folder.files(), COLUMNS));
    }

    /** The Parquet files of a dataset's folder, as they are now. */
    public static ParquetFolder list(String path, Configuration hadoop) {
        try {
            return ParquetFolder.list(path, hadoop);
        } catch (IOException e) {
            throw new UnusableInputException("the dataset " + path + " cannot be listed: " + e.getMessage(), e);
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
        return new InputDataset(path, manifest, table.only(files));
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
        return ImageRowReader.of(columns.rows(), path);
    }

    /** The pictures of these ids, as far as they are there; of the other pictures nothing but their ids is read. */
    public List<Row> find(Set<String> imageIds) {
        List<RowSlice> places = table.find(COLUMNS.only(DatasetSchema.IMAGE_ID), imageIds);
        return table.read(COLUMNS, places).take(imageIds.size());
    }

    public Counts counts() {
        return part(PROMPT_IDS)
                .pictures()
                .map(row -> row.isNullAt(0) ? 0 : row.getList(0).size())
                .map(prompts -> new Counts(1, prompts == 0 ? 1 : 0, prompts))
                .treeAggregate(new Counts(0, 0, 0), Counts::plus, Counts::plus);
    }
}
