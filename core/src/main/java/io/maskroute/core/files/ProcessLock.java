package io.maskroute.core.files;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A lock between all threads of all processes of this machine, named by a file. It ends with the process that holds it, however
 * that ends. The file stays: deleting it would let two processes lock two files of one name.
 */
public final class ProcessLock implements AutoCloseable {
    /** A file lock belongs to the process, so the threads of one need another between them. */
    private static final ConcurrentMap<Path, ReentrantLock> THREADS = new ConcurrentHashMap<>();

    private final ReentrantLock thread;
    private final FileChannel channel;

    private ProcessLock(ReentrantLock thread, FileChannel channel) {
        this.thread = thread;
        this.channel = channel;
    }

    /**
     * Waits for the lock.
     *
     * @param file made if there is none, in a folder that exists
     * @param waiting is told once if another process has it
     * @throws IOException when the file cannot be made or its file system has no locks, or the thread is interrupted
     */
    public static ProcessLock acquire(Path file, Runnable waiting) throws IOException {
        ReentrantLock thread = THREADS.computeIfAbsent(file.toAbsolutePath().normalize(), f -> new ReentrantLock());
        thread.lock();
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            try {
                if (channel.tryLock() == null) {
                    waiting.run();
                    channel.lock();
                }
            } catch (IOException | RuntimeException | Error e) {
                channel.close();
                throw e;
            }
            return new ProcessLock(thread, channel);
        } catch (IOException | RuntimeException | Error e) {
            thread.unlock();
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        try {
            // Closing it is what releases the lock.
            channel.close();
        } finally {
            thread.unlock();
        }
    }
}
