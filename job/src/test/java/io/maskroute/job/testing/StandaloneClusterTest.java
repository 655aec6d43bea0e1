package io.maskroute.job.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The cluster the other tests stand on is a real one: several executors, none of them the driver. */
class StandaloneClusterTest {
    @TempDir
    private Path folder;

    @Test
    void tasksRunInOtherProcesses() throws Exception {
        List<ProcessHandle> executors;
        try (StandaloneCluster cluster =
                StandaloneCluster.start(folder, 2, new StandaloneCluster.Worker(1, "512m", Map.of()))) {
            Process driver = cluster.driver(
                    "driver",
                    List.of("-Dspark.executor.memory=512m", "-Dspark.cores.max=2"),
                    WhereTasksRun.class.getName(),
                    List.of(folder.resolve("answer").toString()));

            assertThat(driver.waitFor(5, TimeUnit.MINUTES))
                    .as(() -> cluster.log("driver"))
                    .isTrue();
            assertThat(driver.exitValue()).as(() -> cluster.log("driver")).isZero();
            executors = cluster.executors();
        }
        List<String> answer = Files.readAllLines(folder.resolve("answer"));
        assertThat(answer.subList(1, answer.size()))
                .hasSize(2)
                .doesNotContain(answer.get(0))
                .doesNotHaveDuplicates();
        assertThat(executors)
                .allSatisfy(executor -> assertThat(executor.isAlive()).isFalse());
    }

    /** A driver: writes its process id and those of the processes that ran its tasks. */
    static final class WhereTasksRun {
        public static void main(String[] arguments) throws Exception {
            SparkSession spark = SparkSession.builder().appName("where").getOrCreate();
            JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
            while (spark.sparkContext().statusTracker().getExecutorInfos().length < 3) {
                Thread.sleep(50);
            }
            List<String> pids = context.parallelize(List.of(1, 2, 3, 4), 4)
                    .map(pid())
                    .distinct()
                    .collect();
            Files.writeString(
                    Path.of(arguments[0]), ProcessHandle.current().pid() + "\n" + String.join("\n", pids) + "\n");
            spark.stop();
        }

        private static Function<Integer, String> pid() {
            return number -> {
                assertThat(SparkEnv.get().executorId()).isNotEqualTo("driver");
                Thread.sleep(500);
                return String.valueOf(ProcessHandle.current().pid());
            };
        }
    }
}
