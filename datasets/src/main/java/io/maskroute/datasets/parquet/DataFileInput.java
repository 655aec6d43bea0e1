package io.maskroute.datasets.parquet;

import io.maskroute.core.error.Reason;
import io.maskroute.datasets.schema.HadoopFiles;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Options.OpenFileOptions;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.security.AccessControlException;
import org.apache.hadoop.util.functional.FutureIO;
import org.apache.parquet.hadoop.util.HadoopStreams;
import org.apache.parquet.io.SeekableInputStream;

/**
 * A file's bytes. What goes wrong on the way to them is a {@link StorageException}, which another attempt may not meet; all other
 * exceptions of a reader are about what the bytes say.
 */
final class DataFileInput extends SeekableInputStream {
    private static final String WHERE_COLUMNS_ARE_READ = "parquet, columnar, vector, random";

    private final DataFile file;
    private final SeekableInputStream in;

    private DataFileInput(DataFile file, SeekableInputStream in) {
        this.file = file;
        this.in = in;
    }

    /** @throws UnreadableFileException when it is gone or may not be read */
    static DataFileInput open(DataFile file, Configuration hadoop) throws IOException {
        Path path = new Path(file.path());
        try {
            return new DataFileInput(
                    file,
                    HadoopStreams.wrap(FutureIO.awaitFuture(HadoopFiles.fileSystem(path, hadoop)
                            .openFile(path)
                            .opt(OpenFileOptions.FS_OPTION_OPENFILE_READ_POLICY, WHERE_COLUMNS_ARE_READ)
                            .opt(OpenFileOptions.FS_OPTION_OPENFILE_LENGTH, Long.toString(file.bytes()))
                            .build())));
        } catch (FileNotFoundException e) {
            throw new UnreadableFileException(
                    file.path() + " is gone; was the folder changed meanwhile? Restore it, or give the command again");
        } catch (AccessControlException | java.nio.file.AccessDeniedException e) {
            throw new UnreadableFileException(file.path() + " cannot be read: " + Reason.of(e));
        } catch (IOException e) {
            throw new StorageException(file, e);
        }
    }

    private interface Step<T> {
        T run() throws IOException;
    }

    private <T> T reading(Step<T> step) throws IOException {
        try {
            return step.run();
        } catch (EOFException e) {
            // The file is shorter than it says.
            throw e;
        } catch (IOException e) {
            throw new StorageException(file, e);
        }
    }

    @Override
    public long getPos() throws IOException {
        return in.getPos();
    }

    @Override
    public void seek(long position) throws IOException {
        reading(() -> {
            in.seek(position);
            return null;
        });
    }

    @Override
    public int read() throws IOException {
        return reading(in::read);
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
        return reading(() -> in.read(bytes, from, length));
    }

    @Override
    public void readFully(byte[] bytes) throws IOException {
        readFully(bytes, 0, bytes.length);
    }

    @Override
    public void readFully(byte[] bytes, int from, int length) throws IOException {
        reading(() -> {
            in.readFully(bytes, from, length);
            return null;
        });
    }

    @Override
    public int read(ByteBuffer buffer) throws IOException {
        return reading(() -> in.read(buffer));
    }

    @Override
    public void readFully(ByteBuffer buffer) throws IOException {
        reading(() -> {
            in.readFully(buffer);
            return null;
        });
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
