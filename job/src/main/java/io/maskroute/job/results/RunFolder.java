package io.maskroute.job.results;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.job.commit.GroupLog;
import io.maskroute.job.commit.Lease;
import io.maskroute.job.storage.Json;
import io.maskroute.job.storage.WholeFiles;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsAction;
import org.apache.hadoop.security.AccessControlException;

/**
 * The folder of one run. {@code run.json} is written first and marks the folder as maskroute's; {@code summary.json} is written
 * last, so a run that is not finished has none. Each file appears at once and whole, or not at all.
 */
public final class RunFolder {
    public static final String RUN = "run.json";
    public static final String SUMMARY = "summary.json";
    public static final String REPORT = "report.html";
    public static final String PREDICTIONS = "predictions";

    /** What programs of before groups kept their progress in; such runs are read, and not continued. */
    private static final String CHECKPOINT = "checkpoint";

    private static final String WAVE = "wave=";

    private static final String STATE = "_run";
    private static final String LEASE = STATE + "/lease";
    private static final String GROUPS = STATE + "/groups";
    private static final String SUSPECTS = STATE + "/suspects";
    private static final String RETRYING = STATE + "/retrying";
    /** All that this program makes, but for the lease; nothing else is ever deleted. */
    private static final List<String> CONTENTS = List.of(
            SUMMARY,
            REPORT,
            CalibrationResult.FILE,
            PREDICTIONS,
            GROUPS,
            SUSPECTS,
            RETRYING,
            CHECKPOINT,
            "_suspects",
            "_retries",
            "_retrying",
            RUN);

    private final String name;
    private final Path folder;
    private final Configuration hadoop;
    private final WholeFiles whole;

    public RunFolder(String name, Configuration hadoop) {
        this.name = name;
        this.folder = HadoopFiles.path(name);
        this.hadoop = hadoop;
        this.whole = new WholeFiles(hadoop);
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
                String inside = status.getPath().getName();
                if (!inside.startsWith(".") && !inside.equals(STATE)) {
                    throw new UnusableInputException(
                            "the output " + name + " is not empty and not a run folder (it has no " + RUN
                                    + "): name another folder with --output");
                }
            }
            return false;
        } catch (IOException e) {
            throw new UnusableInputException("the output " + name + " cannot be used: " + Reason.of(e), e);
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
            throw new UnusableInputException("the output " + name + " cannot be used: " + Reason.of(e), e);
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

    /** Keeps other drivers out. Makes the folder, if there is none. */
    public Lease lease(Duration patience, boolean takeOver, Consumer<String> saying) {
        return Lease.take(new Path(folder, LEASE), hadoop, name, patience, takeOver, saying);
    }

    /** What keeps two drivers apart by the lease alone, in words, where the output's storage is such. */
    public Optional<String> doubt() {
        try {
            return whole.doubt(new Path(folder, STATE));
        } catch (IOException e) {
            throw new UnusableInputException("the output " + name + " cannot be written: " + Reason.ofWriting(e), e);
        }
    }

    /** Deletes what this program has made here, but for the lease. What others put beside it stays. */
    public void clear() {
        CONTENTS.forEach(this::delete);
    }

    /** Deletes what this program has made here, and the folder with it, if it is empty then. */
    public void remove() throws IOException {
        clear();
        delete(STATE);
        FileSystem files = files();
        if (files.exists(folder) && files.listStatus(folder).length == 0) {
            files.delete(folder, false);
        }
    }

    /** Writes a file, in place of one that is there: a reader finds the old one or the new one, whole. */
    public void write(String file, WholeFiles.Writing content) {
        Path path = new Path(folder, file);
        try {
            files().mkdirs(path.getParent());
            whole.replace(path, content);
        } catch (IOException e) {
            throw new UnusableInputException(path + " cannot be written: " + Reason.ofWriting(e), e);
        }
    }

    /** Takes a file away: a folder that is about to change is no finished run. */
    public void delete(String file) {
        Path path = new Path(folder, file);
        try {
            files().delete(path, true);
        } catch (IOException e) {
            throw new UnusableInputException(path + " cannot be deleted: " + Reason.of(e), e);
        }
    }

    /** @throws UnusableInputException if there is no such file: the folder is no finished run */
    public byte[] read(String file) {
        Path path = new Path(folder, file);
        try {
            return whole.read(path);
        } catch (FileNotFoundException e) {
            throw new UnusableInputException(name + " is not the folder of a finished run: it has no " + file, e);
        } catch (IOException e) {
            throw new UnusableInputException(path + " cannot be read: " + Reason.of(e), e);
        }
    }

    public boolean has(String file) {
        try {
            return files().exists(new Path(folder, file));
        } catch (IOException e) {
            throw new UnusableInputException(name + " cannot be read: " + Reason.of(e), e);
        }
    }

    public String predictions() {
        return new Path(folder, PREDICTIONS).toString();
    }

    /** The files of the predictions, those that count and those that do not yet. */
    public PredictionFiles predictionFiles() {
        return new PredictionFiles(folder, hadoop);
    }

    /** What the run has done. */
    public GroupLog groups() {
        return new GroupLog(new Path(folder, GROUPS), hadoop);
    }

    /** Whether a program of before groups made the run. */
    public boolean isOfBeforeGroups() {
        if (has(GROUPS)) {
            return false;
        }
        try {
            return has(CHECKPOINT)
                    || has(PREDICTIONS)
                            && Stream.of(files().listStatus(new Path(folder, PREDICTIONS)))
                                    .anyMatch(file -> file.getPath().getName().startsWith(WAVE));
        } catch (IOException e) {
            throw new UnusableInputException(name + " cannot be read: " + Reason.of(e), e);
        }
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
            throw new UnusableInputException(name + " cannot be read: " + Reason.of(e), e);
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

    /** @throws UnusableInputException when there is no such file, or it is not of this form */
    <T> T json(String file, Class<T> type) {
        return Json.read(file(name, file), read(file), type);
    }

    /** {@code run.json}. */
    public RunRecord record() {
        return json(RUN, RunRecord.class);
    }

    /** How the run's routing adapter was made, where the adapter says so. */
    public Optional<CalibrationResult> calibration() {
        return has(CalibrationResult.FILE)
                ? Optional.of(json(CalibrationResult.FILE, CalibrationResult.class))
                : Optional.empty();
    }

    /** {@code summary.json}, if the run is finished. */
    public Optional<RunSummary> summary() {
        return has(SUMMARY) ? Optional.of(json(SUMMARY, RunSummary.class)) : Optional.empty();
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
