package io.maskroute.job.submit;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.job.submit.Installation.Outcome;
import io.maskroute.job.testing.Datasets;
import io.maskroute.job.testing.StandaloneCluster;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jar that clusters get: what is in it, and that Spark and it are all that a cluster needs beside PyTorch's library. */
class ApplicationJarIT {
    private static final Path JAR = Path.of(System.getProperty("application.jar"));
    private static final long MEBIBYTE = 1 << 20;
    private static final int CORES = 8;

    @TempDir
    private Path folder;

    @Test
    void itHoldsTheApplicationAndNeitherSparkNorPytorch() throws IOException {
        List<String> entries;
        try (JarFile jar = new JarFile(JAR.toFile())) {
            entries = jar.stream().map(ZipEntry::getName).toList();
            assertThat(text(jar, "META-INF/services/ai.djl.engine.EngineProvider"))
                    .contains("ai.djl.pytorch.engine.PtEngineProvider", "ai.djl.engine.rust.RsEngineProvider");
            assertThat(text(jar, "META-INF/services/javax.imageio.spi.ImageReaderSpi"))
                    .contains("com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi");
            assertThat(text(jar, "META-INF/LICENSE")).contains("Apache License");
            assertThat(text(jar, "META-INF/THIRD-PARTY.txt")).contains("Harald Kuhr");
        }
        assertThat(entries)
                .contains(
                        "io/maskroute/job/cli/Main.class",
                        "io/maskroute/core/torchscript/llm.py",
                        "jnilib/linux-x86_64/cpu/libdjl_torch.so",
                        "jnilib/linux-x86_64/cu128/libdjl_torch.so",
                        "native/lib/linux-x86_64/cpu/libtokenizers.so")
                .doesNotHaveDuplicates()
                .noneMatch(name -> name.matches("(scala|org/slf4j|com/fasterxml|com/google/gson)/.*"))
                .noneMatch(name -> name.matches("META-INF/[^/]*\\.(SF|DSA|RSA)|(.*/)?module-info\\.class"))
                .noneMatch(name -> name.matches(".*/(libtorch|libc10|libgomp|libcu)[^/]*|.*\\.(dll|dylib)"));
        assertThat(entries.stream()
                        .filter(name -> name.endsWith(".class"))
                        // Spark's side of the committers for object stores, which its own distribution leaves out.
                        .filter(name -> !name.startsWith("org/apache/spark/internal/io/cloud/"))
                        .map(name -> name.replaceAll("^META-INF/versions/\\d+/", ""))
                        .map(name -> name.substring(0, name.indexOf('/', name.indexOf('/') + 1) + 1))
                        .filter(start -> !start.isEmpty()))
                .as("whose classes they are")
                .allMatch(start ->
                        start.matches("(io/maskroute|ai/djl|com/twelvemonkeys|com/typesafe|com/sun|picocli/.*)/?"));
        assertThat(Files.size(JAR)).isBetween(5 * MEBIBYTE, 30 * MEBIBYTE);
    }

    /** With PyTorch's library as a jar, then as a folder, on a cluster whose GPU is mapped to the CPU. */
    @Test
    void aClusterThatHasSparkAloneRunsIt() throws Exception {
        Installation installation = Installation.in(folder.resolve("the maskroute"));
        Files.copy(JAR, installation.jar(), StandardCopyOption.REPLACE_EXISTING);
        Files.writeString(installation.root().resolve("conf/maskroute.conf"), "report.samples = 3\n");
        String natives = classPath()
                .filter(jar -> jar.getFileName().toString().startsWith("pytorch-native"))
                .map(Path::toString)
                .findFirst()
                .orElseThrow();
        Installation.executable(folder.resolve("bin/nvidia-smi"), "#!/bin/sh\necho 0\n");
        Path discovery = Installation.executable(
                folder.resolve("discovery.sh"),
                "#!/bin/sh\nPATH='" + folder.resolve("bin") + "':\"$PATH\" exec '"
                        + installation.script("gpu-discovery.sh") + "'\n");
        Path model = Installation.SOURCES.resolve("models/tiny");
        Path dataset = Installation.SOURCES.resolve("examples/refcoco-mini");
        Path cache = folder.resolve("djl-cache");

        try (StandaloneCluster cluster = StandaloneCluster.start(
                folder.resolve("cluster"),
                1,
                new StandaloneCluster.Worker(
                        CORES,
                        "2g",
                        Map.of(
                                "spark.worker.resource.gpu.amount",
                                "1",
                                "spark.worker.resource.gpu.discoveryScript",
                                discovery.toString())),
                spark())) {
            Outcome evaluated = submit(
                    installation,
                    cluster,
                    List.of(
                            "--settings",
                            "gpu",
                            "--jars",
                            natives,
                            "--conf",
                            "spark.executorEnv.DJL_CACHE_DIR=" + cache),
                    "evaluate",
                    model,
                    dataset,
                    List.of("--device", "gpu", "-s", "runtime.gpu-device=cpu"));
            assertThat(evaluated.code())
                    .as(() -> evaluated.err() + executorLogs(cluster))
                    .isZero();
            Path library;
            try (Stream<Path> unpacked = Files.find(cache, 4, (file, is) -> file.endsWith("libtorch.so"))) {
                library = unpacked.findFirst().orElseThrow().getParent();
            }
            Outcome segmented = submit(
                    installation,
                    cluster,
                    List.of("--conf", "spark.executorEnv.PYTORCH_LIBRARY_PATH=" + library),
                    "segment",
                    model,
                    dataset,
                    List.of());
            assertThat(segmented.code())
                    .as(() -> segmented.err() + executorLogs(cluster))
                    .isZero();
        }

        List<Row> evaluated = rows("evaluate");
        assertThat(evaluated).hasSize(42).allSatisfy(row -> {
            assertThat(row.<String>getAs("status")).isEqualTo("ok");
            assertThat(row.<String>getAs("device")).isEqualTo("cpu for gpu 0");
        });
        assertThat(masks(rows("segment"))).isEqualTo(masks(evaluated));
        assertThat(folder.resolve("evaluate/report.html")).exists();
        // The installation's settings reached the driver although its folder has a space in its name.
        assertThat(Files.readString(folder.resolve("evaluate/run.json")))
                .containsPattern("\"report.samples\" *: *\"?3");
    }

    private Outcome submit(
            Installation installation,
            StandaloneCluster cluster,
            List<String> sparkArguments,
            String command,
            Path model,
            Path dataset,
            List<String> more)
            throws Exception {
        List<String> arguments = new ArrayList<>(
                List.of("bash", installation.script("spark-submit.sh").toString()));
        arguments.addAll(sparkArguments);
        cluster.sparkProperties().forEach((key, value) -> arguments.addAll(List.of("--conf", key + "=" + value)));
        // A small machine, and a library for CPUs where the settings expect one for GPUs.
        arguments.addAll(List.of(
                "--conf",
                "spark.executor.memory=512m",
                "--conf",
                "spark.executorEnv.PYTORCH_FLAVOR=cpu",
                "--conf",
                "spark.sql.shuffle.partitions=2",
                "--driver-memory",
                "512m",
                "--driver-java-options",
                "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
                "--",
                command,
                "--model",
                model.toString(),
                "--dataset",
                dataset.toString(),
                "--output",
                folder.resolve(command).toString()));
        arguments.addAll(more);
        return Installation.run(
                folder,
                Map.of(
                        "SPARK_HOME",
                        sparkHome().toString(),
                        "JAVA_HOME",
                        System.getProperty("java.home"),
                        "SPARK_LOCAL_IP",
                        "127.0.0.1",
                        "SPARK_SCALA_VERSION",
                        "2.13",
                        "SPARK_DIST_CLASSPATH",
                        spark()),
                arguments);
    }

    /** What bin/spark-submit and bin/spark-class of a Spark installation do; they are not among Spark's Maven artifacts. */
    private Path sparkHome() throws IOException {
        Path home = folder.resolve("spark");
        Files.createDirectories(home.resolve("jars"));
        Installation.executable(
                home.resolve("bin/spark-submit"),
                """
                #!/usr/bin/env bash
                set -eu
                command=()
                while IFS= read -r -d '' word; do command+=("$word"); done < <(
                  "$JAVA_HOME/bin/java" -Xmx128m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$SPARK_DIST_CLASSPATH" \\
                    org.apache.spark.launcher.Main org.apache.spark.deploy.SparkSubmit "$@")
                # The command follows an empty word and a line feed.
                exec "${command[1]#?}" "${command[@]:2}"
                """);
        return home;
    }

    /** The class path of this test without what the application must bring and without what only tests use. */
    private static String spark() throws IOException {
        List<String> application;
        try (JarFile jar = new JarFile(JAR.toFile())) {
            application = jar.stream().map(ZipEntry::getName).toList();
        }
        List<Path> jars = new ArrayList<>();
        for (Path entry : classPath().filter(Files::isRegularFile).toList()) {
            String name = entry.getFileName().toString();
            if (name.startsWith("pytorch-") || name.startsWith("gson-")) {
                continue;
            }
            try (JarFile jar = new JarFile(entry.toFile())) {
                if (jar.stream()
                        .map(ZipEntry::getName)
                        .filter(e -> e.endsWith(".class") && !e.endsWith("module-info.class"))
                        .findFirst()
                        .filter(application::contains)
                        .isEmpty()) {
                    jars.add(entry);
                }
            }
        }
        assertThat(jars)
                .anyMatch(jar -> jar.getFileName().toString().startsWith("spark-sql_"))
                .noneMatch(
                        jar -> jar.toString().contains("djl") || jar.toString().contains("picocli"));
        return jars.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }

    private static Stream<Path> classPath() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of);
    }

    private static String text(JarFile jar, String entry) throws IOException {
        return new String(jar.getInputStream(jar.getEntry(entry)).readAllBytes(), StandardCharsets.UTF_8);
    }

    private static String executorLogs(StandaloneCluster cluster) {
        try {
            return cluster.executorLogs();
        } catch (IOException e) {
            return e.toString();
        }
    }

    private List<Row> rows(String output) {
        return Datasets.read(folder.resolve(output).resolve("predictions"));
    }

    private static Map<String, String> masks(List<Row> rows) {
        return rows.stream()
                .collect(Collectors.toMap(
                        row -> row.getAs("prompt_id"), row -> String.valueOf(row.<Object>getAs("masks"))));
    }
}
