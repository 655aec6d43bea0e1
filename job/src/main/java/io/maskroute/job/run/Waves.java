package io.maskroute.job.run;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.job.config.WaveOptions;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.results.WaveFolders;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import org.apache.hadoop.fs.CommonPathCapabilities;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.spark.internal.io.cloud.AbortableStreamBasedCheckpointFileManager;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.streaming.FileStreamSource;
import org.apache.spark.sql.execution.streaming.FileStreamSourceLog;
import org.apache.spark.sql.internal.SQLConf;
import org.apache.spark.sql.streaming.DataStreamReader;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryException;
import org.apache.spark.sql.streaming.Trigger;

/**
 * Which files of a dataset make which wave, and how far a run has come: Spark's file source with {@code Trigger.AvailableNow}
 * and its checkpoint. The files of a wave are fixed in the checkpoint before the wave begins, and never change after that.
 */
final class Waves {
    /** Spark forgets files older than this and would skip one that is added late with an old date. */
    private static final String NEVER = "36500d";

    private final SparkSession spark;
    private final InputDataset dataset;
    private final String checkpoint;

    Waves(SparkSession spark, InputDataset dataset, String checkpoint) {
        this.spark = spark;
        this.dataset = dataset;
        this.checkpoint = checkpoint;
    }

    /** What is done with a wave. It may be asked for one that is done already, if the run was cut short right after it. */
    interface Work {
        void process(Dataset<Row> rows, int wave);
    }

    /** Works through everything that the checkpoint does not know as done, in waves; returns when all is done. */
    void process(WaveOptions options, Work work) {
        DataStreamReader reader = spark.readStream()
                .schema(dataset.rows().schema())
                .options(InputDataset.READING)
                .option("maxFileAge", NEVER);
        if (options.files().isPresent()) {
            reader.option("maxFilesPerTrigger", options.files().get());
        } else {
            reader.option("maxBytesPerTrigger", options.bytes());
        }
        chooseCheckpointWriter();
        try {
            StreamingQuery query = reader.parquet(dataset.path())
                    .writeStream()
                    .queryName("maskroute")
                    .trigger(Trigger.AvailableNow())
                    .option("checkpointLocation", checkpoint)
                    .foreachBatch((Dataset<Row> rows, Long wave) -> work.process(rows, Math.toIntExact(wave)))
                    .start();
            try {
                query.awaitTermination();
            } finally {
                query.stop();
            }
        } catch (StreamingQueryException e) {
            throw SparkFailures.explained(e);
        } catch (TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Spark renames checkpoint files into place, which an object store does by copying: not at once, and twice the work. */
    private void chooseCheckpointWriter() {
        String key = SQLConf.STREAMING_CHECKPOINT_FILE_MANAGER_CLASS().parent().key();
        Path folder = HadoopFiles.path(checkpoint);
        try {
            if (spark.conf().getOption(key).isEmpty()
                    && HadoopFiles.fileSystem(folder, spark.sessionState().newHadoopConf())
                            .hasPathCapability(folder, CommonPathCapabilities.ABORTABLE_STREAM)) {
                spark.conf().set(key, AbortableStreamBasedCheckpointFileManager.class.getName());
            }
        } catch (IOException e) {
            throw new UnusableInputException(
                    "the checkpoint " + checkpoint + " cannot be written: " + e.getMessage(), e);
        }
    }

    /**
     * Refuses a dataset whose files are no longer what the waves were made of.
     *
     * <p>The checkpoint has the files' dates from before their wave began. A file that was restored after that (the wave had failed
     * on it) and then read is as it should be: newer than the checkpoint says, but not newer than the wave.
     *
     * @throws UnusableInputException when the checkpoint is gone, or a file that has been processed is gone or changed
     */
    void requireProcessedFiles(WaveFolders folders) {
        Map<Integer, WaveFolders.Wave> written = folders.committed();
        if (written.isEmpty()) {
            return;
        }
        try {
            Path log = new Path(checkpoint, "sources/0");
            if (!HadoopFiles.fileSystem(log, spark.sessionState().newHadoopConf())
                    .exists(log)) {
                throw new UnusableInputException("the checkpoint " + checkpoint + " is gone, so nobody knows what the "
                        + written.size() + " waves in the output were made of: restore it, or start over with --fresh");
            }
            Map<Path, Long> present = files();
            for (FileStreamSource.FileEntry file :
                    new FileStreamSourceLog(FileStreamSourceLog.VERSION(), spark, log.toString()).restore()) {
                WaveFolders.Wave wave = written.get(Math.toIntExact(file.batchId()));
                if (wave == null) {
                    continue;
                }
                Long changed = present.get(file.sparkPath().toPath());
                if (changed == null || (changed != file.timestamp() && !changedBefore(wave, file, changed, folders))) {
                    throw new UnusableInputException("the dataset's file "
                            + file.sparkPath().toPath() + (changed == null ? " is gone" : " has changed")
                            + " since wave " + file.batchId() + " was made of it: restore the dataset, or start over"
                            + " with --fresh (new files are welcome)");
                }
            }
        } catch (IOException e) {
            throw new UnusableInputException(
                    "the checkpoint " + checkpoint + " or the dataset " + dataset.path() + " cannot be read: "
                            + e.getMessage(),
                    e);
        }
    }

    private static boolean changedBefore(
            WaveFolders.Wave wave, FileStreamSource.FileEntry file, long changed, WaveFolders folders)
            throws IOException {
        // A wave whose failed prompts ran again was read twice, and its date is that of the second time.
        return wave.generation() == 0 && changed > file.timestamp() && changed < folders.completed(wave);
    }

    /** When each of the dataset's files was last changed. */
    private Map<Path, Long> files() throws IOException {
        Path folder = HadoopFiles.path(dataset.path());
        FileSystem files = HadoopFiles.fileSystem(folder, spark.sessionState().newHadoopConf());
        Map<Path, Long> changed = new HashMap<>();
        RemoteIterator<LocatedFileStatus> all = files.listFiles(folder, true);
        while (all.hasNext()) {
            FileStatus file = all.next();
            // Not the millions of pictures that may lie there, too.
            if (InputDataset.isPart(file.getPath())) {
                changed.put(file.getPath(), file.getModificationTime());
            }
        }
        return changed;
    }
}
