package io.maskroute.job.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.concurrent.CountDownLatch;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.execution.streaming.CheckpointFileManager;
import org.apache.spark.sql.execution.streaming.FileContextBasedCheckpointFileManager;

/**
 * Spark's checkpoint files, but one wave is never committed: when it is written and about to be, a file says so and nothing
 * moves any more, so that a test can kill the process between the two.
 */
public final class PausingCheckpoints extends FileContextBasedCheckpointFileManager {
    /** System property: the number of the wave. */
    public static final String WAVE = "pausing.wave";
    /** System property: the file that says so. */
    public static final String FILE = "pausing.file";

    public PausingCheckpoints(Path path, Configuration hadoop) {
        super(path, hadoop);
    }

    @Override
    public CheckpointFileManager.CancellableFSDataOutputStream createAtomic(Path path, boolean overwrite) {
        if (path.getParent().getName().equals("commits") && path.getName().equals(System.getProperty(WAVE))) {
            try {
                Files.createFile(java.nio.file.Path.of(System.getProperty(FILE)));
                new CountDownLatch(1).await();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
        return super.createAtomic(path, overwrite);
    }
}
