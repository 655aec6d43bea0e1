package io.maskroute.job.results;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.parquet.DataFile;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.job.commit.GroupManifest.PredictionFile;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The files in {@code predictions/}. Tasks write below a hidden name; what the log of groups lists is then moved to where every
 * reader of Parquet finds it. A driver that dies between the two leaves the moving to the next one.
 */
public final class PredictionFiles {
    private static final String NEW = "_new";
    /** Each is a request to an object store, and there a copy. */
    private static final int MOVED_AT_ONCE = 16;

    private final Path run;
    private final Path visible;
    private final Path hidden;
    private final Configuration hadoop;

    PredictionFiles(Path run, Configuration hadoop) {
        this.run = run;
        this.visible = new Path(run, RunFolder.PREDICTIONS);
        this.hidden = new Path(visible, NEW);
        this.hadoop = hadoop;
    }

    /** Where tasks write. */
    public String hidden() {
        return hidden.toString();
    }

    /** What the log calls a file that a task has written under this name. */
    public static String path(String name) {
        return RunFolder.PREDICTIONS + "/" + name;
    }

    private static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /**
     * Makes the files that count visible, and no others; what an earlier driver has done of it is not done again.
     *
     * @param live all files that count
     * @param replaced paths of files that counted before
     */
    public void publishAll(List<PredictionFile> live, List<String> replaced) {
        try {
            Set<String> waiting =
                    names(HadoopFiles.fileSystem(hidden, hadoop), hidden).keySet();
            publish(
                    live.stream()
                            .filter(file -> waiting.contains(name(file.path())))
                            .toList(),
                    replaced);
        } catch (IOException e) {
            throw new UnusableInputException(hidden + " cannot be read: " + Reason.of(e), e);
        }
    }

    /**
     * Makes files visible that have just come to count.
     *
     * @param replaced paths of files that counted before
     */
    public void publish(List<PredictionFile> added, List<String> replaced) {
        try {
            FileSystem files = HadoopFiles.fileSystem(visible, hadoop);
            files.mkdirs(visible);
            // First, so that a reader that looks on may miss a prompt for a moment, but never finds it twice.
            inParallel(replaced.stream().<Callable<Void>>map(path -> () -> {
                files.delete(new Path(visible, name(path)), false);
                files.delete(new Path(hidden, name(path)), false);
                return null;
            }));
            inParallel(added.stream().map(file -> name(file.path())).<Callable<Void>>map(name -> () -> {
                Path target = new Path(visible, name);
                if (!files.rename(new Path(hidden, name), target) && !files.exists(target)) {
                    throw new IOException("it could not be moved there from " + hidden);
                }
                return null;
            }));
        } catch (IOException e) {
            throw new UnusableInputException(visible + " cannot be written: " + Reason.ofWriting(e), e);
        }
    }

    /** Deletes files that will never count, such as those whose rows are in a larger one now. */
    public void discard(List<String> names) {
        try {
            FileSystem files = HadoopFiles.fileSystem(hidden, hadoop);
            inParallel(names.stream().<Callable<Void>>map(name -> () -> {
                files.delete(new Path(hidden, name), false);
                return null;
            }));
        } catch (IOException e) {
            throw new UnusableInputException(hidden + " cannot be written: " + Reason.ofWriting(e), e);
        }
    }

    private static void inParallel(Stream<Callable<Void>> work) throws IOException {
        List<Callable<Void>> all = work.toList();
        if (all.isEmpty()) {
            return;
        }
        ExecutorService threads = Executors.newFixedThreadPool(Math.min(MOVED_AT_ONCE, all.size()));
        try {
            for (Future<Void> done : threads.invokeAll(all)) {
                done.get();
            }
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            threads.shutdownNow();
        }
    }

    /**
     * Where the files are now, moved or not.
     *
     * @throws UnusableInputException when one is gone
     */
    public List<DataFile> located(List<PredictionFile> live) {
        try {
            FileSystem files = HadoopFiles.fileSystem(visible, hadoop);
            Map<String, FileStatus> there = names(files, hidden);
            there.putAll(names(files, visible));
            return live.stream()
                    .map(file -> {
                        FileStatus status = there.get(name(file.path()));
                        if (status == null) {
                            throw new UnusableInputException(new Path(run, file.path())
                                    + " is gone, though its rows count: restore it, or start over with --fresh");
                        }
                        return new DataFile(status.getPath().toString(), status.getLen(), status.getModificationTime());
                    })
                    .toList();
        } catch (IOException e) {
            throw new UnusableInputException(visible + " cannot be read: " + Reason.of(e), e);
        }
    }

    /** Whether every reader of Parquet finds just these files. */
    public boolean showsJust(List<PredictionFile> live) {
        try {
            Set<String> shown = new HashSet<>(
                    names(HadoopFiles.fileSystem(visible, hadoop), visible).keySet());
            return shown.equals(
                    Set.copyOf(live.stream().map(file -> name(file.path())).toList()));
        } catch (IOException e) {
            throw new UnusableInputException(visible + " cannot be read: " + Reason.of(e), e);
        }
    }

    /** Files by name, but hidden ones. */
    private static Map<String, FileStatus> names(FileSystem files, Path folder) throws IOException {
        Map<String, FileStatus> names = new HashMap<>();
        try {
            for (FileStatus file : files.listStatus(folder)) {
                String name = file.getPath().getName();
                if (!name.startsWith("_") && !name.startsWith(".")) {
                    names.put(name, file);
                }
            }
        } catch (FileNotFoundException e) {
            // Nothing has been written yet.
        }
        return names;
    }

    /** Deletes what never came to count, of whatever driver. */
    public void deleteHidden() {
        try {
            HadoopFiles.fileSystem(hidden, hadoop).delete(hidden, true);
        } catch (IOException e) {
            throw new UnusableInputException(hidden + " cannot be deleted: " + Reason.of(e), e);
        }
    }
}
