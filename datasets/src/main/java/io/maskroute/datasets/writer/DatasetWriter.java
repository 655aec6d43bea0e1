package io.maskroute.datasets.writer;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.core.image.Orientation;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.TruthMask;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Writes a dataset folder. Metadata is planned on the driver; image files are looked at and read inside Spark tasks, or
 * whole rows are made there. Rows keep the order they are given in, and planned ones are cut into files by size alone, so the
 * same input gives the same files.
 *
 * <p>Nothing half-written is left: Spark's committer publishes the Parquet files together, the manifest comes last, and what
 * a failed write has left is removed.
 */
public final class DatasetWriter {
    static final long FILE_BYTES = 128L << 20;
    private static final long ROW_GROUP_BYTES = 16L << 20;
    private static final int IMAGES_PER_LOOK = 256;

    private final SparkSession spark;
    private final Configuration hadoop;
    private final String output;
    private final Path folder;
    private final boolean embedImages;
    private final long fileBytes;

    /**
     * @param output folder to be made: a path or a URI that Hadoop knows
     * @param embedImages whether rows hold the image's bytes or its URI
     * @throws UnusableInputException when the folder holds something already
     */
    public DatasetWriter(SparkSession spark, String output, boolean embedImages) {
        this(spark, output, embedImages, FILE_BYTES);
    }

    DatasetWriter(SparkSession spark, String output, boolean embedImages, long fileBytes) {
        this.spark = spark;
        this.hadoop = spark.sessionState().newHadoopConf();
        this.output = output;
        this.folder = HadoopFiles.path(output);
        this.embedImages = embedImages;
        this.fileBytes = fileBytes;
        requireNothingThere();
    }

    private void requireNothingThere() {
        try {
            FileSystem files = HadoopFiles.fileSystem(folder, hadoop);
            if (!files.exists(folder)) {
                return;
            }
            if (!files.getFileStatus(folder).isDirectory()) {
                throw new UnusableInputException(
                        "The output " + output + " is a file; name a folder that does not exist");
            }
            if (files.exists(new Path(folder, DatasetManifest.FILE_NAME))) {
                throw new UnusableInputException(
                        "The output " + output + " is a dataset already; delete it or name another folder");
            }
            if (files.listStatus(folder).length > 0) {
                throw new UnusableInputException("The output " + output + " is not empty and has no "
                        + DatasetManifest.FILE_NAME
                        + " (perhaps an import that was cut short); delete it or name another folder");
            }
        } catch (IOException e) {
            throw new UnusableInputException("The output " + output + " cannot be read: " + Reason.of(e), e);
        }
    }

    /**
     * Looks at every image file and sorts out the images that cannot go with their masks.
     *
     * @param orientation of the dataset. To apply it means that masks made on stored pixels are turned with their picture;
     *     those that have the turned picture's size already were made on it and stay
     * @param findings takes a note for each image whose header cannot be read, which is kept, and for each that is turned
     */
    public Checked check(List<PlannedImage> images, ExifOrientation orientation, Findings findings) {
        List<ImageFile> found = inspect(images, orientation);
        List<PlannedImage> kept = new ArrayList<>(images.size());
        List<Long> bytes = new ArrayList<>(images.size());
        List<Rejected> rejected = new ArrayList<>();
        for (int i = 0; i < images.size(); i++) {
            PlannedImage image = images.get(i);
            ImageFile file = found.get(i);
            UnusableEntryException problem = problem(image, file, orientation);
            if (problem != null) {
                rejected.add(new Rejected(image, problem));
                continue;
            }
            if (!file.sizeKnown()) {
                findings.note("unreadable-image-header", "image " + image.imageId() + ": " + image.uri());
            }
            kept.add(orientation == ExifOrientation.APPLY ? upright(image, file, findings) : image);
            bytes.add(file.bytes());
        }
        return new Checked(kept, bytes, rejected);
    }

    /**
     * @param images that can be written
     * @param bytes length of each one's file
     * @param rejected that cannot, and why
     */
    public record Checked(List<PlannedImage> images, List<Long> bytes, List<Rejected> rejected) {}

    /** An image that cannot be written. */
    public record Rejected(PlannedImage image, UnusableEntryException problem) {}

    /** Its masks as they fit the picture turned. */
    private static PlannedImage upright(PlannedImage image, ImageFile file, Findings findings) {
        if (file.orientation() == Orientation.TOP_LEFT) {
            return image;
        }
        // What fits both was made on stored pixels, as in COCO's family.
        boolean stored = file.isStoredAs(image);
        findings.note(
                stored ? "turned-masks" : "masks-made-upright",
                "image " + image.imageId() + ": " + image.uri() + " has EXIF orientation "
                        + file.orientation().value() + "; its masks "
                        + (stored ? "are turned with it" : "have the size of the turned picture already"));
        return stored ? image.turned(file.orientation()) : image;
    }

    private static UnusableEntryException problem(PlannedImage image, ImageFile file, ExifOrientation orientation) {
        if (!file.exists()) {
            return new UnusableEntryException(
                    "missing-image", "image " + image.imageId() + ": there is no file " + image.uri());
        }
        if (file.bytes() > ImageFile.LARGEST_BYTES) {
            return new UnusableEntryException(
                    "image-too-large",
                    "image " + image.imageId() + ": " + image.uri() + " has " + file.bytes() + " bytes");
        }
        boolean applied = orientation == ExifOrientation.APPLY;
        if (file.sizeKnown() && !file.isStoredAs(image) && !(applied && file.isTurnedTo(image))) {
            return new UnusableEntryException(
                    "image-size-differs",
                    "image " + image.imageId() + ": " + image.uri() + " is " + file.width() + "x" + file.height()
                            + ", its annotations are for " + image.width() + "x" + image.height()
                            + (file.isTurnedTo(image)
                                    ? ", which is the picture as EXIF turns it: import with --orientation apply"
                                    : ""));
        }
        return null;
    }

    private List<ImageFile> inspect(List<PlannedImage> images, ExifOrientation orientation) {
        if (images.isEmpty()) {
            return List.of();
        }
        Broadcast<SerializableConfiguration> conf = broadcastConf();
        List<String> uris = images.stream().map(PlannedImage::uri).toList();
        int tasks = (uris.size() + IMAGES_PER_LOOK - 1) / IMAGES_PER_LOOK;
        spark.sparkContext().setJobDescription("Looking at " + uris.size() + " image files");
        try {
            return context()
                    .parallelize(uris, tasks)
                    .map(uri -> ImageFile.inspect(uri, orientation, conf.value().value()))
                    .collect();
        } finally {
            spark.sparkContext().setJobDescription(null);
            conf.destroy();
        }
    }

    /**
     * Writes the Parquet files, then the manifest.
     *
     * @throws UnusableInputException when the output cannot be written or an image file cannot be read any more
     * @return how many Parquet files were written
     */
    public int write(Checked checked, DatasetManifest manifest) {
        List<List<PlannedImage>> files = cut(checked);
        Broadcast<SerializableConfiguration> conf = broadcastConf();
        boolean embed = embedImages;
        JavaRDD<ImageRow> rows = context()
                .parallelize(files, files.size())
                .flatMap(List::iterator)
                .map(image -> row(image, embed, conf.value().value()));
        try {
            write(rows, manifest);
            return files.size();
        } finally {
            conf.destroy();
        }
    }

    /**
     * Writes the Parquet files, one for each partition, then the manifest; for images that are made in Spark tasks.
     *
     * @throws UnusableInputException when the output cannot be written
     */
    public void write(JavaRDD<ImageRow> rows, DatasetManifest manifest) {
        boolean done = false;
        spark.sparkContext().setJobDescription("Writing " + rows.getNumPartitions() + " Parquet files to " + output);
        try {
            HadoopFiles.fileSystem(folder, hadoop).mkdirs(folder);
            spark.createDataFrame(rows.map(DatasetSchema::toRow), DatasetSchema.struct())
                    .write()
                    .mode(SaveMode.Append)
                    // The manifest says it better.
                    .option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false")
                    .option("parquet.block.size", Long.toString(ROW_GROUP_BYTES))
                    // Rows are large here: look at the size after each, not after a hundred.
                    .option("parquet.block.size.row.check.min", "1")
                    .option("parquet.page.size.row.check.min", "1")
                    .option("parquet.enable.dictionary#" + DatasetSchema.IMAGE, "false")
                    .parquet(folder.toString());
            manifest.write(output, hadoop);
            done = true;
        } catch (UnusableInputException e) {
            throw e;
        } catch (Exception e) {
            throw failed(e);
        } finally {
            spark.sparkContext().setJobDescription(null);
            if (!done) {
                remove();
            }
        }
    }

    /** Spark throws checked exceptions that it does not declare, and wraps what went wrong in a task several times. */
    private RuntimeException failed(Exception e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof IOException) {
                return new UnusableInputException(
                        "Writing " + output + " failed and left nothing behind: " + cause.getMessage(), e);
            }
        }
        return e instanceof RuntimeException runtime
                ? runtime
                : new IllegalStateException("Writing " + output + " failed", e);
    }

    private void remove() {
        try {
            HadoopFiles.fileSystem(folder, hadoop).delete(folder, true);
        } catch (IOException e) {
            // The failure that brought us here says more; without a manifest the rest is no dataset.
        }
    }

    private static ImageRow row(PlannedImage image, boolean embed, Configuration hadoop) throws IOException {
        return new ImageRow(
                image.imageId(),
                embed ? ImageFile.read(image.uri(), hadoop) : null,
                embed ? null : image.uri(),
                image.prompts(),
                image.split(),
                image.source(),
                image.licence());
    }

    private List<List<PlannedImage>> cut(Checked checked) {
        List<List<PlannedImage>> files = new ArrayList<>();
        List<PlannedImage> file = new ArrayList<>();
        long size = 0;
        for (int i = 0; i < checked.images().size(); i++) {
            PlannedImage image = checked.images().get(i);
            long bytes = estimate(image, embedImages ? checked.bytes().get(i) : 0);
            if (size > 0 && size + bytes > fileBytes) {
                files.add(file);
                file = new ArrayList<>();
                size = 0;
            }
            file.add(image);
            size += bytes;
        }
        files.add(file);
        return files;
    }

    private static long estimate(PlannedImage image, long imageBytes) {
        long bytes = imageBytes + image.uri().length() + 64;
        EncodedMask last = null;
        for (PromptRow prompt : image.prompts()) {
            bytes += 64;
            for (String text : prompt.texts()) {
                bytes += text.length();
            }
            if (prompt.truth() != null) {
                for (TruthMask mask : prompt.truth().masks()) {
                    // Prompts on one object repeat its mask; Parquet's dictionary stores it once.
                    bytes += mask.mask() == last ? 0 : mask.mask().counts().length();
                    last = mask.mask();
                }
            }
        }
        return bytes;
    }

    private JavaSparkContext context() {
        return JavaSparkContext.fromSparkContext(spark.sparkContext());
    }

    private Broadcast<SerializableConfiguration> broadcastConf() {
        return context().broadcast(new SerializableConfiguration(hadoop));
    }
}
