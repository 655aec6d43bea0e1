package io.maskroute.job.commit;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.storage.Json;
import io.maskroute.job.storage.WholeFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One driver at an output. Each holder makes the next numbered file if absent, and counts up in it while it lives. Nobody compares
 * clocks: who finds a file whose counter moves stays out; who finds one that stands still, or whose process is gone from this
 * machine, makes the next one. A holder that was stopped and continued sees the newer file before its next commit.
 *
 * <p>The lease spares work. That rows are right when two drivers are at work all the same is {@link GroupLog}'s part.
 */
public final class Lease implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Lease.class);
    private static final Pattern NAME = Pattern.compile("(\\d{6,9})\\.json");
    private static final long LOOK_MILLIS = 250;
    private static final int RENEWALS = 4;

    private final Path folder;
    private final WholeFiles files;
    private final ScheduledExecutorService clock;
    private LeaseRecord record;
    private boolean closed;

    private Lease(Path folder, WholeFiles files, LeaseRecord record, Duration patience) {
        this.folder = folder;
        this.files = files;
        this.record = record;
        this.clock = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "maskroute-lease");
            thread.setDaemon(true);
            return thread;
        });
        long every = Math.max(1, patience.toMillis() / RENEWALS);
        clock.scheduleAtFixedRate(this::renew, every, every, TimeUnit.MILLISECONDS);
    }

    /**
     * Takes the lease.
     *
     * @param folder {@code _run/lease} of the output, which need not exist
     * @param output for messages
     * @param patience how long another driver's counter may stand still before that driver counts as gone
     * @param takeOver whether not to wait for that
     * @param saying takes a line for the user where there is something to wait for or to take over
     * @throws UnusableInputException when another driver holds it
     */
    public static Lease take(
            Path folder,
            Configuration hadoop,
            String output,
            Duration patience,
            boolean takeOver,
            Consumer<String> saying) {
        WholeFiles files = new WholeFiles(hadoop);
        try {
            while (true) {
                Optional<LeaseRecord> newest = newest(folder, files);
                if (newest.isPresent() && !newest.get().released()) {
                    LeaseRecord other = newest.get();
                    if (takeOver) {
                        saying.accept("taking over " + output + " from " + other.holder());
                    } else if (isGone(other)) {
                        saying.accept("going on with " + output + ": " + other.holder() + " has ended");
                    } else {
                        awaitStandstill(folder, files, output, other, patience, saying);
                    }
                }
                LeaseRecord own = own(newest.map(LeaseRecord::epoch).orElse(0) + 1);
                if (files.create(file(folder, own.epoch()), Json.write(own))) {
                    return new Lease(folder, files, own, patience);
                }
            }
        } catch (IOException e) {
            throw new UnusableInputException("the output " + output + " cannot be used: " + Reason.of(e), e);
        }
    }

    private static void awaitStandstill(
            Path folder, WholeFiles files, String output, LeaseRecord other, Duration patience, Consumer<String> saying)
            throws IOException {
        saying.accept(String.format(
                Locale.ROOT,
                "%s is held by %s; waiting up to %d s to see whether it is still at work",
                output,
                other.holder(),
                patience.toSeconds()));
        long end = System.nanoTime() + patience.toNanos();
        while (System.nanoTime() < end) {
            try {
                Thread.sleep(LOOK_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while waiting for the lease", e);
            }
            Optional<LeaseRecord> now = newest(folder, files);
            if (now.isEmpty() || now.get().released()) {
                return;
            }
            if (!now.get().equals(other)) {
                throw new UnusableInputException("the output " + output + " is in use by "
                        + now.get().holder() + ": name another folder with --output, end that run first, or give"
                        + " --take-over if it does nothing any more");
            }
        }
        saying.accept("going on with " + output + ": " + other.holder() + " has not been heard of for "
                + patience.toSeconds() + " s");
    }

    /** Whether the holder was a process of this machine that is there no more. */
    private static boolean isGone(LeaseRecord other) {
        LeaseRecord here = own(0);
        if (!other.host().equals(here.host())
                || other.processes() == null
                || !other.processes().equals(here.processes())) {
            return false;
        }
        Optional<ProcessHandle> process = ProcessHandle.of(other.pid()).filter(ProcessHandle::isAlive);
        return process.isEmpty()
                || other.processStarted() != null && !other.processStarted().equals(startMillis(process.get()));
    }

    private static Long startMillis(ProcessHandle process) {
        return process.info().startInstant().map(Instant::toEpochMilli).orElse(null);
    }

    private static LeaseRecord own(int epoch) {
        ProcessHandle process = ProcessHandle.current();
        return new LeaseRecord(
                epoch,
                null,
                null,
                host(),
                System.getProperty("user.name"),
                process.pid(),
                processes(),
                startMillis(process),
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                0,
                false,
                UUID.randomUUID().toString());
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            // A name that does not resolve is one all the same.
            return Optional.ofNullable(System.getenv("HOSTNAME")).orElse("localhost");
        }
    }

    /** Boot and process namespace: containers may share a host's name. */
    private static String processes() {
        try {
            return Files.readString(java.nio.file.Path.of("/proc/sys/kernel/random/boot_id"))
                            .strip()
                    + " "
                    + Files.readSymbolicLink(java.nio.file.Path.of("/proc/self/ns/pid"));
        } catch (IOException | UnsupportedOperationException e) {
            return null;
        }
    }

    private static Optional<LeaseRecord> newest(Path folder, WholeFiles files) throws IOException {
        int newest = newestEpoch(folder, files);
        return newest == 0 ? Optional.empty() : Optional.of(read(file(folder, newest), files));
    }

    private static int newestEpoch(Path folder, WholeFiles files) throws IOException {
        int newest = 0;
        try {
            for (FileStatus file : files.fileSystem(folder).listStatus(folder)) {
                Matcher name = NAME.matcher(file.getPath().getName());
                if (name.matches()) {
                    newest = Math.max(newest, Integer.parseInt(name.group(1)));
                }
            }
        } catch (FileNotFoundException e) {
            return 0;
        }
        return newest;
    }

    private static LeaseRecord read(Path file, WholeFiles files) throws IOException {
        return Json.read(file.toString(), files.read(file), LeaseRecord.class);
    }

    private static Path file(Path folder, int epoch) {
        return new Path(folder, String.format(Locale.ROOT, "%06d.json", epoch));
    }

    public int epoch() {
        return record.epoch();
    }

    /** For others to see who holds it. */
    public synchronized void describe(String runId, String applicationId) {
        record = record.as(runId, applicationId, record.counter(), false);
        renew();
    }

    private synchronized void renew() {
        if (closed) {
            return;
        }
        record = record.as(record.runId(), record.applicationId(), record.counter() + 1, false);
        try {
            write();
        } catch (IOException | RuntimeException e) {
            // Storage may be away for a while. Should another driver take over, that is found before the next commit.
            LOG.warn("The lease {} could not be renewed: {}", file(folder, epoch()), Reason.of(e));
        }
    }

    private void write() throws IOException {
        files.replace(file(folder, epoch()), out -> out.write(Json.write(record)));
    }

    /**
     * To be asked before anything is written that others rely on.
     *
     * @throws UnusableInputException when another driver has taken over
     */
    public void requireHeld() {
        try {
            int newest = newestEpoch(folder, files);
            if (newest > epoch()) {
                throw new UnusableInputException("the output was taken over by "
                        + read(file(folder, newest), files).holder()
                        + ", for this driver was not heard of for a while; what was done until"
                        + " then is kept");
            }
        } catch (IOException e) {
            throw new UnusableInputException(folder + " cannot be read: " + Reason.of(e), e);
        }
    }

    /** Lets others in at once. */
    @Override
    public void close() {
        clock.shutdownNow();
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            try {
                Optional<LeaseRecord> newest = newest(folder, files);
                // The folder may have been removed with everything in it, or be another driver's by now.
                if (newest.isPresent() && newest.get().token().equals(record.token())) {
                    record = record.as(record.runId(), record.applicationId(), record.counter() + 1, true);
                    write();
                }
            } catch (IOException | RuntimeException e) {
                LOG.warn("The lease {} could not be given back: {}", file(folder, epoch()), Reason.of(e));
            }
        }
    }
}
