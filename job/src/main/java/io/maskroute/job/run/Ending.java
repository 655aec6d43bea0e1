package io.maskroute.job.run;

import io.maskroute.core.error.UnusableInputException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.spark.util.SparkUncaughtExceptionHandler;

/**
 * SIGINT and SIGTERM end a run in order: what tasks have finished is committed before Spark stops, which it does by a hook of its own.
 * The JVM's exit code is 130 or 143 then, whatever {@code main} returns.
 */
public final class Ending {
    /** Before Spark's hook, which has 40. */
    private static final int PRIORITY = 100;
    /** Longer, and whoever sent the signal would send a worse one. */
    private static final long SECONDS = 25;

    private static volatile boolean begun;
    private static volatile CountDownLatch atWork;

    private Ending() {}

    /** What a run throws when it was told to end. */
    static final class EndedException extends UnusableInputException {
        private static final long serialVersionUID = 1;

        EndedException(String message) {
            super(message);
        }
    }

    /** Lets signals wait for the work of this process from now on. For a process that is one command, and no other's. */
    public static void inOrder() {
        ShutdownHookManager.get().addShutdownHook(Ending::begin, PRIORITY, SECONDS + 5, TimeUnit.SECONDS);
    }

    private static void begin() {
        begun = true;
        // Tasks that are cut short now are none of anybody's business.
        Configurator.setLevel(SparkUncaughtExceptionHandler.class.getName(), Level.OFF);
        CountDownLatch work = atWork;
        if (work == null) {
            return;
        }
        try {
            work.await(SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether the process is about to end. */
    public static boolean hasBegun() {
        return begun;
    }

    /** From here on {@link #finished} is waited for. */
    static void working() {
        atWork = new CountDownLatch(1);
    }

    /** Nothing is to be waited for any more: all that there is to say has been said. */
    public static void finished() {
        CountDownLatch work = atWork;
        if (work != null) {
            work.countDown();
        }
    }
}
