package io.maskroute.job.results;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.HadoopFiles;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.CommonPathCapabilities;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsAction;
import org.apache.hadoop.security.AccessControlException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder of one run. {@code run.json} is written first and marks the folder as maskroute's; {@code summary.json} is written
 * last, so a run that is not finished has none. Each file appears at once and whole, or not at all.
 */
public final class RunFolder {
    public static final String RUN = "run.json";
    public static final String SUMMARY = "summary.json";
    public static final String REPORT = "report.html";
    public static final String PREDICTIONS = "predictions";

    private static final Logger LOG = LoggerFactory.getLogger(RunFolder.class);

    private static final String CHECKPOINT = "checkpoint";
    private static final String RETRIES = "_retries";
    private static final String RETRYING = "_retrying";
    private static final String SUSPECTS = "_suspects";

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
     * Checks, without changing anything, that the folder can be made or is a run's.
     *
     * @return whether there is a run in it
     * @throws UnusableInputException if it is something else, or its parent cannot be written
     */
    public boolean holdsRun() {
        try {
            FileSystem files = files();
            if (!files.exists(folder)) {
                requireWritableParent(files);
                return false;
            }
            if (!files.getFileStatus(folder).isDirectory()) {
                throw new UnusableInputException("the output " + name + " is a file; name a folder with --output");
            }
            if (files.exists(new Path(folder, RUN))) {
                return true;
            }
            for (FileStatus status : files.listStatus(folder)) {
                if (!status.getPath().getName().startsWith(".")) {
                    throw new UnusableInputException(
                            "the output " + name + " is not empty and not a run folder (it has no " + RUN
                                    + "): name another folder with --output");
                }
            }
            return false;
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

    /** Makes the folder, empty. {@link #holdsRun} comes first. */
    public void create() {
        try {
            remove();
            if (!files().mkdirs(folder)) {
                throw new IOException("the folder cannot be made");
            }
        } catch (IOException e) {
            throw new UnusableInputException("the output " + name + " cannot be written: " + e.getMessage(), e);
        }
    }

    /** Deletes the folder and, where that is elsewhere, the run's checkpoint. */
    public void remove() throws IOException {
        Optional<String> elsewhere = checkpointElsewhere();
        if (elsewhere.isPresent()) {
            Path checkpoint = new Path(elsewhere.get());
            HadoopFiles.fileSystem(checkpoint, hadoop).delete(checkpoint, true);
        }
        files().delete(folder, true);
    }

    private Optional<String> checkpointElsewhere() {
        if (!has(RUN)) {
            return Optional.empty();
        }
        try {
            return Optional.ofNullable(record().checkpoint());
        } catch (UnusableInputException e) {
            LOG.warn("If the run had its checkpoint elsewhere, that stays: {}", e.getMessage());
            return Optional.empty();
        }
    }

    /** Writes a file, in place of one that is there: a reader finds the old one or the new one, whole. */
    public void write(String file, Writing content) {
        Path path = new Path(folder, file);
        try {
            FileSystem files = files();
            if (files.hasPathCapability(path, CommonPathCapabilities.ABORTABLE_STREAM)) {
                // An object store: nothing is there before the end of the stream, and a rename would be a copy.
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
            Path half = new Path(folder, "." + file + ".half");
            try (OutputStream out = files.create(half, true)) {
                content.to(out);
            }
            if (files instanceof RawLocalFileSystem) {
                Files.move(
                        java.nio.file.Path.of(half.toUri().getPath()),
                        java.nio.file.Path.of(path.toUri().getPath()),
                        StandardCopyOption.ATOMIC_MOVE,
                        StandardCopyOption.REPLACE_EXISTING);
            } else {
                FileContext.getFileContext(files.getUri(), hadoop)
                        .rename(files.makeQualified(half), files.makeQualified(path), Options.Rename.OVERWRITE);
            }
        } catch (IOException e) {
            throw new UnusableInputException(path + " cannot be written: " + e.getMessage(), e);
        }
    }

    /** Takes a file away: a folder that is about to change is no finished run. */
    public void delete(String file) {
        Path path = new Path(folder, file);
        try {
            files().delete(path, true);
        } catch (IOException e) {
            throw new UnusableInputException(path + " cannot be deleted: " + e.getMessage(), e);
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

    /** Where executors leave word of what was in the model when one of them was lost. */
    public String suspects() {
        return new Path(folder, SUSPECTS).toString();
    }

    /** Whether there is such word. */
    public boolean hasSuspects() {
        try {
            return files().exists(new Path(suspects())) && files().listStatus(new Path(suspects())).length > 0;
        } catch (IOException e) {
            throw new UnusableInputException(name + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** When the run is finished. */
    public void deleteSuspects() {
        delete(SUSPECTS);
    }

    /** Failed prompts get another chance: what was known of them goes, unless it is from a retry that was cut short. */
    public void beginRetry() {
        if (!has(RETRYING)) {
            deleteSuspects();
            write(RETRYING, out -> {});
        }
    }

    public void endRetry() {
        delete(RETRYING);
    }

    public WaveFolders waves() {
        return new WaveFolders(new Path(folder, PREDICTIONS), hadoop);
    }

    /** Where the run keeps its progress, unless it is kept elsewhere. */
    public String checkpoint() {
        return new Path(folder, CHECKPOINT).toString();
    }

    /** Where prompts that ran again wait for their place among the predictions. */
    public String retries() {
        return new Path(folder, RETRIES).toString();
    }

    public void deleteRetries() {
        delete(RETRIES);
    }

    /** {@code run.json}. */
    public RunRecord record() {
        return Json.read(this, RUN, RunRecord.class);
    }

    /** How the run's routing adapter was made, where the adapter says so. */
    public Optional<CalibrationResult> calibration() {
        return has(CalibrationResult.FILE)
                ? Optional.of(Json.read(this, CalibrationResult.FILE, CalibrationResult.class))
                : Optional.empty();
    }

    /** {@code summary.json}, if the run is finished. */
    public Optional<RunSummary> summary() {
        return has(SUMMARY) ? Optional.of(Json.read(this, SUMMARY, RunSummary.class)) : Optional.empty();
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
