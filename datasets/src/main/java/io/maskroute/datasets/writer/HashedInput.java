package io.maskroute.datasets.writer;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.HadoopFiles;
import java.io.FileNotFoundException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** An official file being read; once it is read to its end, the manifest can say which file exactly it was. */
public final class HashedInput extends FilterInputStream {
    private final String name;
    private final MessageDigest digest;
    private long bytes;

    private HashedInput(InputStream in, String name) {
        super(in);
        this.name = name;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * @param file a path or a URI that Hadoop knows
     * @param what what the user was asked for, for the message
     * @throws UnusableInputException when there is no such file
     */
    public static HashedInput open(String file, String what, Configuration hadoop) {
        Path path = HadoopFiles.path(file);
        try {
            return new HashedInput(HadoopFiles.fileSystem(path, hadoop).open(path), path.getName());
        } catch (FileNotFoundException e) {
            throw new UnusableInputException("There is no " + what + " " + file, e);
        } catch (IOException e) {
            throw new UnusableInputException("The " + what + " " + file + " cannot be read: " + Reason.of(e), e);
        }
    }

    /** What was read so far, for the manifest. */
    public DatasetManifest.SourceFile sourceFile() {
        return new DatasetManifest.SourceFile(name, bytes, HexFormat.of().formatHex(digest.digest()));
    }

    @Override
    public int read() throws IOException {
        int read = super.read();
        if (read >= 0) {
            digest.update((byte) read);
            bytes++;
        }
        return read;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        int read = super.read(buffer, offset, length);
        if (read > 0) {
            digest.update(buffer, offset, read);
            bytes += read;
        }
        return read;
    }

    @Override
    public long skip(long n) throws IOException {
        return readNBytes((int) Math.min(n, 1 << 16)).length;
    }

    @Override
    public boolean markSupported() {
        return false;
    }
}
