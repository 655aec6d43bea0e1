package io.maskroute.job.run;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.parquet.DataFile;
import io.maskroute.datasets.parquet.RowSlice;
import io.maskroute.job.commit.GroupLog;
import io.maskroute.job.commit.GroupManifest;
import io.maskroute.job.commit.GroupManifest.Input;
import io.maskroute.job.commit.GroupManifest.PredictionFile;
import io.maskroute.job.commit.GroupManifest.Unit;
import io.maskroute.job.commit.Lease;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.results.PredictionFiles;
import io.maskroute.job.results.RunFolder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What a run has done, as its log has it: which rows count, what they were made of, and what is left to do. */
final class Committing {
    private final RunFolder folder;
    private final PredictionFiles places;
    private final Lease lease;
    private final GroupLog log;
    private final String runId;
    private final String fingerprint;

    /** Another driver, that this one has taken over from, has committed something after all. What is left must be found anew. */
    static final class OvertakenException extends RuntimeException {
        private static final long serialVersionUID = 1;

        OvertakenException(GroupLog.ConflictException cause) {
            super(cause.getMessage(), cause);
        }
    }

    /** @param fingerprint of the run */
    Committing(RunFolder folder, Lease lease, String runId, String fingerprint) {
        this.folder = folder;
        this.places = folder.predictionFiles();
        this.lease = lease;
        this.log = folder.groups();
        this.runId = runId;
        this.fingerprint = fingerprint;
    }

    /**
     * Reads the log, and finishes what a driver that was cut short has left half done.
     *
     * @throws UnusableInputException when the log is another run's
     */
    void refresh() {
        for (GroupManifest entry : log.refresh()) {
            if (!fingerprint.equals(entry.fingerprint()) || !runId.equals(entry.runId())) {
                throw new UnusableInputException("the output " + folder + " holds the group " + entry.group()
                        + " of another run (" + entry.runId() + "): start over with --fresh");
            }
        }
        publish();
    }

    private void publish() {
        List<GroupManifest> entries = log.entries();
        places.publishAll(
                GroupLog.live(entries),
                entries.stream().flatMap(entry -> entry.replaces().stream()).toList());
    }

    boolean isEmpty() {
        return log.entries().isEmpty();
    }

    List<GroupManifest> entries() {
        return log.entries();
    }

    long prompts() {
        return live().stream().mapToLong(PredictionFile::rows).sum();
    }

    long failed() {
        return live().stream().mapToLong(PredictionFile::failed).sum();
    }

    List<PredictionFile> live() {
        return GroupLog.live(log.entries());
    }

    /**
     * The part of the dataset that is not done.
     *
     * @throws UnusableInputException when files that have been worked on are no longer what they were
     */
    List<RowSlice> left(InputDataset dataset) {
        requireInputs(dataset);
        Map<String, Map<Integer, List<Unit>>> done = new HashMap<>();
        for (GroupManifest entry : log.entries()) {
            for (Unit unit : entry.units()) {
                done.computeIfAbsent(unit.file(), file -> new HashMap<>())
                        .computeIfAbsent(unit.rowGroup(), group -> new ArrayList<>())
                        .add(unit);
            }
        }
        List<RowSlice> left = new ArrayList<>();
        for (RowSlice whole : dataset.rowGroups()) {
            List<Unit> parts = new ArrayList<>(
                    done.getOrDefault(whole.file().path(), Map.of()).getOrDefault(whole.rowGroup(), List.of()));
            parts.sort(Comparator.comparingLong(Unit::first));
            long from = 0;
            for (Unit part : parts) {
                if (part.first() > from) {
                    left.add(new RowSlice(whole.file(), whole.rowGroup(), from, part.first() - from));
                }
                from = Math.max(from, part.first() + part.count());
            }
            if (from < whole.count()) {
                left.add(new RowSlice(whole.file(), whole.rowGroup(), from, whole.count() - from));
            }
        }
        return left;
    }

    private void requireInputs(InputDataset dataset) {
        Map<String, DataFile> present = new HashMap<>();
        dataset.files().forEach(file -> present.put(file.path(), file));
        dataset.unreadable().keySet().forEach(file -> present.put(file.path(), file));
        for (GroupManifest entry : log.entries()) {
            for (Input input : entry.inputs()) {
                DataFile now = present.get(input.file());
                if (now == null || now.bytes() != input.bytes() || now.modified() != input.modified()) {
                    throw new UnusableInputException("the dataset's file " + input.file()
                            + (now == null ? " is gone" : " has changed") + " since group " + entry.group()
                            + " was made of it: restore the dataset, or start over with --fresh (new files are"
                            + " welcome)");
                }
            }
        }
    }

    /**
     * Makes rows count.
     *
     * @throws UnusableInputException when another driver has taken over
     * @throws OvertakenException when the one that this driver has taken over from was faster
     */
    void add(List<WrittenFile> files, List<RowSlice> units) {
        commit(new GroupManifest(
                runId,
                fingerprint,
                units.stream().mapToLong(RowSlice::count).sum(),
                listed(files),
                List.of(),
                joined(units),
                units.stream()
                        .map(RowSlice::file)
                        .distinct()
                        .map(file -> new Input(file.path(), file.bytes(), file.modified()))
                        .toList()));
    }

    /** Makes rows count in the place of those of other files. */
    void replace(List<WrittenFile> files, List<String> replaced) {
        commit(new GroupManifest(runId, fingerprint, 0, listed(files), replaced, List.of(), List.of()));
    }

    private void commit(GroupManifest entry) {
        lease.requireHeld();
        // From here on the folder is no finished run any more, if it was one.
        folder.delete(RunFolder.SUMMARY);
        GroupManifest added;
        try {
            added = log.append(entry, lease.epoch());
        } catch (GroupLog.ConflictException e) {
            lease.requireHeld();
            throw new OvertakenException(e);
        }
        places.publish(added.files(), added.replaces());
    }

    private static List<PredictionFile> listed(List<WrittenFile> files) {
        return files.stream()
                .map(file ->
                        new PredictionFile(PredictionFiles.path(file.name()), file.rows(), file.failed(), file.bytes()))
                .toList();
    }

    /** Those that follow one another in one. */
    private static List<Unit> joined(List<RowSlice> slices) {
        List<RowSlice> sorted = slices.stream()
                .sorted(Comparator.comparing((RowSlice slice) -> slice.file().path())
                        .thenComparingInt(RowSlice::rowGroup)
                        .thenComparingLong(RowSlice::first))
                .toList();
        List<Unit> units = new ArrayList<>();
        for (RowSlice slice : sorted) {
            Unit last = units.isEmpty() ? null : units.get(units.size() - 1);
            if (last != null
                    && last.file().equals(slice.file().path())
                    && last.rowGroup() == slice.rowGroup()
                    && last.first() + last.count() == slice.first()) {
                units.set(
                        units.size() - 1,
                        new Unit(last.file(), last.rowGroup(), last.first(), last.count() + slice.count()));
            } else {
                units.add(new Unit(slice.file().path(), slice.rowGroup(), slice.first(), slice.count()));
            }
        }
        return units;
    }

    /** @throws UnusableInputException when another driver has taken over */
    void requireHeld() {
        lease.requireHeld();
    }

    /** When nothing is at work any more: what counts is what every reader finds, and nothing else is kept. */
    void finish() {
        lease.requireHeld();
        refresh();
        if (!places.showsJust(live())) {
            throw new UnusableInputException(folder.predictions() + " holds files that no group lists, or lacks some:"
                    + " take away what is not this run's, and give the same command again");
        }
        places.deleteHidden();
    }
}
