package io.maskroute.job.run;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * maskroute's metrics in Spark's metrics system: each executor's own, and on the driver sums over all of them, which executors
 * report once per heartbeat interval. maskroute's own sessions have it; others name it in {@code spark.plugins}.
 */
public final class MaskroutePlugin implements SparkPlugin {
    private static final Logger LOG = LoggerFactory.getLogger(MaskroutePlugin.class);

    @Override
    public DriverPlugin driverPlugin() {
        return new OnDriver();
    }

    @Override
    public ExecutorPlugin executorPlugin() {
        return new OnExecutor();
    }

    private static final class OnDriver implements DriverPlugin {
        private final ClusterStats stats = ClusterStats.start();

        @Override
        public Map<String, String> init(SparkContext spark, PluginContext context) {
            spark.addSparkListener(new SparkListener() {
                @Override
                public void onExecutorRemoved(SparkListenerExecutorRemoved removed) {
                    stats.removed(removed.executorId());
                }
            });
            return Map.of();
        }

        /** Under "run", for in local mode the executor's metrics have the same prefix. */
        @Override
        public void registerMetrics(String application, PluginContext context) {
            MetricRegistry registry = context.metricRegistry();
            registry.register("run.executors", (Gauge<Integer>) stats::executors);
            registry.register("run.prompts.ok", (Gauge<Long>) stats::ok);
            registry.register("run.prompts.failed", (Gauge<Long>) stats::failed);
            registry.register(
                    "run.busyShare", (Gauge<Double>) () -> stats.busyShare().orElse(0));
            registry.register("run.queueBytes", (Gauge<Long>) stats::queuedBytes);
            registry.register("run.outOfMemory", (Gauge<Long>) stats::outOfMemory);
        }

        @Override
        public Object receive(Object message) {
            if (message instanceof ClusterStats.Report report) {
                stats.report(report);
            } else if (message instanceof InHand.Report report) {
                stats.inHand(report);
            }
            return null;
        }
    }

    private static final class OnExecutor implements ExecutorPlugin {
        private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "maskroute-report");
            thread.setDaemon(true);
            return thread;
        });

        @Override
        public void init(PluginContext context, Map<String, String> fromDriver) {
            ExecutorMetrics.startIn(context.metricRegistry());
            InHand.ofThisJvm().tell(pictures -> send(context, new InHand.Report(context.executorID(), pictures)));
            long interval = context.conf().getTimeAsMs("spark.executor.heartbeatInterval", "10s");
            clock.scheduleWithFixedDelay(() -> report(context), interval, interval, TimeUnit.MILLISECONDS);
        }

        private static void report(PluginContext context) {
            send(context, ExecutorMetrics.current().report(context.executorID()));
        }

        private static void send(PluginContext context, Object report) {
            try {
                context.send(report);
            } catch (IOException | RuntimeException e) {
                // A driver that is gone is noticed by Spark; one report more or less matters to nobody.
                LOG.debug("A report of this executor did not reach the driver", e);
            }
        }

        @Override
        public void shutdown() {
            clock.shutdownNow();
            InHand.ofThisJvm().tell(pictures -> {});
        }
    }
}
