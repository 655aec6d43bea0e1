package io.maskroute.job.fetch;

import io.maskroute.datasets.schema.HadoopFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.function.UnaryOperator;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.EtagSource;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A remote file, or the files right in a remote folder, as they are now.
 *
 * @param isFolder whether {@code path} is a folder
 * @param files those that are asked for, by name
 */
record RemoteFiles(Path path, FileSystem system, boolean isFolder, List<FileStatus> files) {
    private static final int NAME_BYTES = 8;

    /**
     * @param wanted from the names in a folder, those to be fetched
     * @throws FileNotFoundException when there is nothing at {@code path}
     */
    static RemoteFiles list(Path path, UnaryOperator<List<String>> wanted, Configuration hadoop) throws IOException {
        FileSystem system = HadoopFiles.fileSystem(path, hadoop);
        FileStatus status = system.getFileStatus(path);
        if (!status.isDirectory()) {
            return new RemoteFiles(path, system, false, List.of(status));
        }
        List<FileStatus> files = new ArrayList<>(List.of(system.listStatus(path)));
        files.removeIf(FileStatus::isDirectory);
        List<String> names = wanted.apply(
                files.stream().map(file -> file.getPath().getName()).toList());
        files.removeIf(file -> !names.contains(file.getPath().getName()));
        files.sort(Comparator.comparing(file -> file.getPath().getName()));
        return new RemoteFiles(path, system, true, files);
    }

    /** Names the place, for people and machines. */
    String name() {
        return path.getName() + "-" + hash(path.toString());
    }

    /** Names the content: another one whenever a file is added, removed or written anew. */
    String version() {
        StringBuilder text = new StringBuilder();
        for (FileStatus file : files) {
            // An entity tag changes with the content alone; without one, time and length are what there is.
            String tag = file instanceof EtagSource source ? source.getEtag() : null;
            text.append(file.getPath().getName())
                    .append('\n')
                    .append(file.getLen())
                    .append('\n')
                    .append(tag == null ? file.getModificationTime() : tag)
                    .append('\n');
        }
        return hash(text.toString());
    }

    long bytes() {
        return files.stream().mapToLong(FileStatus::getLen).sum();
    }

    private static String hash(String text) {
        MessageDigest digest = CachedFolder.sha256();
        return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)), 0, NAME_BYTES);
    }
}
