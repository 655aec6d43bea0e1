package io.maskroute.core.torchscript;

import io.maskroute.core.files.NativeCache;
import io.maskroute.core.files.ProcessLock;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * Lets one process of a machine at a time load PyTorch. DJL unpacks its libraries into a folder that all processes share, and
 * moves each into place whole. But it also walks that folder to load what is in it, and such a walk ends with an error over a
 * temporary file that another process moves away meanwhile, as executors might that start together with an empty cache. The
 * lock also keeps them from each unpacking half a gigabyte that only one of them will use.
 */
final class NativeLibraries {
    private static final String LOCK = "maskroute.lock";
    private static final String LIBRARIES = "pytorch";

    private NativeLibraries() {}

    @SuppressWarnings("try") // held, not used
    static <T> T load(Supplier<T> loading) {
        try (ProcessLock lock = lock()) {
            return loading.get();
        } catch (IOException e) {
            throw new IllegalStateException("the lock of DJL's cache cannot be released", e);
        }
    }

    /** Why loading failed and what to do, from what DJL threw. */
    static String failure(Throwable thrown) {
        Throwable root = thrown;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        if (root instanceof FileSystemException why) {
            return NativeCache.cannotBeWritten(LIBRARIES, why);
        }
        return firstLine(thrown) + (root == thrown ? "" : " (" + firstLine(root) + ")") + "; "
                + NativeCache.unpackedTo(LIBRARIES)
                + "; put a pytorch-native jar on the class path, or set PYTORCH_LIBRARY_PATH to the folder of a libtorch";
    }

    private static String firstLine(Throwable e) {
        return String.valueOf(e.getMessage())
                .lines()
                .findFirst()
                .filter(line -> !line.isEmpty())
                .orElse(e.getClass().getSimpleName());
    }

    /** Null where the cache cannot be written: then everything has been unpacked before, or loading says what is wrong. */
    private static ProcessLock lock() {
        Path folder = NativeCache.folder(LIBRARIES);
        try {
            Files.createDirectories(folder);
            return ProcessLock.acquire(folder.resolve(LOCK), () -> {});
        } catch (IOException e) {
            return null;
        }
    }
}
