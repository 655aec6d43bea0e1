package io.maskroute.job.fetch;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.files.ProcessLock;
import io.maskroute.job.config.Redaction;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
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
 * longer what was fetched is replaced.
 */
final class NodeCache {
    private static final Logger LOG = LoggerFactory.getLogger(NodeCache.class);
    private static final int ATTEMPTS = 3;

    /** Copies that this process has made or has found intact; it need not read them all again for every task. */
    private static final Set<Path> KNOWN = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final Configuration hadoop;

    /** @param folder is made, for this user alone, if there is none */
    NodeCache(Path folder, Configuration hadoop) {
        this.folder = folder;
        this.hadoop = hadoop;
    }

    /**
     * @param remote a file or a folder
     * @param wanted from the names in a folder, those to be fetched
     * @param what it is, for messages
     * @return the copy of the file or of the folder
     * @throws UnusableInputException when it cannot be read, or the cache cannot be written
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
                            + Redaction.uri(String.valueOf(e.getMessage())),
                    e);
        }
    }

    @SuppressWarnings("try") // held, not used
    private Path copy(RemoteFiles files, String shown) throws IOException {
        if (!Files.isDirectory(folder)) {
            Files.createDirectories(folder.toAbsolutePath().getParent());
            makePrivate(folder);
        }
        Path versions = folder.resolve(files.name());
        try (ProcessLock lock = ProcessLock.acquire(
                folder.resolve(files.name() + ".lock"),
                () -> LOG.info("Waiting for another process that fetches {}", shown))) {
            CachedFolder copy = new CachedFolder(versions.resolve(files.version()));
            if (copy.exists() && !KNOWN.contains(copy.path()) && !copy.isIntact(files)) {
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
            Files.createDirectory(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (FileAlreadyExistsException e) {
            // Another process was faster.
            LOG.debug("{} has been made meanwhile", folder);
        }
    }
}
