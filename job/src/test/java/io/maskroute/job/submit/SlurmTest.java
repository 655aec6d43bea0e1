package io.maskroute.job.submit;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.job.submit.Installation.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code submit/slurm.sh} with Spark's real master and workers; Slurm and spark-submit are stood in for. */
@Timeout(180)
class SlurmTest {
    private static final int NODES = 2;

    @TempDir
    private Path folder;

    private Installation installation;
    private Map<String, String> allocation;

    @BeforeEach
    void install() throws Exception {
        installation = Installation.in(folder.resolve("the 'maskroute'"));
        Path logging = Files.writeString(
                folder.resolve("log4j2.properties"),
                "rootLogger.level = info\nrootLogger.appenderRef.c.ref = c\nappender.c.type = Console\n"
                        + "appender.c.name = c\nappender.c.target = SYSTEM_ERR\n"
                        + "appender.c.layout.type = PatternLayout\nappender.c.layout.pattern = %m%n\n");
        Installation.executable(
                folder.resolve("spark/bin/spark-class"),
                """
                #!/usr/bin/env bash
                echo $$ >>"$PIDS"
                exec "$JAVA_HOME/bin/java" -Xmx128m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \\
                  -Dlog4j2.configurationFile="$LOGGING" -cp "$JARS" "$@"
                """);
        Installation.executable(
                folder.resolve("bin/srun"),
                """
                #!/usr/bin/env bash
                while [[ $1 == --* ]]; do
                  case $1 in --ntasks=*) tasks=${1#*=} ;; esac
                  shift
                done
                pids=()
                trap 'kill "${pids[@]}"' TERM
                for ((i = 0; i < tasks; i++)); do
                  "$@" &
                  pids+=($!)
                done
                wait
                wait
                """);
        allocation = new TreeMap<>(Map.of(
                "SPARK_HOME",
                folder.resolve("spark").toString(),
                "JAVA_HOME",
                System.getProperty("java.home"),
                "PATH",
                folder.resolve("bin") + ":" + System.getenv("PATH"),
                "SPARK_LOCAL_IP",
                "127.0.0.1",
                "SLURM_JOB_ID",
                "42",
                "SLURM_JOB_NUM_NODES",
                String.valueOf(NODES),
                "SLURM_CPUS_ON_NODE",
                "4",
                "SLURM_MEM_PER_NODE",
                "5000",
                "SLURM_TMPDIR",
                folder.toString()));
        allocation.put("JARS", System.getProperty("java.class.path"));
        allocation.put("LOGGING", logging.toString());
        allocation.put("PIDS", folder.resolve("pids").toString());
        allocation.put("SEEN", folder.resolve("seen").toString());
    }

    /** @param then what it does when all workers have registered */
    private void sparkSubmit(String then) throws Exception {
        Installation.executable(
                folder.resolve("spark/bin/spark-submit"),
                """
                #!/usr/bin/env bash
                printf '%s\\0' "$@" >"$SEEN"
                log=$SLURM_TMPDIR/maskroute-slurm-42/master.log
                until [ "$(grep -c "Registering worker" "$log")" -eq "$SLURM_JOB_NUM_NODES" ]; do sleep 0.1; done
                grep "Registering worker" "$log" >"$SEEN.workers"
                """
                        + then + "\n");
    }

    @Test
    void aSparkLivesOnAllNodesAsLongAsTheCommand() throws Exception {
        sparkSubmit("exit 7");

        Outcome outcome = installation.run(allocation, "slurm.sh", "segment", "--model", "a b");

        assertThat(outcome.code()).as(outcome.err()).isEqualTo(7);
        List<String> seen = List.of(Files.readString(folder.resolve("seen")).split("\0"));
        assertThat(seen.get(seen.indexOf("--master") + 1)).startsWith("spark://127.0.0.1:");
        assertThat(seen).endsWith("segment", "--model", "a b").doesNotContain("--settings");
        assertThat(Files.readAllLines(folder.resolve("seen.workers")))
                .hasSize(NODES)
                .allMatch(line -> line.contains("4 cores") && line.contains("2.9 GiB RAM"));
        assertNothingIsLeft();
    }

    @Test
    void gpusOfTheJobAreOfferedAndShared() throws Exception {
        Installation.executable(folder.resolve("bin/nvidia-smi"), "#!/bin/sh\nprintf '0\\n1\\n'\n");
        allocation.put("SLURM_GPUS_ON_NODE", "2");
        allocation.put("CUDA_VISIBLE_DEVICES", "");
        sparkSubmit("exit 0");

        Outcome outcome = installation.run(
                allocation, "slurm.sh", "--conf", "spark.executor.memory=1g", "--", "evaluate", "--device", "gpu");

        assertThat(outcome.code()).as(outcome.err()).isZero();
        List<String> seen =
                new ArrayList<>(List.of(Files.readString(folder.resolve("seen")).split("\0")));
        // Two GPUs and four cores: an executor has two cores, and each of its tasks half a GPU.
        assertThat(seen)
                .contains(
                        "spark.executor.resource.gpu.amount=1",
                        "spark.executor.cores=2",
                        "spark.task.resource.gpu.amount=0.500000",
                        "spark.executor.memory=1g")
                .endsWith("evaluate", "--device", "gpu");
        assertThat(seen.lastIndexOf("spark.executor.cores=2")).isGreaterThan(seen.indexOf("spark.executor.cores=8"));
        assertNothingIsLeft();
    }

    @Test
    void outsideAnAllocationOrWithoutSparkItSaysWhatIsMissing() throws Exception {
        Map<String, String> outside = new TreeMap<>(allocation);
        outside.put("SLURM_JOB_ID", "");
        assertThat(installation.run(outside, "slurm.sh", "plan")).satisfies(outcome -> {
            assertThat(outcome.code()).isEqualTo(1);
            assertThat(outcome.err()).contains("no Slurm allocation").contains("sbatch --wrap");
        });
        assertThat(installation.run(allocation, "slurm.sh").code()).isEqualTo(1);
        allocation.put("SPARK_HOME", "/nowhere");
        assertThat(installation.run(allocation, "slurm.sh", "plan")).satisfies(outcome -> {
            assertThat(outcome.code()).isNotZero();
            assertThat(outcome.err())
                    .contains("SPARK_HOME must name a Spark 4.0")
                    .contains("/nowhere");
        });
    }

    private void assertNothingIsLeft() throws Exception {
        for (String pid : Files.readAllLines(folder.resolve("pids"))) {
            assertThat(ProcessHandle.of(Long.parseLong(pid)).filter(ProcessHandle::isAlive))
                    .as("process " + pid)
                    .isEmpty();
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left.map(path -> path.getFileName().toString()))
                    .noneMatch(name -> name.startsWith("maskroute-"));
        }
    }
}
