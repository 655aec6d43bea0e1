package io.maskroute.job.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.commit.GroupManifest.PredictionFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GroupLogTest {
    @TempDir
    private Path folder;

    private GroupLog log() {
        return new GroupLog(new org.apache.hadoop.fs.Path(folder.toUri()), new Configuration());
    }

    private static GroupManifest entry(String file, List<String> replaces) {
        return new GroupManifest(
                "run",
                "f",
                2,
                List.of(new PredictionFile(file, 3, 1, 100)),
                replaces,
                List.of(new GroupManifest.Unit("file:/d/a.parquet", 0, 5, 2)),
                List.of(new GroupManifest.Input("file:/d/a.parquet", 1000, 17)));
    }

    @Test
    void entriesAreReadAsTheyWereWritten() throws Exception {
        GroupLog log = log();
        assertThat(log.refresh()).isEmpty();

        GroupManifest first = log.append(entry("predictions/a.parquet", List.of()), 1);
        GroupManifest second = log.append(entry("predictions/b.parquet", List.of("predictions/a.parquet")), 3);

        assertThat(first.group()).isEqualTo(1);
        assertThat(second.group()).isEqualTo(2);
        assertThat(second.epoch()).isEqualTo(3);
        assertThat(log().refresh()).containsExactly(first, second);
        assertThat(GroupLog.live(log.entries()))
                .containsExactly(new PredictionFile("predictions/b.parquet", 3, 1, 100));
    }

    /** What a driver does not know of, it cannot write behind. */
    @Test
    void anEntryOfAnotherDriverIsAConflictAndThenKnown() throws Exception {
        GroupLog one = log();
        GroupLog other = log();
        GroupManifest theirs = other.append(entry("predictions/b.parquet", List.of()), 2);

        assertThatThrownBy(() -> one.append(entry("predictions/a.parquet", List.of()), 1))
                .isInstanceOf(GroupLog.ConflictException.class);

        assertThat(one.entries()).containsExactly(theirs);
        assertThat(one.append(entry("predictions/a.parquet", List.of()), 1).group())
                .isEqualTo(2);
    }

    @Test
    void driversAtTheSameTimeLoseAndDoubleNothing() throws Exception {
        int drivers = 6;
        int each = 20;
        ExecutorService threads = Executors.newFixedThreadPool(drivers);
        try {
            List<Callable<Integer>> work = new ArrayList<>();
            for (int driver = 0; driver < drivers; driver++) {
                String name = "predictions/d" + driver + "-";
                work.add(() -> {
                    GroupLog log = log();
                    int conflicts = 0;
                    for (int i = 0; i < each; ) {
                        try {
                            log.append(entry(name + i, List.of()), 1);
                            i++;
                        } catch (GroupLog.ConflictException e) {
                            conflicts++;
                        }
                    }
                    return conflicts;
                });
            }
            int conflicts = 0;
            for (Future<Integer> done : threads.invokeAll(work)) {
                conflicts += done.get();
            }
            assertThat(conflicts).isPositive();
        } finally {
            threads.shutdownNow();
        }
        Set<String> files = new HashSet<>();
        for (GroupManifest entry : log().refresh()) {
            entry.files().forEach(file -> assertThat(files.add(file.path())).isTrue());
        }
        assertThat(files).hasSize(drivers * each);
    }

    @Test
    void whatIsNoLogIsNamed() throws Exception {
        GroupLog log = log();
        log.append(entry("a", List.of()), 1);
        log.append(entry("b", List.of()), 1);
        String second = Files.readString(folder.resolve("000002.json"));

        Files.writeString(folder.resolve("000002.json"), second.substring(0, 40));
        assertRefused("000002.json cannot be understood");
        Files.writeString(folder.resolve("000002.json"), second.replace("\"format\" : 1", "\"format\" : 2"));
        assertRefused("has the format 2, this program knows format 1");
        Files.writeString(folder.resolve("000002.json"), second);
        Files.delete(folder.resolve("000001.json"));
        assertRefused("lacks the entry 000001.json");
    }

    private void assertRefused(String why) throws IOException {
        assertThatThrownBy(() -> log().refresh())
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(why);
    }
}
