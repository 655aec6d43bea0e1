package io.maskroute.datasets.schema;

import io.maskroute.core.error.UnusableInputException;
import java.io.IOException;
import java.net.UnknownHostException;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;

/** Files of datasets, wherever they are: a local path, hdfs://, s3a:// or whatever else Hadoop is set up for. */
public final class HadoopFiles {
    private static final Pattern URI = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:/.*", Pattern.DOTALL);

    private HadoopFiles() {}

    /**
     * What begins with a scheme, a colon and a slash is a URI; everything else is a path that means itself, whatever its letters.
     * In neither are there escapes or patterns: {@code %20} and {@code *} are just that.
     *
     * @throws UnusableInputException when the text is not a path
     */
    public static Path path(String path) {
        try {
            // Hadoop alone would take the "a" of "a:b" for a scheme.
            return URI.matcher(path).matches() ? new Path(path) : new Path(null, null, path);
        } catch (IllegalArgumentException e) {
            throw new UnusableInputException("'" + path + "' is not a path or URI: " + e.getMessage(), e);
        }
    }

    /**
     * The file system a path is on. Local files go without Hadoop's checksum files: they would break a file that somebody
     * edits by hand. What may not be read there is said to be so.
     *
     * @throws UnusableInputException when no file system is set up for the path's scheme
     */
    public static FileSystem fileSystem(Path path, Configuration hadoop) throws IOException {
        try {
            FileSystem files = path.getFileSystem(hadoop);
            return files instanceof LocalFileSystem ? LocalFiles.of(hadoop) : files;
        } catch (UnsupportedFileSystemException e) {
            throw noFileSystem(path, e);
        } catch (RuntimeException e) {
            // Hadoop knows the scheme, but its module is not there.
            if (e.getCause() instanceof ClassNotFoundException) {
                throw noFileSystem(path, e);
            }
            // HDFS looks for its host before anything is read.
            if (e.getCause() instanceof UnknownHostException host) {
                throw host;
            }
            throw e;
        } catch (NoClassDefFoundError e) {
            throw noFileSystem(path, e);
        }
    }

    private static UnusableInputException noFileSystem(Path path, Throwable cause) {
        String scheme = path.toUri().getScheme();
        return new UnusableInputException(
                "No file system is set up for " + path + ": put Hadoop's module for '" + scheme + ":'"
                        + ("s3a".equals(scheme) ? " (hadoop-aws with the AWS SDK)" : "") + " on Spark's class path ("
                        + cause.getMessage() + ")",
                cause);
    }
}
