package io.maskroute.job.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClusterStatsTest {
    private final ClusterStats stats = new ClusterStats();

    @Test
    void promptsOfExecutorsThatAreGoneStayCountedAndNothingElseOfThem() {
        stats.report(report("1", 10, 1, 0, 100));
        stats.report(report("2", 20, 2, 0, 100));
        stats.report(report("1", 15, 1, 0, 200));
        stats.removed("1");
        stats.removed("never seen");
        stats.report(report("3", 1, 0, 0, 100));

        assertThat(stats.executors()).isEqualTo(2);
        assertThat(stats.ok()).isEqualTo(15 + 20 + 1);
        assertThat(stats.failed()).isEqualTo(3);
        assertThat(stats.queuedBytes()).isEqualTo(2 * 7);
        assertThat(stats.outOfMemory()).isEqualTo(2 * 3);
    }

    @Test
    void theBusyShareIsThatOfTheLastIntervalAsTheMeanOverExecutors() {
        assertThat(stats.busyShare()).isEmpty();
        stats.report(new ClusterStats.Report("0", 0, 0, List.of()));
        assertThat(stats.busyShare()).isEmpty();

        stats.report(report("1", 0, 0, 10, 100));
        assertThat(stats.busyShare()).hasValue(0.1);
        stats.report(report("1", 0, 0, 100, 200));
        assertThat(stats.busyShare()).hasValue(0.9);
        stats.report(report("2", 0, 0, 0, 50));
        assertThat(stats.busyShare().orElseThrow()).isCloseTo(0.45, within(1e-12));
    }

    @Test
    void anotherModelBeginsAnew() {
        stats.report(report("1", 0, 0, 90, 100));
        stats.report(report("1", 0, 0, 10, 20));

        assertThat(stats.busyShare()).hasValue(0.5);
    }

    @Test
    void reportsTravel() throws IOException, ClassNotFoundException {
        ClusterStats.Report report = report("1", 10, 1, 5, 100);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(report);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            assertThat(in.readObject()).isEqualTo(report);
        }
    }

    private static ClusterStats.Report report(String executor, long ok, long failed, long busy, long ready) {
        return new ClusterStats.Report(
                executor,
                ok,
                failed,
                List.of(new ModelStats("cpu", 1, 1, ok + failed, failed, 3, 64, 1, busy, 0, ready, 1, 1, 7)));
    }
}
