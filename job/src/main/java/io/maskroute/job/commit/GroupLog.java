package io.maskroute.job.commit;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.storage.Json;
import io.maskroute.job.storage.WholeFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;

/**
 * The log of a run: numbered entries, each made if absent and never changed. Whoever knows all entries knows all rows that count
 * and all input that is done. An entry is made under the next free number only, so a driver that has not seen another one's entry
 * cannot add its own.
 *
 * <p>The pattern is that of Apache Iceberg's commits (table metadata made by compare-and-set, optimistic concurrency).
 */
public final class GroupLog {
    private static final Pattern NAME = Pattern.compile("(\\d{6,9})\\.json");

    private final Path folder;
    private final WholeFiles files;
    private final List<GroupManifest> entries = new ArrayList<>();

    /** @param folder {@code _run/groups}, which need not exist */
    public GroupLog(Path folder, Configuration hadoop) {
        this.folder = folder;
        this.files = new WholeFiles(hadoop);
    }

    /** Another driver made the entry that was to be made. What it says is in {@link #entries()} now. */
    public static final class ConflictException extends Exception {
        private static final long serialVersionUID = 1;

        ConflictException(GroupManifest other) {
            super("entry " + other.group() + " was made under epoch " + other.epoch());
        }
    }

    /**
     * Reads what has been added since the last time.
     *
     * @return all entries, in order
     * @throws UnusableInputException when one is missing or cannot be understood
     */
    public synchronized List<GroupManifest> refresh() {
        TreeMap<Integer, Path> found = new TreeMap<>();
        try {
            for (FileStatus file : files.fileSystem(folder).listStatus(folder)) {
                Matcher name = NAME.matcher(file.getPath().getName());
                if (name.matches()) {
                    found.put(Integer.parseInt(name.group(1)), file.getPath());
                }
            }
        } catch (FileNotFoundException e) {
            return entries();
        } catch (IOException e) {
            throw new UnusableInputException(folder + " cannot be listed: " + Reason.of(e), e);
        }
        int last = found.isEmpty() ? 0 : found.lastKey();
        List<Integer> missing = IntStream.rangeClosed(1, last)
                .filter(number -> !found.containsKey(number))
                .boxed()
                .toList();
        if (!missing.isEmpty()) {
            throw new UnusableInputException(folder + " lacks the entry " + name(missing.get(0))
                    + ", so nobody knows which predictions count: restore it, or start over with --fresh");
        }
        // An object store answers each request after some ten milliseconds.
        entries.addAll(IntStream.rangeClosed(entries.size() + 1, last)
                .parallel()
                .mapToObj(number -> read(found.get(number)))
                .toList());
        return entries();
    }

    private GroupManifest read(Path file) {
        try {
            GroupManifest read = Json.read(file.toString(), files.read(file), GroupManifest.class);
            if (read.format() != GroupManifest.FORMAT) {
                throw new UnusableInputException(file + " has the format " + read.format()
                        + ", this program knows format " + GroupManifest.FORMAT + ": use the maskroute that wrote it");
            }
            return read;
        } catch (IOException e) {
            throw new UnusableInputException(file + " cannot be read: " + Reason.of(e), e);
        }
    }

    /** All entries that are known, in order. */
    public synchronized List<GroupManifest> entries() {
        return List.copyOf(entries);
    }

    /**
     * Adds an entry.
     *
     * @throws ConflictException when there is one under its number; nothing has changed then but {@link #entries()}
     */
    public synchronized GroupManifest append(GroupManifest entry, int epoch) throws ConflictException {
        int number = entries.size() + 1;
        GroupManifest numbered = entry.numbered(number, epoch);
        Path file = new Path(folder, name(number));
        try {
            if (files.create(file, Json.write(numbered))) {
                entries.add(numbered);
                return numbered;
            }
        } catch (IOException e) {
            throw new UnusableInputException(file + " cannot be written: " + Reason.ofWriting(e), e);
        }
        refresh();
        throw new ConflictException(entries.get(number - 1));
    }

    private static String name(int number) {
        return String.format(Locale.ROOT, "%06d.json", number);
    }

    /** The files whose rows count. */
    public static List<GroupManifest.PredictionFile> live(List<GroupManifest> entries) {
        Map<String, GroupManifest.PredictionFile> live = new LinkedHashMap<>();
        for (GroupManifest entry : entries) {
            entry.replaces().forEach(live::remove);
            entry.files().forEach(file -> live.put(file.path(), file));
        }
        return List.copyOf(live.values());
    }
}
