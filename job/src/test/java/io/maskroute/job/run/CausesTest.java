package io.maskroute.job.run;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.png;
import static io.maskroute.job.testing.Datasets.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import io.maskroute.job.testing.FailingFileSystem;
import io.maskroute.job.testing.FailingFileSystem.Failure;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever stops a run that the user can mend: one line says the innermost cause and the path, and the exit code is 2. */
class CausesTest {
    private static final Path OTHER_WRITERS = Path.of("../datasets/src/test/resources/data/parquet");

    @TempDir
    private Path home;

    @BeforeEach
    void modelAndDataset() throws IOException {
        Files.createDirectory(home.resolve("model"));
        Datasets.write(home.resolve("dataset"), 1, List.of(image("a", png(20, 30), prompt("a1", null, "x"))));
    }

    static Stream<Arguments> answers() {
        return Stream.of(
                Arguments.of("dataset/_maskroute.json", Failure.DENIED_BY_S3A, "permission denied (Forbidden, 403)"),
                Arguments.of(
                        "dataset/_maskroute.json", Failure.UNKNOWN_HOST, "the host namenode.example cannot be found"),
                Arguments.of("dataset/part-", Failure.DENIED_BY_S3A, "permission denied (Forbidden, 403)"),
                Arguments.of("dataset/part-", Failure.DENIED_BY_HADOOP, "Permission denied: user=x"),
                Arguments.of("dataset/part-", Failure.REFUSED, "Connection refused"),
                Arguments.of("dataset/part-", Failure.UNKNOWN_HOST, "the host namenode.example cannot be found"),
                Arguments.of("dataset/part-", Failure.BROKEN_DISK, "Input/output error"),
                Arguments.of("out/predictions/", Failure.DENIED_BY_HADOOP, "Permission denied: user=x"),
                Arguments.of("out/predictions/", Failure.NO_SPACE, "No space left on device"),
                Arguments.of("out/predictions/", Failure.QUOTA, "Disk quota exceeded"),
                Arguments.of("out/predictions/", Failure.READ_ONLY, "Read-only file system"));
    }

    @ParameterizedTest
    @MethodSource("answers")
    void whatAFileSystemOrAHostAnswersIsSaid(String where, Failure failure, String reason) {
        CliRun run = segment(home.resolve("dataset").toString(), FailingFileSystem.settings(where, failure));

        assertThat(complaint(run)).contains(reason).contains(home + "/" + where);
    }

    static Stream<Arguments> files() {
        return Stream.of(
                Arguments.of("pyarrow-brotli.parquet", "BROTLI"),
                Arguments.of("pyarrow-encrypted-footer.parquet", "encrypted"),
                Arguments.of("pyarrow-encrypted-column.parquet", "encrypted"),
                Arguments.of("pyarrow-case.parquet", "case"),
                Arguments.of("make.py", "does not end with PAR1"));
    }

    @ParameterizedTest
    @MethodSource("files")
    void whatAFileHoldsThatCannotBeReadIsSaid(String file, String reason) throws IOException {
        try (Stream<Path> files = Files.list(home.resolve("dataset"))) {
            for (Path old :
                    files.filter(each -> each.toString().endsWith(".parquet")).toList()) {
                Files.delete(old);
            }
        }
        Files.copy(OTHER_WRITERS.resolve(file), home.resolve("dataset/other.parquet"));

        CliRun run = segment(home.resolve("dataset").toString());

        assertThat(complaint(run)).contains(reason).contains(home + "/dataset/other.parquet");
    }

    @Test
    void whereNothingElseHasRowsTheFileThatCannotBeReadIsSaid() throws IOException {
        for (String name : List.of("pyarrow-brotli.parquet", "pyarrow-empty.parquet")) {
            Files.copy(
                    OTHER_WRITERS.resolve(name),
                    Files.createDirectories(home.resolve("few")).resolve(name));
        }
        Files.copy(home.resolve("dataset/_maskroute.json"), home.resolve("few/_maskroute.json"));

        CliRun run = segment(home.resolve("few").toString());

        assertThat(complaint(run))
                .contains("pyarrow-brotli.parquet cannot be read")
                .contains("BROTLI");
    }

    @ParameterizedTest
    @MethodSource("places")
    void aPlaceThatIsNotThereIsSaid(String dataset, String reason) throws IOException {
        int closed;
        try (ServerSocket socket = new ServerSocket(0)) {
            closed = socket.getLocalPort();
        }
        CliRun run = segment(
                dataset,
                "-s",
                "spark.hadoop.fs.s3a.endpoint=http://127.0.0.1:" + closed,
                "-s",
                "spark.hadoop.fs.s3a.access.key=a",
                "-s",
                "spark.hadoop.fs.s3a.secret.key=b",
                "-s",
                "spark.hadoop.fs.s3a.path.style.access=true",
                "-s",
                "spark.hadoop.fs.s3a.endpoint.region=here",
                "-s",
                "spark.hadoop.fs.s3a.attempts.maximum=1",
                "-s",
                "spark.hadoop.fs.s3a.retry.limit=0");

        assertThat(complaint(run)).contains(reason).contains(dataset);
    }

    static Stream<Arguments> places() {
        return Stream.of(
                Arguments.of("s3a://bucket/dataset", "Connection refused"),
                Arguments.of("hdfs://host.invalid:8020/dataset", "the host host.invalid cannot be found"),
                Arguments.of("hdfs://127.0.0.1:1/dataset", "Connection refused"),
                Arguments.of("gopher://host/dataset", "No FileSystem for scheme \"gopher\""));
    }

    private CliRun segment(String dataset, String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "segment",
                "--model",
                home.resolve("model").toString(),
                "--dataset",
                dataset,
                "--output",
                home.resolve("out").toString()));
        all.addAll(Arrays.asList(settings));
        return CliRun.withSpark(home, all.toArray(String[]::new));
    }

    /** The one line that the user gets. */
    private static String complaint(CliRun run) {
        List<String> lines =
                run.err().lines().filter(line -> line.startsWith("maskroute: ")).toList();
        assertThat(run.code()).as(run.err()).isEqualTo(2);
        assertThat(lines).as(run.err()).hasSize(1);
        assertThat(run.err()).doesNotContain("Exception", "\tat ");
        return lines.get(0);
    }
}
