package io.maskroute.job.fetch;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.files.ProcessLock;
import io.maskroute.job.config.Redaction;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies of remote folders on this machine, in {@code NAME-HASH/VERSION/}. However many processes ask for one at the same time,
 * it is fetched once: the others wait. The version comes from the remote listing, asked for each time, so a remote folder that
 * has changed is fetched anew; its older copies are then deleted (who is reading one keeps what it has open). A copy that is no
 * longer what was fetched is replaced. Nobody else can have written one: the folder is this user's alone.
 */
final class NodeCache {
    private static final Logger LOG = LoggerFactory.getLogger(NodeCache.class);
    private static final int ATTEMPTS = 3;
    private static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rwx------");

    /** Copies that this process has made or has found intact; it need not read them all again for every task. */
    private static final Set<Path> KNOWN = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final Configuration hadoop;

    /** @param folder is made, for this user alone, if there is none; one of another user, or that others can write, is refused */
    NodeCache(Path folder, Configuration hadoop) {
        this.folder = folder;
        this.hadoop = hadoop;
    }

    /**
     * @param remote a file or a folder
     * @param wanted from the names in a folder, those to be fetched
     * @param what it is, for messages
     * @return the copy of the file or of the folder
     * @throws UnusableInputException when it cannot be read, or the cache cannot be written or is not this user's alone
     */
    Path fetch(org.apache.hadoop.fs.Path remote, UnaryOperator<List<String>> wanted, String what) {
        String shown = Redaction.uri(remote.toString());
        try {
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                RemoteFiles files = RemoteFiles.list(remote, wanted, hadoop);
                Path copy = copy(files, shown);
                // What was written anew while it was copied may be half old, half new.
                if (RemoteFiles.list(remote, wanted, hadoop).version().equals(files.version())) {
                    return files.isFolder() ? copy : copy.resolve(remote.getName());
                }
            }
            throw new UnusableInputException(
                    what + " " + shown + " changes while it is fetched: give the command again when it is complete");
        } catch (FileNotFoundException e) {
            throw new UnusableInputException("there is no " + what + " " + shown, e);
        } catch (IOException e) {
            throw new UnusableInputException(
                    what + " " + shown + " cannot be fetched into " + folder + " (model.cache): "
                            + Redaction.uri(Reason.of(e)),
                    e);
        }
    }

    @SuppressWarnings("try") // held, not used
    private Path copy(RemoteFiles files, String shown) throws IOException {
        if (!Files.isDirectory(folder)) {
            Files.createDirectories(folder.toAbsolutePath().getParent());
            makePrivate(folder);
        }
        requirePrivate();
        Path versions = folder.resolve(files.name());
        CachedFolder copy = new CachedFolder(versions.resolve(files.version()));
        if (!KNOWN.contains(copy.path()) && copy.exists() && !copy.isUntouched(files)) {
            // Minutes for a large model, so not while others wait for the lock.
            copy.confirm(files);
        }
        try (ProcessLock lock = ProcessLock.acquire(
                folder.resolve(files.name() + ".lock"),
                () -> LOG.info("Waiting for another process that fetches {}", shown))) {
            if (copy.exists() && !KNOWN.contains(copy.path()) && !copy.isUntouched(files)) {
                LOG.warn("{} is no longer what was fetched from {}; fetching it again", copy.path(), shown);
                CachedFolder.delete(copy.path());
            }
            if (!copy.exists()) {
                LOG.info("Fetching {}, {} MB, into {}", shown, files.bytes() / 1_000_000, copy.path());
                Files.createDirectories(versions);
                deleteOthers(versions, copy.path());
                copy.fetch(files);
            }
            KNOWN.add(copy.path());
            return copy.path();
        }
    }

    /**
     * Weights that somebody else wrote would be run as this user's. The owner is compared with that of a file that this process makes,
     * so that file systems which give users other names do not matter.
     */
    private void requirePrivate() throws IOException {
        Path own = Files.createTempFile(folder, ".owner", "");
        Object user = Files.getAttribute(own, "unix:uid");
        Files.delete(own);
        if (!Files.getAttribute(folder, "unix:uid").equals(user)) {
            throw new UnusableInputException("the folder " + folder
                    + " for fetched models belongs to another user (" + Files.getOwner(folder)
                    + "): name one of your own with model.cache");
        }
        Set<PosixFilePermission> mode = Files.getPosixFilePermissions(folder);
        if (mode.contains(PosixFilePermission.GROUP_WRITE) || mode.contains(PosixFilePermission.OTHERS_WRITE)) {
            throw new UnusableInputException(
                    "the folder " + folder + " for fetched models can be written by others (mode "
                            + PosixFilePermissions.toString(mode)
                            + "): delete it, or name one of your own with model.cache");
        }
        if (!PRIVATE.equals(mode)) {
            Files.setPosixFilePermissions(folder, PRIVATE);
        }
    }

    /** Older versions, and what processes that were killed have left half-fetched. */
    private static void deleteOthers(Path versions, Path current) throws IOException {
        List<Path> others;
        try (Stream<Path> all = Files.list(versions)) {
            others = all.filter(path -> !path.equals(current)).toList();
        }
        for (Path other : others) {
            CachedFolder.delete(other);
        }
    }

    private static void makePrivate(Path folder) throws IOException {
        try {
            Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(PRIVATE));
        } catch (FileAlreadyExistsException e) {
            // Another process was faster.
            LOG.debug("{} has been made meanwhile", folder);
        }
    }
}
