package io.maskroute.job.storage;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;

/**
 * Lists a run's predictions over and over, as another reader might, and complains when what it can see is not whole: a Parquet
 * file without its end, a wave with its marker and without some of its rows, or one that changes after that.
 */
final class WaveWatch {
    private static final String MARKER = "_SUCCESS";
    private static final long PAUSE_MILLIS = 50;

    private final FileSystem files;
    private final Path predictions;
    private final int rowsPerWave;
    private final Thread thread = new Thread(this::watch, "wave-watch");
    private final Map<String, Map<String, Long>> complete = new TreeMap<>();
    /** Of files that have been looked into; nothing writes to a file that is there. */
    private final Map<Path, Long> rows = new HashMap<>();

    private final List<String> complaints = new ArrayList<>();
    private final TreeSet<String> seenUnfinished = new TreeSet<>();
    private int listings;
    private volatile boolean done;

    WaveWatch(FileSystem files, String predictions, int rowsPerWave) {
        this.files = files;
        this.predictions = new Path(predictions);
        this.rowsPerWave = rowsPerWave;
        thread.setDaemon(true);
        thread.start();
    }

    private void watch() {
        while (!done) {
            try {
                look();
                listings++;
            } catch (FileNotFoundException e) {
                // There is nothing yet, or a folder went between two listings.
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
        for (FileStatus wave : files.listStatus(predictions)) {
            String name = wave.getPath().getName();
            if (!name.startsWith("wave=")) {
                continue;
            }
            Map<String, Long> parquet = new TreeMap<>();
            boolean marked = false;
            for (FileStatus file : files.listStatus(wave.getPath())) {
                marked |= file.getPath().getName().equals(MARKER);
                if (file.getPath().getName().endsWith(".parquet")) {
                    parquet.put(file.getPath().getName(), rows(file));
                }
            }
            if (marked) {
                check(name, parquet);
            } else {
                seenUnfinished.add(name);
            }
        }
    }

    private void check(String wave, Map<String, Long> parquet) {
        long rows = parquet.values().stream().mapToLong(Long::longValue).sum();
        Map<String, Long> before = complete.putIfAbsent(wave, parquet);
        if (rows != rowsPerWave) {
            complaints.add(wave + " has its marker and " + rows + " rows");
        } else if (before != null && !before.equals(parquet)) {
            complaints.add(wave + " was " + before + " and is " + parquet);
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

    /** Waves that were seen complete. */
    int completeWaves() {
        return complete.size();
    }

    /** Waves that were seen without their marker. */
    int unfinishedWaves() {
        return seenUnfinished.size();
    }

    int listings() {
        return listings;
    }

    /** Looks once more, for the waves that were finished since the last time. */
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
