package io.maskroute.job.run;

import io.maskroute.core.error.Reason;
import io.maskroute.datasets.parquet.RowFileWriter;
import io.maskroute.job.predictions.PredictionSchema;
import java.io.IOException;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.util.SerializableConfiguration;

/**
 * The end of a task: prediction rows in, one file out, below a hidden name that no other attempt has. Nothing has to be committed:
 * of all attempts the driver hears of one for each task, and lists its file alone.
 *
 * @param folder of files that do not count yet
 * @param name that files begin with
 */
record PredictionWriting(String folder, String name, Broadcast<SerializableConfiguration> hadoop)
        implements Function2<Integer, Iterator<Row>, Iterator<WrittenFile>>, Serializable {
    private static final int STATUS = PredictionSchema.struct().fieldIndex("status");

    /** The same for other files of the run. */
    PredictionWriting named(String more) {
        return new PredictionWriting(folder, name + "-" + more, hadoop);
    }

    /** Of a file that was written. */
    String path(String file) {
        return new Path(folder, file).toString();
    }

    @Override
    public Iterator<WrittenFile> call(Integer task, Iterator<Row> rows) throws IOException {
        if (!rows.hasNext()) {
            return List.of(new WrittenFile(null, 0, 0, 0)).iterator();
        }
        String file = String.format(
                Locale.ROOT, "%s-%05d-%d.parquet", name, task, TaskContext.get().taskAttemptId());
        try {
            return List.of(write(file, rows)).iterator();
        } catch (IOException | FSError e) {
            // Hadoop's local file system makes an Error of a full disk.
            if (Reason.isFullDisk(e)) {
                throw new FullOutputException(
                        path(file) + " cannot be written: " + Reason.of(e)
                                + "; what is committed stays, and the same command goes on once there is room",
                        e);
            }
            throw e;
        }
    }

    private WrittenFile write(String file, Iterator<Row> rows) throws IOException {
        RowFileWriter writer = new RowFileWriter(
                path(file), PredictionSchema.struct(), hadoop.value().value());
        long failed = 0;
        // On a failure the file stays as it is: nobody lists it, and the end of the run deletes it.
        try (writer) {
            while (rows.hasNext()) {
                Row row = rows.next();
                failed += PredictionSchema.FAILED.equals(row.getString(STATUS)) ? 1 : 0;
                writer.write(row);
            }
        }
        return new WrittenFile(file, writer.rows(), failed, writer.bytes());
    }
}
