package io.maskroute.job.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.apache.spark.executor.ExecutorMetrics;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.scheduler.TaskInfo;
import org.apache.spark.scheduler.TaskLocality;
import org.apache.spark.util.LongAccumulator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import scala.Option;
import scala.Tuple4;
import scala.collection.immutable.Map$;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

class ProgressLineTest {
    private static final long OK = 901;
    private static final long FAILED = 902;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0 | 0 | 200 | -1 | 10 | 0 of 200 prompts (0 %), 0.0/s, 0 failed, time left unknown",
                "45 | 5 | 200 | 0.876 | 10 | 50 of 200 prompts (25 %), 5.0/s, 5 failed, model busy 88 %, time left 0:30",
                "1500 | 0 | 10000000 | 1 | 10 | '1,500 of 10,000,000 prompts (0 %), 150.0/s, 0 failed, model busy 100 %,"
                        + " time left 18:30:57'",
                "210 | 0 | 200 | -1 | 10 | 210 of 200 prompts (105 %), 21.0/s, 0 failed",
                "0 | 0 | 0 | -1 | 10 | 0 of 0 prompts (100 %), 0.0/s, 0 failed",
                "48 | 0 | 48 | 0 | 6 | 48 of 48 prompts (100 %), 8.0/s, 0 failed"
            })
    void aLineSaysHowFarHowFastAndHowBusy(long ok, long failed, long total, double busy, int seconds, String line) {
        assertThat(ProgressLine.line(
                        ok,
                        failed,
                        total,
                        busy < 0 ? OptionalDouble.empty() : OptionalDouble.of(busy),
                        Duration.ofSeconds(seconds)))
                .isEqualTo(line);
    }

    @Test
    void runningTasksCountUntilTheyEndAndAHeartbeatThatComesLateCountsNoMore() {
        StringWriter out = new StringWriter();
        try (ProgressLine line = new ProgressLine(
                100,
                accumulator(OK),
                accumulator(FAILED),
                OptionalDouble::empty,
                Duration.ofHours(1),
                new LiveLine(new PrintWriter(out), 0))) {
            line.onTaskStart(new SparkListenerTaskStart(0, 0, task(1)));
            line.onExecutorMetricsUpdate(heartbeat(1, 10, 2));
            assertThat(printed(line, out)).startsWith("12 of 100").contains(" 2 failed");

            TaskInfo ended = task(1);
            ended.setAccumulables(infos(20, 3));
            ended.markFinished(org.apache.spark.TaskState.FINISHED(), 2);
            line.onTaskEnd(new SparkListenerTaskEnd(
                    0, 0, "ResultTask", org.apache.spark.Success$.MODULE$, ended, new ExecutorMetrics(), null));
            line.onExecutorMetricsUpdate(heartbeat(1, 10, 2));
            assertThat(printed(line, out)).startsWith("23 of 100").contains(" 3 failed");
        }
    }

    private static String printed(ProgressLine line, StringWriter out) {
        out.getBuffer().setLength(0);
        line.print();
        return out.toString();
    }

    private static LongAccumulator accumulator(long id) {
        LongAccumulator accumulator = new LongAccumulator();
        accumulator.metadata_$eq(new org.apache.spark.util.AccumulatorMetadata(id, Option.apply("n"), false));
        return accumulator;
    }

    private static TaskInfo task(long id) {
        return new TaskInfo(id, 0, 0, 0, 1, "1", "host", TaskLocality.ANY(), false);
    }

    private static Seq<AccumulableInfo> infos(long ok, long failed) {
        List<AccumulableInfo> infos = new ArrayList<>();
        infos.add(info(OK, ok));
        infos.add(info(FAILED, failed));
        infos.add(info(7, 1000L));
        return CollectionConverters.asScala(infos).toSeq();
    }

    private static AccumulableInfo info(long id, Long value) {
        return new AccumulableInfo(
                id, Option.apply("n"), Option.apply(value), Option.empty(), false, true, Option.empty());
    }

    private static SparkListenerExecutorMetricsUpdate heartbeat(long task, long ok, long failed) {
        List<Tuple4<Object, Object, Object, Seq<AccumulableInfo>>> updates = new ArrayList<>();
        updates.add(new Tuple4<>(task, 0, 0, infos(ok, failed)));
        return new SparkListenerExecutorMetricsUpdate(
                "1", CollectionConverters.asScala(updates).toSeq(), Map$.MODULE$.empty());
    }
}
