package io.maskroute.job.run;

import io.maskroute.job.config.RuntimeOptions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.spark.SparkEnv;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models of this JVM: each is loaded once, by the first task that asks, and shared by all tasks after that, in the manner
 * of Iceberg's {@code SparkExecutorCache}. They live as long as the executor; in local mode, where driver and executor are
 * one JVM, until the run ends.
 */
public final class ExecutorModels {
    private static final Logger LOG = LoggerFactory.getLogger(ExecutorModels.class);
    private static final Map<AssignedDevices, Predictors> MODELS = new HashMap<>();
    private static final int HOOK_PRIORITY = 60;
    private static final long HOOK_SECONDS = 20;
    private static boolean hooked;

    private ExecutorModels() {}

    /** What the models of this JVM have done; empty on a cluster's driver, and before the first task. */
    public static List<ModelStats> stats() {
        List<Predictors> threads;
        synchronized (ExecutorModels.class) {
            threads = List.copyOf(MODELS.values());
        }
        return threads.stream()
                .flatMap(predictors -> predictors.stats().stream())
                .toList();
    }

    static synchronized Predictors get(SegmenterFactory factory, AssignedDevices devices, RuntimeOptions runtime) {
        closeAtShutdown();
        Predictors running = MODELS.get(devices);
        if (running != null && running.isReplaceable()) {
            running.close();
            running = null;
        }
        if (running == null) {
            List<Predictors.Source> sources = new ArrayList<>();
            for (AssignedDevices.Placed placed : devices.devices()) {
                LOG.info("Loading the model {} on {}", placed.options().path(), placed.label());
                ExecutorMetrics.current().modelLoad();
                sources.add(new Predictors.Source(placed.label(), () -> factory.open(placed.options())));
            }
            running = new Predictors(sources, runtime, cores());
            MODELS.put(devices, running);
        }
        return running;
    }

    /** This JVM may use all of the machine; an executor, those that Spark counts as its own. */
    private static int cores() {
        int machine = Runtime.getRuntime().availableProcessors();
        SparkEnv env = SparkEnv.get();
        return env == null || AssignedDevices.isLocal()
                ? machine
                : Math.min(machine, env.conf().getInt("spark.executor.cores", machine));
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
        MODELS.values().forEach(Predictors::close);
        MODELS.clear();
    }
}
