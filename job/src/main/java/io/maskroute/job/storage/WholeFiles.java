package io.maskroute.job.storage;

import io.maskroute.datasets.schema.HadoopFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.CommonPathCapabilities;
import org.apache.hadoop.fs.EtagSource;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.functional.FutureIO;

/** Files that appear at once and whole, or not at all. What is half written has a name that begins with a dot. */
public final class WholeFiles {
    private static final String S3A = "s3a";
    private static final int LARGEST = 1 << 30;
    private static final int READINGS = 10;

    private final Configuration hadoop;

    public WholeFiles(Configuration hadoop) {
        this.hadoop = hadoop;
    }

    /** What a stream is written by. */
    public interface Writing {
        void to(OutputStream out) throws IOException;
    }

    public FileSystem fileSystem(Path path) throws IOException {
        return HadoopFiles.fileSystem(path, hadoop);
    }

    /**
     * The whole of a file. One that another process replaces in the meantime is read again: on S3 and HDFS the old one may not be
     * readable to its end.
     *
     * @throws java.io.FileNotFoundException when it is not there
     */
    public byte[] read(Path path) throws IOException {
        FileSystem files = fileSystem(path);
        for (int attempt = 1; ; attempt++) {
            FileStatus status = files.getFileStatus(path);
            try (InputStream in = FutureIO.awaitFuture(
                    files.openFile(path).withFileStatus(status).build())) {
                return in.readNBytes(LARGEST);
            } catch (IOException e) {
                if (attempt == READINGS || version(files.getFileStatus(path)).equals(version(status))) {
                    throw e;
                }
            }
        }
    }

    private static List<Object> version(FileStatus status) {
        return List.of(
                status.getLen(),
                status.getModificationTime(),
                status instanceof EtagSource tagged && tagged.getEtag() != null ? tagged.getEtag() : "");
    }

    /** Writes a file, in place of one that is there: a reader finds the old one or the new one. */
    public void replace(Path path, Writing content) throws IOException {
        FileSystem files = fileSystem(path);
        if (isObjectStore(files, path)) {
            // Nothing is there before the end of the stream, and a rename would be a copy.
            try (FSDataOutputStream out = files.create(path, true)) {
                try {
                    content.to(out);
                } catch (IOException | RuntimeException | Error e) {
                    out.abort();
                    throw e;
                }
            }
            return;
        }
        if (files instanceof RawLocalFileSystem) {
            replaceLocal(local(files.makeQualified(path)), content);
            return;
        }
        Path half = half(path);
        try {
            try (OutputStream out = files.create(half, true)) {
                content.to(out);
            }
            FileContext.getFileContext(files.getUri(), hadoop)
                    .rename(files.makeQualified(half), files.makeQualified(path), Options.Rename.OVERWRITE);
        } catch (IOException | RuntimeException | Error e) {
            files.delete(half, false);
            throw e;
        }
    }

    /** Hadoop would make an Error of a full disk. */
    private static void replaceLocal(java.nio.file.Path path, Writing content) throws IOException {
        Files.createDirectories(path.getParent());
        java.nio.file.Path half = path.resolveSibling("." + path.getFileName() + "." + UUID.randomUUID());
        try {
            try (OutputStream out = Files.newOutputStream(half, StandardOpenOption.CREATE_NEW)) {
                content.to(out);
            }
            Files.move(half, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(half);
        }
    }

    /**
     * Writes a file where there is none. Of several writers, in whatever processes, one wins: by a hard link on local disks, a
     * rename that does not replace on HDFS, a conditional request to S3. Elsewhere the file system's own promise not to
     * overwrite has to do.
     *
     * @return whether this writer won; false leaves the file as it is
     */
    public boolean create(Path path, byte[] content) throws IOException {
        FileSystem files = fileSystem(path);
        files.mkdirs(path.getParent());
        if (files instanceof RawLocalFileSystem) {
            return link(path, content, files);
        }
        if (S3A.equals(files.getScheme())) {
            return S3aCreation.create(files, path, content);
        }
        if (isObjectStore(files, path)) {
            try (OutputStream out = files.create(path, false)) {
                out.write(content);
                return true;
            } catch (org.apache.hadoop.fs.FileAlreadyExistsException | FileAlreadyExistsException e) {
                return false;
            }
        }
        Path half = half(path);
        try (OutputStream out = files.create(half, true)) {
            out.write(content);
        }
        try {
            FileContext.getFileContext(files.getUri(), hadoop)
                    .rename(files.makeQualified(half), files.makeQualified(path));
            return true;
        } catch (org.apache.hadoop.fs.FileAlreadyExistsException e) {
            return false;
        } finally {
            files.delete(half, false);
        }
    }

    private static boolean link(Path path, byte[] content, FileSystem files) throws IOException {
        java.nio.file.Path half = local(files.makeQualified(half(path)));
        java.nio.file.Path target = local(files.makeQualified(path));
        Files.write(half, content);
        try {
            Files.createLink(target, half);
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        } catch (UnsupportedOperationException | IOException e) {
            return createWithoutLinks(target, content);
        } finally {
            Files.deleteIfExists(half);
        }
    }

    /** Some mounted file systems have no hard links. A writer that is killed here leaves a file that cannot be read. */
    static boolean createWithoutLinks(java.nio.file.Path target, byte[] content) throws IOException {
        OutputStream out;
        try {
            out = Files.newOutputStream(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        } catch (FileAlreadyExistsException there) {
            return false;
        }
        try (out) {
            out.write(content);
            return true;
        } catch (IOException e) {
            // Of a full disk, say: half an entry would keep every other driver from reading the rest.
            Files.deleteIfExists(target);
            throw e;
        }
    }

    /** What keeps {@link #create} from telling two writers apart on this folder's storage, as far as that is known; in words. */
    public Optional<String> doubt(Path folder) throws IOException {
        FileSystem files = fileSystem(folder);
        Path probe = new Path(folder, ".probe-" + UUID.randomUUID());
        try {
            create(probe, new byte[] {1});
            return create(probe, new byte[] {2})
                    ? Optional.of(files.getScheme()
                            + ": overwrites a file that another writer has just made, though told not to")
                    : Optional.empty();
        } finally {
            files.delete(probe, false);
        }
    }

    private static boolean isObjectStore(FileSystem files, Path path) throws IOException {
        return files.hasPathCapability(path, CommonPathCapabilities.ABORTABLE_STREAM);
    }

    private static Path half(Path path) {
        return new Path(path.getParent(), "." + path.getName() + "." + UUID.randomUUID());
    }

    private static java.nio.file.Path local(Path path) {
        return java.nio.file.Path.of(path.toUri().getPath());
    }
}
