package io.maskroute.job.run;

import io.maskroute.core.error.RowFailure;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** One marked piece of work at a time, so that a mark found after the death of a process names what was in work, and nothing beside it. */
final class MarkedWork {
    static final MarkedWork OF_THIS_JVM = new MarkedWork();

    private final Semaphore turn = new Semaphore(1, true);

    <T> T inTurn(Suspects.Work<T> work) throws RowFailure, InterruptedException {
        turn.acquire();
        try {
            return work.run();
        } finally {
            turn.release();
        }
    }

    /**
     * Waits until what is marked is through, and lets nothing begin after it: for a process that is about to end for a reason it
     * knows. A mark left behind by such an end would accuse a prompt that had no part in it.
     *
     * @return whether nothing is marked any more
     */
    boolean end(Duration atMost) throws InterruptedException {
        return turn.tryAcquire(atMost.toNanos(), TimeUnit.NANOSECONDS);
    }
}
