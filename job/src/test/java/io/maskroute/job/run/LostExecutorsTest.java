package io.maskroute.job.run;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.datasets.schema.ImageRow;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.ExecutorLostFailure;
import org.apache.spark.TaskEndReason;
import org.apache.spark.TaskKilled;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.Option;

class LostExecutorsTest {
    private final ImageRow mine = image("mine", new byte[0], prompt("p", null, "x"));
    private final ImageRow other = image("other", new byte[0], prompt("q", null, "x"));
    private final List<String> asked = new ArrayList<>();

    @TempDir
    private Path run;

    private final InHand inHand = new InHand();

    @Test
    void anExecutorThatDiedByItsOwnDoingMakesSuspectsOfWhatItHad() throws Exception {
        LostExecutors losses = losses();

        losses.onTaskEnd(end(new ExecutorLostFailure("1", true, Option.apply("Command exited with code 134"))));
        losses.onTaskEnd(end(new ExecutorLostFailure("1", true, Option.apply("Command exited with code 134"))));

        assertThat(asked).containsExactly("1");
        assertThat(suspects().isSuspect(mine)).isTrue();
        assertThat(suspects().isSuspect(other)).isFalse();
        assertThat(suspects().hasFaults()).isTrue();
    }

    @Test
    void anExecutorThatWasTakenAwayMakesNone() throws Exception {
        LostExecutors losses = losses();

        losses.onTaskEnd(end(new ExecutorLostFailure("1", false, Option.apply("worker decommissioned"))));
        losses.onTaskEnd(end(new TaskKilled("another attempt succeeded", null, null, null)));

        assertThat(asked).isEmpty();
        try (Stream<Path> marks = Files.list(run)) {
            assertThat(marks).isEmpty();
        }
    }

    @Test
    void theDriverHearsOfAllThatIsInHandAsEachCallBegins() {
        List<List<String>> told = new ArrayList<>();
        inHand.tell(told::add);

        inHand.begin("first", List.of("a", "b"));
        inHand.begin("second", List.of("c"));
        inHand.end("first");
        inHand.begin("second", List.of("d"));

        assertThat(told).hasSize(3);
        assertThat(told.get(0)).containsExactly("a", "b");
        assertThat(told.get(1)).containsExactlyInAnyOrder("a", "b", "c");
        assertThat(told.get(2)).containsExactly("d");
    }

    private LostExecutors losses() {
        return new LostExecutors(run.toString(), new Configuration(), executor -> {
            asked.add(executor);
            return List.of(Suspects.hash("mine"));
        });
    }

    private Suspects suspects() throws Exception {
        return Suspects.read(run.toString(), new Configuration());
    }

    private static SparkListenerTaskEnd end(TaskEndReason reason) {
        return new SparkListenerTaskEnd(1, 0, "ResultTask", reason, null, null, null);
    }
}
