package io.maskroute.core.image;

import com.sun.management.ThreadMXBean;
import io.maskroute.core.error.RowFailure;
import java.lang.management.ManagementFactory;

/** What the current thread allocates. */
final class Allocation {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Allocation() {}

    interface Work {
        void run() throws RowFailure;
    }

    /** In bytes; a row failure is as good an end as a picture. */
    static long of(Work work) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        try {
            work.run();
        } catch (RowFailure refused) {
            // What was allocated until then counts.
        }
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }
}
