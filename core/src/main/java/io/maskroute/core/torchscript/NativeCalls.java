package io.maskroute.core.torchscript;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * Keeps the process from ending inside PyTorch. {@code exit} destroys the library's global state while threads in native code
 * still use it: a Ctrl-C would end in a segmentation fault, and an executor that is asked to go in a crash report.
 */
final class NativeCalls {
    /** A call that takes longer than this is not waited for. */
    private static final long LONGEST_WAIT_SECONDS = 30;

    private static final NativeCalls OF_THIS_PROCESS = new NativeCalls();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(OF_THIS_PROCESS::end, "maskroute-native-calls"));
    }

    /** Shared by calls, held alone and for good by the end of the process. */
    private final ReentrantReadWriteLock running = new ReentrantReadWriteLock();

    /** Keeps calls out while {@link #end} waits: {@code tryLock} goes past a writer that waits. */
    private volatile boolean ending;

    /** A call into PyTorch. */
    static <T> T call(Supplier<T> nativeCall) {
        return OF_THIS_PROCESS.run(nativeCall);
    }

    /** @throws InternalError once the process is ending; no row can be blamed for that, so it is no exception */
    <T> T run(Supplier<T> nativeCall) {
        if (ending || !running.readLock().tryLock()) {
            throw new InternalError("the process is ending");
        }
        try {
            return nativeCall.get();
        } finally {
            running.readLock().unlock();
        }
    }

    /** Waits for the calls that are under way, and lets no other begin. */
    void end() {
        ending = true;
        try {
            running.writeLock().tryLock(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
