package io.maskroute.job.run;

import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.config.RuntimeOptions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.util.ShutdownHookManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models of this JVM: each is loaded once, by the first task that asks, and shared by all tasks after that, in the manner
 * of Iceberg's {@code SparkExecutorCache}. They live as long as the executor; in local mode, where driver and executor are
 * one JVM, until the run ends.
 */
public final class ExecutorModels {
    private static final Logger LOG = LoggerFactory.getLogger(ExecutorModels.class);
    private static final Map<ModelOptions, ModelThread> MODELS = new HashMap<>();
    private static final int HOOK_PRIORITY = 60;
    private static final long HOOK_SECONDS = 20;
    private static boolean hooked;

    private ExecutorModels() {}

    /** What the models of this JVM have done; empty on a cluster's driver, and before the first task. */
    public static List<ModelStats> stats() {
        List<ModelThread> threads;
        synchronized (ExecutorModels.class) {
            threads = List.copyOf(MODELS.values());
        }
        return threads.stream()
                .map(ModelThread::stats)
                .flatMap(Optional::stream)
                .toList();
    }

    static synchronized ModelThread get(SegmenterFactory factory, ModelOptions options, RuntimeOptions runtime) {
        closeAtShutdown();
        ModelThread running = MODELS.get(options);
        if (running != null && running.isReplaceable()) {
            running.close();
            running = null;
        }
        if (running == null) {
            LOG.info("Loading the model {} on {}", options.path(), options.device());
            ExecutorMetrics.current().modelLoad();
            running = new ModelThread(() -> factory.open(options), runtime);
            MODELS.put(options, running);
        }
        return running;
    }

    /** A process that exits in the middle of a native call would take its libraries away under it. */
    private static void closeAtShutdown() {
        if (!hooked) {
            hooked = true;
            ShutdownHookManager.get()
                    .addShutdownHook(ExecutorModels::closeAll, HOOK_PRIORITY, HOOK_SECONDS, TimeUnit.SECONDS);
        }
    }

    /** Closes what this JVM holds; a no-op on the driver of a cluster. */
    public static synchronized void closeAll() {
        MODELS.values().forEach(ModelThread::close);
        MODELS.clear();
    }
}
