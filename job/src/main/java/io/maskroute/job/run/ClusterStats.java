package io.maskroute.job.run;

import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.ToLongFunction;

/**
 * What the executors said last, on the driver: two reports of each executor that lives, and the sums of those that are gone.
 * Filled by {@link MaskroutePlugin}; for people, the summary counts from what was written.
 */
final class ClusterStats {
    private static volatile ClusterStats current = new ClusterStats();

    private final Map<String, Reports> live = new HashMap<>();
    /** Kept when an executor is gone: it is asked for then. */
    private final Map<String, List<String>> inHand = new HashMap<>();

    private long okOfGone;
    private long failedOfGone;

    /**
     * What an executor sends every heartbeat interval.
     *
     * @param ok prompts since the executor began
     * @param failed prompts since the executor began
     */
    record Report(String executor, long ok, long failed, List<ModelStats> models) implements Serializable {
        Report {
            models = List.copyOf(models);
        }

        private long sum(ToLongFunction<ModelStats> value) {
            return models.stream().mapToLong(value).sum();
        }
    }

    private record Reports(Report before, Report last) {
        /** Over the time between the two; over the model's whole time where that says nothing. */
        OptionalDouble busyShare() {
            long ready = last.sum(ModelStats::readyNanos);
            long busy = last.sum(ModelStats::busyNanos);
            if (before != null) {
                long readyBefore = before.sum(ModelStats::readyNanos);
                long busyBefore = before.sum(ModelStats::busyNanos);
                // Less than before: another model.
                if (readyBefore < ready && busyBefore <= busy) {
                    ready -= readyBefore;
                    busy -= busyBefore;
                }
            }
            return ready == 0 ? OptionalDouble.empty() : OptionalDouble.of(Math.min(1, (double) busy / ready));
        }
    }

    /** Of the session that runs now, of which there is one to a JVM. */
    static ClusterStats current() {
        return current;
    }

    static ClusterStats start() {
        ClusterStats started = new ClusterStats();
        current = started;
        return started;
    }

    synchronized void report(Report report) {
        Reports earlier = live.get(report.executor());
        live.put(report.executor(), new Reports(earlier == null ? null : earlier.last(), report));
    }

    synchronized void inHand(InHand.Report report) {
        inHand.put(report.executor(), report.pictures());
    }

    /** The pictures that an executor named last, hashed. */
    synchronized List<String> inHand(String executor) {
        return inHand.getOrDefault(executor, List.of());
    }

    synchronized void removed(String executor) {
        Reports gone = live.remove(executor);
        if (gone != null) {
            okOfGone += gone.last().ok();
            failedOfGone += gone.last().failed();
        }
    }

    synchronized int executors() {
        return live.size();
    }

    synchronized long ok() {
        return okOfGone + sum(Report::ok);
    }

    synchronized long failed() {
        return failedOfGone + sum(Report::failed);
    }

    synchronized long queuedBytes() {
        return sum(report -> report.sum(ModelStats::queuedBytes));
    }

    synchronized long outOfMemory() {
        return sum(report -> report.sum(ModelStats::outOfMemory));
    }

    /** Share of the time between the last two reports that models were at work, 0 to 1, as the mean over executors. */
    synchronized OptionalDouble busyShare() {
        return live.values().stream()
                .map(Reports::busyShare)
                .flatMapToDouble(OptionalDouble::stream)
                .average();
    }

    private long sum(ToLongFunction<Report> value) {
        return live.values().stream().map(Reports::last).mapToLong(value).sum();
    }
}
