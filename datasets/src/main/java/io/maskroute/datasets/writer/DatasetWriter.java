package io.maskroute.datasets.writer;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.parquet.RowFileWriter;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Region;
import io.maskroute.datasets.schema.TruthMask;
import java.io.Closeable;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Writes a dataset folder. Rows are made in Spark tasks and keep the order they are given in; files are cut by their size alone, so
 * the same input gives the same files. A file has at most {@value #FILE_ROWS} pictures or about 128 MiB, and row groups of at most
 * {@value #GROUP_ROWS}: a run reads by row group.
 *
 * <p>Nothing half-written is left: tasks write into a hidden folder, the files of those that count are moved out of it, the manifest
 * comes last, and what a failed write has left is removed.
 */
public final class DatasetWriter {
    static final int FILE_ROWS = 256;
    static final long FILE_BYTES = 128L << 20;
    private static final int GROUP_ROWS = 64;
    private static final long GROUP_BYTES = 16L << 20;
    private static final int PAGE_ROWS = 4;
    private static final String WORK = "_import";

    private final SparkSession spark;
    private final Configuration hadoop;
    private final String output;
    private final Path folder;
    private final long fileBytes;

    /**
     * @param output folder to be made: a path or a URI that Hadoop knows
     * @throws UnusableInputException when the folder holds something already
     */
    public DatasetWriter(SparkSession spark, String output) {
        this(spark, output, FILE_BYTES);
    }

    DatasetWriter(SparkSession spark, String output, long fileBytes) {
        this.spark = spark;
        this.hadoop = spark.sessionState().newHadoopConf();
        this.output = output;
        this.folder = HadoopFiles.path(output);
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

    /** A folder for what an import puts aside while it works; it is gone when the dataset is finished. */
    public Path workFolder() {
        return new Path(folder, WORK);
    }

    /**
     * What was written.
     *
     * @param targets of the rows
     * @param files Parquet files
     * @param findings of all tasks, in the order of their rows
     */
    public record Written(long images, long targets, long prompts, int files, Findings findings) {}

    /** Says what is in the manifest, when all else is done; null where the dataset is not to be. */
    public interface Manifest {
        DatasetManifest of(Written written);
    }

    /**
     * Makes the rows, then the manifest.
     *
     * @param batches each makes files of its own
     * @param findings of before
     * @throws UnusableInputException when the output cannot be written or what is read for it fails; nothing remains
     */
    public Written write(JavaRDD<? extends RowBatch> batches, Findings findings, Manifest manifest) {
        boolean done = false;
        Broadcast<SerializableConfiguration> conf = JavaSparkContext.fromSparkContext(spark.sparkContext())
                .broadcast(new SerializableConfiguration(hadoop));
        spark.sparkContext().setJobDescription("Writing Parquet files to " + output);
        try {
            FileSystem files = HadoopFiles.fileSystem(folder, hadoop);
            files.mkdirs(workFolder());
            String work = workFolder().toString();
            long most = fileBytes;
            List<Part> parts = batches.mapPartitions(partition -> List.of(
                                    write(partition, work, most, conf.value().value()))
                            .iterator())
                    .collect();
            Findings all = findings;
            long images = 0;
            long targets = 0;
            long prompts = 0;
            int moved = 0;
            for (Part part : parts) {
                for (String file : part.files()) {
                    Path to = new Path(folder, String.format(Locale.ROOT, "part-%05d.parquet", moved++));
                    if (!files.rename(new Path(workFolder(), file), to)) {
                        throw new IOException(file + " cannot be moved to " + to);
                    }
                }
                images += part.images();
                targets += part.targets();
                prompts += part.prompts();
                all.add(part.findings());
            }
            Written written = new Written(images, targets, prompts, moved, all);
            DatasetManifest made = manifest.of(written);
            files.delete(workFolder(), true);
            made.write(output, hadoop);
            done = true;
            return written;
        } catch (UnusableInputException e) {
            throw e;
        } catch (Exception e) {
            throw failed(e);
        } finally {
            spark.sparkContext().setJobDescription(null);
            conf.destroy();
            if (!done) {
                remove();
            }
        }
    }

    /** What one task wrote; its files are named by its attempt, so that two of them never meet. */
    private record Part(List<String> files, long images, long targets, long prompts, Findings findings)
            implements Serializable {}

    private static Part write(Iterator<? extends RowBatch> batches, String work, long most, Configuration hadoop)
            throws IOException {
        TaskContext task = TaskContext.get();
        Findings findings = new Findings();
        try (Files files = new Files(
                work + "/" + String.format(Locale.ROOT, "%05d-%d", task.partitionId(), task.taskAttemptId()),
                most,
                hadoop)) {
            while (batches.hasNext()) {
                batches.next().make(files, findings, hadoop);
            }
            files.end();
            return new Part(List.copyOf(files.names), files.images, files.targets, files.prompts, findings);
        }
    }

    /** The files of one task. */
    private static final class Files implements RowBatch.Rows, Closeable {
        private final String prefix;
        private final long most;
        private final Configuration hadoop;
        private final List<String> names = new ArrayList<>();
        private final List<Row> first = new ArrayList<>();
        private RowFileWriter file;
        private int rows;
        private long bytes;
        private long images;
        private long targets;
        private long prompts;

        Files(String prefix, long most, Configuration hadoop) {
            this.prefix = prefix;
            this.most = most;
            this.hadoop = hadoop;
        }

        @Override
        public void add(ImageRow row, long rowTargets) throws IOException {
            long size = estimate(row);
            if (rows > 0 && (rows >= FILE_ROWS || bytes + size > most)) {
                end();
            }
            rows++;
            bytes += size;
            if (file != null) {
                file.write(DatasetSchema.toRow(row));
            } else {
                first.add(DatasetSchema.toRow(row));
                if (first.size() == GROUP_ROWS || bytes >= GROUP_BYTES) {
                    begin();
                }
            }
            images++;
            targets += rowTargets;
            prompts += row.prompts().size();
        }

        /** The first rows show how many make a group. */
        private void begin() throws IOException {
            String name = prefix + "-" + names.size() + ".parquet";
            file = new RowFileWriter(
                    name,
                    DatasetSchema.struct(),
                    new RowFileWriter.RowGroups(first.size(), PAGE_ROWS, DatasetSchema.IMAGE),
                    hadoop);
            names.add(new Path(name).getName());
            for (Row row : first) {
                file.write(row);
            }
            first.clear();
        }

        void end() throws IOException {
            if (!first.isEmpty()) {
                begin();
            }
            if (file != null) {
                RowFileWriter ended = file;
                file = null;
                rows = 0;
                bytes = 0;
                ended.close();
            }
        }

        @Override
        public void close() throws IOException {
            if (file != null) {
                file.close();
            }
        }
    }

    /** Spark throws checked exceptions that it does not declare, and wraps what went wrong in a task several times. */
    private RuntimeException failed(Exception e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnusableInputException unusable) {
                return unusable;
            }
            if (cause instanceof IOException) {
                return new UnusableInputException(
                        "Writing " + output + " failed and left nothing behind: " + cause.getMessage(), e);
            }
        }
        return e instanceof RuntimeException runtime
                ? runtime
                : new IllegalStateException("Writing " + output + " failed", e);
    }

    /** Leaves nothing of a dataset that is not to be. */
    public void remove() {
        try {
            HadoopFiles.fileSystem(folder, hadoop).delete(folder, true);
        } catch (IOException e) {
            // The failure that brought us here says more; without a manifest the rest is no dataset.
        }
    }

    private static long estimate(ImageRow row) {
        long bytes = (row.image() == null ? row.imageUri().length() : row.image().length) + 64;
        EncodedMask last = null;
        for (PromptRow prompt : row.prompts()) {
            bytes += 64;
            for (String text : prompt.texts()) {
                bytes += text.length();
            }
            for (Region region : prompt.regions()) {
                bytes += region.mask() == null ? 32 : region.mask().counts().length();
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
}
