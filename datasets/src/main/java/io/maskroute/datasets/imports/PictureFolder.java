package io.maskroute.datasets.imports;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.datasets.writer.Findings;
import io.maskroute.datasets.writer.UnusableEntryException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** The pictures below a folder, at any depth, by their names in it; hidden ones (. or _ in front) are passed over. */
final class PictureFolder {
    /** What runs read, and what they refuse by name: a picture that cannot be used is not to be missing without a word. */
    private static final Set<String> ENDINGS = Set.of(
            "jpg", "jpeg", "jpe", "jfif", "png", "gif", "bmp", "webp", "tif", "tiff", "heic", "heif", "avif", "jxl",
            "jp2");

    private final Path root;
    private final Map<String, Path> byName = new TreeMap<>();
    /** By the last part of the name, and by that without its ending; null where there are several. */
    private final Map<String, String> byLast = new HashMap<>();

    private PictureFolder(Path root) {
        this.root = root;
    }

    /** @throws UnusableInputException when there is no such folder, or no picture in it */
    static PictureFolder list(String folder, Findings findings, Configuration hadoop) {
        Path given = HadoopFiles.path(folder);
        try {
            FileSystem files = HadoopFiles.fileSystem(given, hadoop);
            if (!files.getFileStatus(given).isDirectory()) {
                throw new UnusableInputException(folder + " is a file; --images takes a folder of pictures");
            }
            PictureFolder pictures = new PictureFolder(files.makeQualified(given));
            long others = pictures.walk(files, findings);
            if (pictures.byName.isEmpty()) {
                throw new UnusableInputException("There are no pictures in " + folder
                        + (others == 0 ? "" : ": none of its " + others + " files ends in .jpg, .png, …"));
            }
            return pictures;
        } catch (FileNotFoundException e) {
            throw new UnusableInputException("There is no folder " + folder, e);
        } catch (IOException e) {
            throw new UnusableInputException("The folder " + folder + " cannot be listed: " + Reason.of(e), e);
        }
    }

    private long walk(FileSystem files, Findings findings) throws IOException {
        long others = 0;
        Deque<Path> folders = new ArrayDeque<>(List.of(root));
        int prefix = root.toString().length() + (root.toString().endsWith("/") ? 0 : 1);
        while (!folders.isEmpty()) {
            for (FileStatus file : files.listStatus(folders.pop())) {
                String last = file.getPath().getName();
                if (last.startsWith(".") || last.startsWith("_")) {
                    continue;
                }
                if (file.isDirectory()) {
                    folders.push(file.getPath());
                } else if (ENDINGS.contains(ending(last))) {
                    String name = file.getPath().toString().substring(prefix);
                    byName.put(name, file.getPath());
                    remember(last, name);
                    remember(withoutEnding(last), name);
                } else {
                    others++;
                    findings.note("no-picture", name(file.getPath(), prefix) + " does not end as pictures do");
                }
            }
        }
        return others;
    }

    private static String name(Path file, int prefix) {
        return file.toString().substring(prefix);
    }

    private void remember(String key, String name) {
        byLast.put(key, byLast.containsKey(key) ? null : name);
    }

    private static String ending(String name) {
        return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }

    private static String withoutEnding(String name) {
        int dot = name.lastIndexOf('.');
        return dot > 0 ? name.substring(0, dot) : name;
    }

    /** In the order of their names. */
    List<String> names() {
        return new ArrayList<>(byName.keySet());
    }

    String uriOf(String name) {
        return byName.get(name).toString();
    }

    /** Absolute; a URI unless it is on this machine. */
    String path() {
        return "file".equals(root.toUri().getScheme()) ? root.toUri().getPath() : root.toString();
    }

    /**
     * The picture that a list means: its name in the folder, or the last part of it, with or without its ending, where only one
     * picture is called so.
     *
     * @throws UnusableEntryException when there is none, or more than one
     */
    String find(String said, String where) throws UnusableEntryException {
        String name = said.strip().replace('\\', '/').replaceFirst("^(\\./)+", "");
        if (byName.containsKey(name)) {
            return name;
        }
        String inRoot = path().endsWith("/") ? path() : path() + "/";
        if (name.startsWith(inRoot) && byName.containsKey(name.substring(inRoot.length()))) {
            return name.substring(inRoot.length());
        }
        if (!name.contains("/")) {
            String only = byLast.get(name);
            if (only != null) {
                return only;
            }
            if (byLast.containsKey(name)) {
                throw new UnusableEntryException(
                        "ambiguous-image",
                        where + ": several pictures in " + path() + " are called '" + name
                                + "': give the name with its folder");
            }
        }
        throw new UnusableEntryException("missing-image", where + ": there is no picture '" + said + "' in " + path());
    }
}
