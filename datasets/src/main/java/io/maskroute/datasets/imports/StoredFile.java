package io.maskroute.datasets.imports;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.labels.LabelMap;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.datasets.writer.UnusableEntryException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Small files of a dataset's tree, wherever it lies. */
final class StoredFile {
    private static final int LARGEST = 256 << 20;

    private StoredFile() {}

    /** @throws UnusableEntryException when there is no such file, or it is too large */
    static byte[] read(Path file, String what, Configuration hadoop) throws UnusableEntryException, IOException {
        try (InputStream in = HadoopFiles.fileSystem(file, hadoop).open(file)) {
            byte[] bytes = in.readNBytes(LARGEST);
            if (bytes.length == LARGEST) {
                throw new UnusableEntryException("mask-too-large", what + ": " + file + " is too large");
            }
            return bytes;
        } catch (FileNotFoundException e) {
            throw new UnusableEntryException("missing-mask", what + ": there is no file " + file);
        }
    }

    /** A label in each pixel: a palette's index or a gray value. */
    static LabelMap labels(Path file, String what, Configuration hadoop) throws UnusableEntryException, IOException {
        return map(file, what, hadoop, LabelMap::ofLabels);
    }

    /** A segment's id in each pixel, in three colours. */
    static LabelMap segments(Path file, String what, Configuration hadoop) throws UnusableEntryException, IOException {
        return map(file, what, hadoop, LabelMap::ofSegmentIds);
    }

    private static LabelMap map(
            Path file, String what, Configuration hadoop, BiFunction<java.nio.file.Path, byte[], LabelMap> reader)
            throws UnusableEntryException, IOException {
        byte[] bytes = read(file, what, hadoop);
        try {
            return reader.apply(java.nio.file.Path.of(file.getName()), bytes);
        } catch (UnusableInputException e) {
            throw new UnusableEntryException("bad-mask", what + ": " + e.getMessage());
        }
    }

    /** The files of a folder by name, hidden ones left out; empty where there is no such folder. */
    static List<Path> list(Path folder, Configuration hadoop) {
        try {
            FileSystem files = HadoopFiles.fileSystem(folder, hadoop);
            return Arrays.stream(files.listStatus(folder))
                    .filter(FileStatus::isFile)
                    .map(FileStatus::getPath)
                    .filter(path -> !path.getName().startsWith("."))
                    .sorted()
                    .toList();
        } catch (FileNotFoundException e) {
            return List.of();
        } catch (IOException e) {
            throw new UnusableInputException("The folder " + folder + " cannot be listed: " + Reason.of(e), e);
        }
    }

    static boolean exists(Path path, Configuration hadoop) {
        try {
            return HadoopFiles.fileSystem(path, hadoop).exists(path);
        } catch (IOException e) {
            throw new UnusableInputException(path + " cannot be read: " + Reason.of(e), e);
        }
    }

    static String stem(String name) {
        int dot = name.lastIndexOf('.');
        return dot > 0 ? name.substring(0, dot) : name;
    }
}
