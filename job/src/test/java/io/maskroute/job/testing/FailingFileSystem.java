package io.maskroute.job.testing;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.AccessDeniedException;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.security.AccessControlException;

/** This machine's files, but whatever has a certain part in its path answers with a certain failure. */
public final class FailingFileSystem extends RawLocalFileSystem {
    /** Part of the paths that fail. */
    public static final String PART = "test.failing.part";
    /** Name of a {@link Failure}. */
    public static final String FAILURE = "test.failing.failure";

    private String part;
    private Failure failure;

    /** What file systems and hosts answer, in the words and classes of Java and Hadoop. */
    public enum Failure {
        DENIED_BY_S3A(path -> new AccessDeniedException(path.toString(), null, "Forbidden, 403")),
        DENIED_BY_HADOOP(
                path -> new AccessControlException("Permission denied: user=x, access=READ, inode=\"" + path + "\"")),
        NO_SPACE(path -> new IOException("No space left on device")),
        QUOTA(path -> new IOException("Disk quota exceeded")),
        READ_ONLY(path -> new IOException("Read-only file system")),
        BROKEN_DISK(path -> new IOException("Input/output error")),
        REFUSED(path -> new ConnectException("Call From here to namenode:8020 failed: Connection refused")),
        UNKNOWN_HOST(path -> new UnknownHostException("namenode.example: Name or service not known"));

        private final Function<Path, IOException> answer;

        Failure(Function<Path, IOException> answer) {
            this.answer = answer;
        }
    }

    /** Settings with which a command meets the failure. */
    public static String[] settings(String part, Failure failure) {
        return new String[] {
            "-s", "spark.hadoop.fs.file.impl=" + FailingFileSystem.class.getName(),
            "-s", "spark.hadoop.fs.file.impl.disable.cache=true",
            "-s", "spark.hadoop." + PART + "=" + part,
            "-s", "spark.hadoop." + FAILURE + "=" + failure.name()
        };
    }

    @Override
    public void initialize(URI uri, Configuration configuration) throws IOException {
        super.initialize(uri, configuration);
        part = configuration.get(PART);
        failure = Failure.valueOf(configuration.get(FAILURE));
    }

    private void failFor(Path path) throws IOException {
        if (path.toString().contains(part)) {
            throw failure.answer.apply(path);
        }
    }

    @Override
    public FSDataInputStream open(Path path, int bufferSize) throws IOException {
        failFor(path);
        return super.open(path, bufferSize);
    }

    @Override
    public FSDataOutputStream create(Path path, boolean overwrite) throws IOException {
        failFor(path);
        return super.create(path, overwrite);
    }
}
