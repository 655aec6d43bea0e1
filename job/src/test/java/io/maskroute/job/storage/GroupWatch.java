package io.maskroute.job.storage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;

/**
 * Lists a run's predictions over and over, as another reader might, and complains when what it can see is not whole: a Parquet file
 * without its end, more rows than there are prompts, a group that changes or lists a file that is nowhere.
 */
final class GroupWatch {
    private static final long PAUSE_MILLIS = 50;

    private final FileSystem files;
    private final Path run;
    private final int prompts;
    private final Thread thread = new Thread(this::watch, "group-watch");
    private final Map<String, JsonNode> groups = new TreeMap<>();
    /** Of files that have been looked into; nothing writes to a file that is there. */
    private final Map<Path, Long> rows = new HashMap<>();

    private final List<String> complaints = new ArrayList<>();
    private boolean seenUnfinished;
    private int listings;
    private volatile boolean done;

    GroupWatch(FileSystem files, String run, int prompts) {
        this.files = files;
        this.run = new Path(run);
        this.prompts = prompts;
        thread.setDaemon(true);
        thread.start();
    }

    private void watch() {
        while (!done) {
            try {
                look();
                listings++;
            } catch (FileNotFoundException e) {
                // There is nothing yet, or a file went between two requests.
            } catch (IOException e) {
                // The server is down.
            }
            try {
                Thread.sleep(PAUSE_MILLIS);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void look() throws IOException {
        for (FileStatus file : files.listStatus(new Path(run, "_run/groups"))) {
            if (file.getPath().getName().endsWith(".json")) {
                JsonNode group = read(file.getPath());
                JsonNode before = groups.putIfAbsent(file.getPath().getName(), group);
                if (before != null && !before.equals(group)) {
                    complaints.add(file.getPath() + " has changed");
                }
            }
        }
        long seen = 0;
        for (FileStatus file : files.listStatus(new Path(run, "predictions"))) {
            if (file.getPath().getName().endsWith(".parquet")) {
                seen += rows(file);
            }
        }
        if (seen > prompts) {
            complaints.add(seen + " rows of " + prompts);
        }
        seenUnfinished |= seen < prompts;
    }

    private JsonNode read(Path file) throws IOException {
        try (InputStream in = files.open(file)) {
            byte[] bytes = in.readAllBytes();
            try {
                return new ObjectMapper().readTree(bytes);
            } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
                complaints.add(file + " is no whole file: " + e);
                return null;
            }
        }
    }

    private long rows(FileStatus file) throws IOException {
        Long known = rows.get(file.getPath());
        if (known == null) {
            known = counted(file);
            rows.put(file.getPath(), known);
        }
        return known;
    }

    private long counted(FileStatus file) throws IOException {
        try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromStatus(file, files.getConf()))) {
            return reader.getRecordCount();
        } catch (RuntimeException e) {
            complaints.add(file.getPath() + " is no whole Parquet file: " + e);
            return 0;
        }
    }

    /** What was wrong; to be asked after {@link #end}. */
    List<String> complaints() {
        return complaints;
    }

    /** Groups that were seen. */
    int groups() {
        return groups.size();
    }

    /** Whether the predictions were seen before they were complete. */
    boolean sawUnfinished() {
        return seenUnfinished;
    }

    int listings() {
        return listings;
    }

    /** Looks once more, for what was finished since the last time. */
    void end() throws IOException {
        done = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        look();
    }
}
