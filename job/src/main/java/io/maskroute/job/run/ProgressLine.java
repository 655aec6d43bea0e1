package io.maskroute.job.run;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.util.LongAccumulator;
import scala.Tuple4;
import scala.collection.Iterator;
import scala.collection.immutable.Seq;

/**
 * How far a run is, with rate and time left, every few seconds that something has changed. Running tasks report through Spark's own heartbeats, so it costs no
 * messages, and it knows the running tasks alone; what it shows is for people, the summary counts from what was written.
 */
final class ProgressLine extends SparkListener implements AutoCloseable {
    private final long total;
    private final long okId;
    private final long failedId;
    private final Supplier<OptionalDouble> busyShare;
    private final LiveLine out;
    private final long startNanos = System.nanoTime();
    private final Map<Long, Counts> running = new ConcurrentHashMap<>();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "maskroute-progress");
        thread.setDaemon(true);
        return thread;
    });
    private Counts finished = new Counts(0, 0);

    private record Counts(long ok, long failed) {
        Counts plus(Counts other) {
            return new Counts(ok + other.ok, failed + other.failed);
        }
    }

    /** @param busyShare 0 to 1, if it is known */
    ProgressLine(
            long total,
            LongAccumulator ok,
            LongAccumulator failed,
            Supplier<OptionalDouble> busyShare,
            Duration interval,
            LiveLine out) {
        this.total = total;
        this.okId = ok.id();
        this.failedId = failed.id();
        this.busyShare = busyShare;
        this.out = out;
        clock.scheduleAtFixedRate(this::print, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void onTaskStart(SparkListenerTaskStart start) {
        running.put(start.taskInfo().taskId(), new Counts(0, 0));
    }

    @Override
    public void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate update) {
        Iterator<Tuple4<Object, Object, Object, Seq<AccumulableInfo>>> tasks =
                update.accumUpdates().iterator();
        while (tasks.hasNext()) {
            Tuple4<Object, Object, Object, Seq<AccumulableInfo>> task = tasks.next();
            // A heartbeat may arrive after the end of its task, whose figures are counted by then.
            Counts counts = counts(task._4().iterator());
            running.computeIfPresent((Long) task._1(), (id, before) -> counts);
        }
    }

    @Override
    public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
        running.remove(end.taskInfo().taskId());
        if (end.taskInfo().successful()) {
            finished = finished.plus(counts(end.taskInfo().accumulables().iterator()));
        }
    }

    private Counts counts(Iterator<AccumulableInfo> infos) {
        long ok = 0;
        long failed = 0;
        while (infos.hasNext()) {
            AccumulableInfo info = infos.next();
            if (info.update().isDefined() && info.update().get() instanceof Long value) {
                ok += info.id() == okId ? value : 0;
                failed += info.id() == failedId ? value : 0;
            }
        }
        return new Counts(ok, failed);
    }

    synchronized void print() {
        Counts now = running.values().stream().reduce(finished, Counts::plus);
        out.show(
                now,
                line(now.ok(), now.failed(), total, busyShare.get(), Duration.ofNanos(System.nanoTime() - startNanos)));
    }

    static String line(long ok, long failed, long total, OptionalDouble busyShare, Duration elapsed) {
        long done = ok + failed;
        double rate = done / Math.max(1e-3, elapsed.toMillis() / 1e3);
        String line = String.format(
                Locale.ROOT,
                "%,d of %,d prompts (%.0f %%), %.1f/s, %,d failed",
                done,
                total,
                total == 0 ? 100 : 100.0 * done / total,
                rate,
                failed);
        if (done >= total) {
            // The model rests by now, and there is nothing left to wait for.
            return line;
        }
        return line
                + (busyShare.isPresent()
                        ? String.format(Locale.ROOT, ", model busy %.0f %%", 100 * busyShare.getAsDouble())
                        : "")
                + ", time left " + (done == 0 ? "unknown" : LiveLine.clock(Math.round((total - done) / rate)));
    }

    @Override
    public void close() {
        clock.shutdownNow();
        out.clear();
    }
}
