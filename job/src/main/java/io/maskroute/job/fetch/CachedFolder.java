package io.maskroute.job.fetch;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.util.functional.FutureIO;

/**
 * A folder of this machine with one version of remote files, and in {@value #SUMS} their SHA-256 as {@code sha256sum -c} reads
 * it. It is filled under another name and gets its own when it is complete. {@value #STAMPS} holds when the system last changed
 * each file: while that is so, nobody has written to it, and it need not be read to know that. Whoever fetches or deletes holds a
 * lock on it.
 */
record CachedFolder(Path path) {
    private static final String SUMS = "SHA256SUMS";
    private static final String STAMPS = "STAMPS";
    private static final String WHOLE_FILE = Options.OpenFileOptions.FS_OPTION_OPENFILE_READ_POLICY_WHOLE_FILE;
    private static final int BUFFER_BYTES = 1 << 20;

    boolean exists() {
        return Files.isDirectory(path);
    }

    /** Whether no file has been written to since it was fetched, or since it was last read whole and found to be what was. */
    boolean isUntouched(RemoteFiles remote) throws IOException {
        try {
            return Files.readAllLines(path.resolve(STAMPS)).equals(stamps(path, remote));
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Reads all files, and if they are what was fetched, remembers that they are untouched. */
    void confirm(RemoteFiles remote) throws IOException {
        List<String> before;
        try {
            before = stamps(path, remote);
        } catch (NoSuchFileException e) {
            return;
        }
        if (isIntact(remote)) {
            Path written = Files.createTempFile(path, STAMPS, "");
            Files.write(written, before);
            Files.move(written, path.resolve(STAMPS), StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** What only the kernel sets: length, place on the disk, and the time of the last change of content or name. */
    private static List<String> stamps(Path folder, RemoteFiles remote) throws IOException {
        List<String> stamps = new ArrayList<>();
        for (FileStatus file : remote.files()) {
            Path copy = folder.resolve(file.getPath().getName());
            stamps.add(Files.size(copy) + " " + Files.getAttribute(copy, "unix:ino") + " "
                    + Files.getAttribute(copy, "unix:ctime") + "  " + copy.getFileName());
        }
        return stamps;
    }

    private boolean isIntact(RemoteFiles remote) throws IOException {
        List<String> sums;
        try {
            sums = Files.readAllLines(path.resolve(SUMS));
        } catch (NoSuchFileException e) {
            return false;
        }
        List<String> found = new ArrayList<>();
        for (FileStatus file : remote.files()) {
            Path copy = path.resolve(file.getPath().getName());
            if (!Files.isRegularFile(copy) || Files.size(copy) != file.getLen()) {
                return false;
            }
            MessageDigest digest = sha256();
            try (InputStream in = new DigestInputStream(Files.newInputStream(copy), digest)) {
                transfer(in, OutputStream.nullOutputStream());
            }
            found.add(sum(digest, copy));
        }
        return found.equals(sums);
    }

    /** @throws IOException also when a file is not as long as it was listed, or changes while it is read */
    void fetch(RemoteFiles remote) throws IOException {
        Path half = path.resolveSibling(path.getFileName() + ".half");
        delete(half);
        Files.createDirectories(half);
        List<String> sums = new ArrayList<>();
        for (FileStatus file : remote.files()) {
            Path copy = half.resolve(file.getPath().getName());
            MessageDigest digest = sha256();
            try (FSDataInputStream in = open(remote.system(), file);
                    FileChannel out = FileChannel.open(copy, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                transfer(in, new DigestOutputStream(Channels.newOutputStream(out), digest));
                out.force(true);
            }
            if (Files.size(copy) != file.getLen()) {
                throw new IOException(
                        file.getPath() + " ended after " + Files.size(copy) + " of " + file.getLen() + " bytes");
            }
            sums.add(sum(digest, copy));
        }
        Files.write(half.resolve(SUMS), sums);
        Files.write(half.resolve(STAMPS), stamps(half, remote));
        Files.move(half, path, StandardCopyOption.ATOMIC_MOVE);
    }

    /** With the status, so that an object store notices when the object is another one by the time it is read. */
    private static FSDataInputStream open(FileSystem system, FileStatus file) throws IOException {
        return FutureIO.awaitFuture(system.openFile(file.getPath())
                .withFileStatus(file)
                .opt(Options.OpenFileOptions.FS_OPTION_OPENFILE_READ_POLICY, WHOLE_FILE)
                .build());
    }

    private static void transfer(InputStream in, OutputStream out) throws IOException {
        byte[] buffer = new byte[BUFFER_BYTES];
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
            out.write(buffer, 0, count);
        }
    }

    private static String sum(MessageDigest digest, Path file) {
        return HexFormat.of().formatHex(digest.digest()) + "  " + file.getFileName();
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }
}
