package io.maskroute.datasets.parquet;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.HadoopFiles;
import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.RemoteIterator;

/**
 * The Parquet files of a folder: all of that ending below it, at any depth. Hidden ones are passed over: those whose name, or the
 * name of a folder below this one, begins with {@code _} or {@code .}. Names of folders have no other meaning. Millions of other
 * files may lie between them: they are looked at one by one, and nothing of them is kept.
 *
 * @param files sorted by path
 * @param passedOver what does not take part though it may be meant to, in words; empty when that is nothing
 */
public record ParquetFolder(List<DataFile> files, Optional<String> passedOver) {
    public static final String ENDING = ".parquet";

    private static final Pattern OTHER_ENDING =
            Pattern.compile(".*\\.(parquet|parq|pqt?|parquet\\.(gz|zst|zip|bz2|xz))", Pattern.DOTALL);

    /**
     * @param path of a folder, or of a single file, which is taken whatever its name
     * @throws java.io.FileNotFoundException when there is nothing
     * @throws UnusableInputException when a part of it cannot be listed
     */
    public static ParquetFolder list(String path, Configuration hadoop) throws IOException {
        Path given = HadoopFiles.path(path);
        FileSystem system = HadoopFiles.fileSystem(given, hadoop);
        Path root = system.makeQualified(given);
        FileStatus status = system.getFileStatus(root);
        if (!status.isDirectory()) {
            return new ParquetFolder(
                    List.of(new DataFile(root.toString(), status.getLen(), status.getModificationTime())),
                    Optional.empty());
        }
        Collected found = new Collected(root);
        if (system instanceof RawLocalFileSystem) {
            local(found);
        } else {
            remote(system, found);
        }
        found.files.sort(Comparator.comparing(DataFile::path));
        return new ParquetFolder(List.copyOf(found.files), found.passedOver());
    }

    private static void remote(FileSystem system, Collected found) throws IOException {
        int prefix = found.root.toUri().getPath().length();
        RemoteIterator<LocatedFileStatus> all = system.listFiles(found.root, true);
        while (all.hasNext()) {
            FileStatus file = all.next();
            found.add(
                    file.getPath().toUri().getPath().substring(prefix).replaceFirst("^/", ""),
                    file.getLen(),
                    file.getModificationTime());
        }
    }

    /** Hadoop would hold the status of every file of a folder at once. */
    private static void local(Collected found) throws IOException {
        java.nio.file.Path root = java.nio.file.Path.of(found.root.toUri().getPath());
        SimpleFileVisitor<java.nio.file.Path> visitor = new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(java.nio.file.Path file, BasicFileAttributes attributes) {
                String name = root.relativize(file).toString();
                if (attributes.isRegularFile()) {
                    found.add(
                            name,
                            attributes.size(),
                            attributes.lastModifiedTime().toMillis());
                } else if (attributes.isSymbolicLink() && Collected.isPart(name)) {
                    throw new UnusableInputException(
                            file + " is a link to nothing: restore what it led to, or remove it");
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(java.nio.file.Path file, IOException e) {
                // Where a link leads back to, the walk has been.
                if (e instanceof FileSystemLoopException
                        || Collected.isHidden(root.relativize(file).toString())) {
                    return FileVisitResult.CONTINUE;
                }
                throw new UnusableInputException(
                        file + " cannot be looked at (" + Reason.of(e)
                                + "): make it readable, or hide it with a name that begins with _",
                        e);
            }
        };
        Files.walkFileTree(root, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, visitor);
    }

    /** What a walk has found. */
    private static final class Collected {
        private final Path root;
        private final List<DataFile> files = new ArrayList<>();
        private long hidden;
        private String firstHidden;
        private long others;
        private String firstOther;

        Collected(Path root) {
            this.root = root;
        }

        /** @param name below the root */
        void add(String name, long bytes, long modified) {
            if (isPart(name)) {
                files.add(new DataFile(new Path(root, new Path(null, null, name)).toString(), bytes, modified));
            } else if (name.endsWith(ENDING)) {
                hidden++;
                firstHidden = first(firstHidden, name);
            } else if (OTHER_ENDING.matcher(name.toLowerCase(Locale.ROOT)).matches() && !isHidden(name)) {
                others++;
                firstOther = first(firstOther, name);
            }
        }

        /** Of a folder's files no file system promises an order. */
        private static String first(String one, String other) {
            return one == null || other.compareTo(one) < 0 ? other : one;
        }

        static boolean isPart(String name) {
            return name.endsWith(ENDING) && !isHidden(name);
        }

        static boolean isHidden(String name) {
            return name.startsWith("_") || name.startsWith(".") || name.contains("/_") || name.contains("/.");
        }

        Optional<String> passedOver() {
            List<String> parts = new ArrayList<>();
            if (hidden > 0) {
                parts.add(count(hidden, "hidden file", firstHidden)
                        + "; what begins with _ or . is hidden, and so is all below such a folder");
            }
            if (others > 0) {
                parts.add(count(others, "file", firstOther) + ", which does not end in " + ENDING);
            }
            return parts.isEmpty() ? Optional.empty() : Optional.of(String.join("; and ", parts));
        }

        private static String count(long number, String what, String example) {
            return String.format(Locale.ROOT, "%,d %s%s (%s)", number, what, number == 1 ? "" : "s", example);
        }
    }
}
