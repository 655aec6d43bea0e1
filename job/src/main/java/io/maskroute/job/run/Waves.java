package io.maskroute.job.run;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.parquet.DataFile;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.job.config.WaveOptions;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.results.WaveFolders;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.apache.hadoop.fs.CommonPathCapabilities;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
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
import scala.Option;
import scala.Tuple2;

/**
 * Which files of a dataset make which wave, and how far a run has come: a stream of files with {@code Trigger.AvailableNow}
 * and its checkpoint. The files of a wave are fixed in the checkpoint before the wave begins, and never change after that.
 */
final class Waves {
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
        void process(Supplier<InputDataset> files, int wave);
    }

    /** Works through everything that the checkpoint does not know as done, in waves; returns when all is done. */
    void process(WaveOptions options, Work work) {
        DataStreamReader reader = spark.readStream().format(WaveSource.class.getName());
        WaveSource.options(dataset.path(), options).forEach(reader::option);
        chooseCheckpointWriter();
        try {
            StreamingQuery query = reader.load()
                    .writeStream()
                    .queryName("maskroute")
                    .trigger(Trigger.AvailableNow())
                    .option("checkpointLocation", checkpoint)
                    .foreachBatch((Dataset<Row> nothing, Long wave) ->
                            work.process(() -> dataset.only(files(wave)), Math.toIntExact(wave)))
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

    /** Where the source keeps its log. */
    private Path logPath() {
        return new Path(HadoopFiles.path(checkpoint), "sources/0");
    }

    private FileStreamSourceLog log() {
        return new FileStreamSourceLog(
                FileStreamSourceLog.VERSION(), spark, logPath().toString());
    }

    /** The files of a wave; some may be newer than the dataset was when it was opened. */
    private List<DataFile> files(long wave) {
        Map<String, DataFile> known = new HashMap<>();
        dataset.files().forEach(file -> known.put(file.path(), file));
        List<DataFile> files = new ArrayList<>();
        Option<Object> number = Option.apply(wave);
        for (Tuple2<Object, FileStreamSource.FileEntry[]> batch : log().get(number, number)) {
            for (FileStreamSource.FileEntry entry : batch._2()) {
                Path path = entry.sparkPath().toPath();
                DataFile file = known.get(path.toString());
                files.add(file == null ? listed(path) : file);
            }
        }
        return files;
    }

    private DataFile listed(Path path) {
        try {
            FileStatus status = HadoopFiles.fileSystem(
                            path, spark.sessionState().newHadoopConf())
                    .getFileStatus(path);
            return new DataFile(path.toString(), status.getLen(), status.getModificationTime());
        } catch (IOException e) {
            throw new UnusableInputException(
                    "the dataset's file " + path + " is in the next wave and cannot be found: " + e.getMessage()
                            + "; restore it, or start over with --fresh",
                    e);
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
            Path path = logPath();
            if (!HadoopFiles.fileSystem(path, spark.sessionState().newHadoopConf())
                    .exists(path)) {
                throw new UnusableInputException("the checkpoint " + checkpoint + " is gone, so nobody knows what the "
                        + written.size() + " waves in the output were made of: restore it, or start over with --fresh");
            }
            Map<Path, Long> present = new HashMap<>();
            dataset.files().forEach(file -> present.put(new Path(file.path()), file.modified()));
            for (FileStreamSource.FileEntry file : log().restore()) {
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
}
