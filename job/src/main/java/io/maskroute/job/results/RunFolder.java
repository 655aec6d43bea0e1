package io.maskroute.job.results;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.HadoopFiles;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsAction;
import org.apache.hadoop.security.AccessControlException;

/**
 * The folder of one run. {@code run.json} is written first and marks the folder as maskroute's; {@code summary.json} is written
 * last, so a run that was cut short has none.
 */
public final class RunFolder {
    public static final String RUN = "run.json";
    public static final String SUMMARY = "summary.json";
    public static final String REPORT = "report.html";
    public static final String PREDICTIONS = "predictions";

    private static final int LARGEST_JSON = 64 << 20;

    private final String name;
    private final Path folder;
    private final Configuration hadoop;

    public RunFolder(String name, Configuration hadoop) {
        this.name = name;
        this.folder = HadoopFiles.path(name);
        this.hadoop = hadoop;
    }

    /** What a stream is written by. */
    public interface Writing {
        void to(OutputStream out) throws IOException;
    }

    /**
     * Checks, without changing anything, that the folder can be made.
     *
     * @throws UnusableInputException if it exists and {@code overwrite} is off, or is not a run folder, or its parent cannot
     *     be written
     */
    public void requireUsable(boolean overwrite) {
        try {
            FileSystem files = files();
            if (!files.exists(folder)) {
                requireWritableParent(files);
                return;
            }
            if (!files.getFileStatus(folder).isDirectory()) {
                throw new UnusableInputException("the output " + name + " is a file; name a folder with --output");
            }
            FileStatus[] content = files.listStatus(folder);
            if (content.length == 0) {
                return;
            }
            if (!overwrite) {
                throw new UnusableInputException("the output " + name
                        + " exists already: name another folder with --output, or replace it with --overwrite");
            }
            if (!files.exists(new Path(folder, RUN))) {
                throw new UnusableInputException("the output " + name + " is not a run folder (it has no " + RUN
                        + "), so --overwrite will not delete it: name another folder with --output");
            }
        } catch (IOException e) {
            throw new UnusableInputException("the output " + name + " cannot be used: " + e.getMessage(), e);
        }
    }

    /**
     * Checks that the run and the dataset stay out of each other's way: Spark reads whatever lies in a dataset's folder, and
     * making the run folder deletes what was in it.
     *
     * @throws UnusableInputException if one of them is the other or lies in it
     */
    public void requireApart(String dataset) {
        try {
            String run = location(folder);
            String data = location(HadoopFiles.path(dataset));
            if (run.startsWith(data)) {
                throw new UnusableInputException("the output " + name + " is the dataset's folder " + dataset
                        + " or inside it; name another folder with --output");
            }
            if (data.startsWith(run)) {
                throw new UnusableInputException("the output " + name + " holds the dataset " + dataset
                        + ", which would be deleted; name another folder with --output");
            }
        } catch (IOException e) {
            throw new UnusableInputException("the output " + name + " cannot be used: " + e.getMessage(), e);
        }
    }

    /** Absolute, without links and dots where the file system is this machine's, and with a slash at the end. */
    private String location(Path path) throws IOException {
        URI uri = HadoopFiles.fileSystem(path, hadoop).makeQualified(path).toUri();
        String text = "file".equals(uri.getScheme())
                ? new File(uri.getPath()).getCanonicalPath()
                : uri.normalize().toString();
        return text.endsWith("/") ? text : text + "/";
    }

    private void requireWritableParent(FileSystem files) throws IOException {
        Path parent = files.makeQualified(folder).getParent();
        while (parent != null && !files.exists(parent)) {
            parent = parent.getParent();
        }
        if (parent == null || !files.getFileStatus(parent).isDirectory()) {
            throw new UnusableInputException("the output " + name + " cannot be made: " + parent
                    + " is not a folder; name another with --output");
        }
        try {
            files.access(parent, FsAction.WRITE);
        } catch (AccessControlException e) {
            throw new UnusableInputException(
                    "the output " + name + " cannot be made: " + parent
                            + " is not writable; name another with --output",
                    e);
        }
    }

    /** Makes the folder, empty. {@link #requireUsable} comes first. */
    public void create() {
        try {
            FileSystem files = files();
            files.delete(folder, true);
            if (!files.mkdirs(folder)) {
                throw new IOException("the folder cannot be made");
            }
        } catch (IOException e) {
            throw new UnusableInputException("the output " + name + " cannot be written: " + e.getMessage(), e);
        }
    }

    /** Takes back what {@link #create} made, after a failure that is reported anyway. */
    public void remove() throws IOException {
        files().delete(folder, true);
    }

    public void write(String file, Writing content) {
        Path path = new Path(folder, file);
        try (OutputStream out = files().create(path, true)) {
            content.to(out);
        } catch (IOException e) {
            throw new UnusableInputException(path + " cannot be written: " + e.getMessage(), e);
        }
    }

    /** @throws UnusableInputException if there is no such file: the folder is no finished run */
    public byte[] read(String file) {
        Path path = new Path(folder, file);
        try (InputStream in = files().open(path)) {
            return in.readNBytes(LARGEST_JSON);
        } catch (FileNotFoundException e) {
            throw new UnusableInputException(name + " is not the folder of a finished run: it has no " + file, e);
        } catch (IOException e) {
            throw new UnusableInputException(path + " cannot be read: " + e.getMessage(), e);
        }
    }

    public boolean has(String file) {
        try {
            return files().exists(new Path(folder, file));
        } catch (IOException e) {
            throw new UnusableInputException(name + " cannot be read: " + e.getMessage(), e);
        }
    }

    public String predictions() {
        return new Path(folder, PREDICTIONS).toString();
    }

    /** For people: where a file of the run folder {@code name} is. */
    public static String file(String name, String file) {
        return name.endsWith("/") ? name + file : name + "/" + file;
    }

    Configuration hadoop() {
        return hadoop;
    }

    @Override
    public String toString() {
        return name;
    }

    private FileSystem files() throws IOException {
        return HadoopFiles.fileSystem(folder, hadoop);
    }
}
