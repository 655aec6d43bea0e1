package io.maskroute.job.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.job.results.AdapterCalibration;
import io.maskroute.job.results.CalibrationResult;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import io.maskroute.job.testing.FakeSegmenters;
import io.maskroute.job.testing.FaultyProxy;
import io.maskroute.job.testing.S3Server;
import io.maskroute.job.testing.WholeLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.logging.log4j.Level;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whole runs with dataset, pictures, model and output on a real HDFS and on a real S3 server: one that works, that refuses
 * requests, that is away. One run with everything on this machine but some pictures says what the rows have to be.
 */
class RemoteStorageTest {
    private static final String PASSWORD = "hush/Pw9";
    private static final int OUTAGE_SECONDS = 20;
    private static final double FAULTS = 0.05;
    private static final int READINGS = 200;
    private static final long BETWEEN_MILLIS = 10;

    @TempDir
    private static Path shared;

    private static S3Server server;
    private static MiniDFSCluster hdfs;
    private static Map<String, Row> local;

    @TempDir
    private Path home;

    @BeforeAll
    static void datasetAndModelEverywhere() throws IOException {
        server = S3Server.start(shared.resolve("s3"));
        hdfs = new MiniDFSCluster.Builder(
                        new Configuration(), shared.resolve("hdfs").toFile())
                .numDataNodes(1)
                .build();
        Path model = Files.createDirectory(shared.resolve("model"));
        Files.writeString(model.resolve(FakeSegmenters.FINGERPRINT), "fake-model of the store");
        Path dataset = shared.resolve("dataset");
        StoredRuns.writeDataset(dataset, elsewhere(), PASSWORD);
        try (FileSystem s3 = server.client()) {
            StoredRuns.upload(s3, dataset, server.uri("dataset"));
            StoredRuns.upload(s3, model, server.uri("model"));
        }
        StoredRuns.upload(hdfs.getFileSystem(), dataset, hdfs("dataset"));
        StoredRuns.upload(hdfs.getFileSystem(), model, hdfs("model"));
        CliRun run = CliRun.withSpark(
                shared,
                StoredRuns.with(
                        StoredRuns.arguments(dataset.toString(), model.toString(), shared + "/out"),
                        properties(server.port())));
        assertThat(run.code()).as(run.err()).isZero();
        local = StoredRuns.rows(shared.resolve("out/predictions"));
        assertThat(local).hasSize(StoredRuns.ROWS);
        assertThat(local.values().stream()
                        .filter(row -> row.<String>getAs("status").equals("ok")))
                .hasSize(StoredRuns.FILES * 7);
    }

    @AfterAll
    static void stop() {
        server.close();
        hdfs.shutdown(true);
    }

    /** Hadoop keeps one client per bucket, which would talk past a port that is new. */
    @BeforeEach
    void forgetClients() throws IOException {
        FileSystem.closeAll();
    }

    /** Where pictures of the dataset are, too. */
    private static List<String> elsewhere() throws IOException {
        return List.of(server.uri("dataset"), hdfs("dataset"), "file:" + shared.resolve("dataset"));
    }

    private static Map<String, String> properties(int port) {
        Map<String, String> properties = new TreeMap<>(S3Server.sparkProperties(port));
        try {
            properties.put("dataset.image-roots", "[\"" + String.join("\",\"", elsewhere()) + "\"]");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties;
    }

    private static String hdfs(String path) throws IOException {
        return hdfs.getFileSystem().getUri() + "/" + path;
    }

    @Test
    void everythingMayBeInHdfs() throws IOException {
        GroupWatch watch = new GroupWatch(hdfs.getFileSystem(), hdfs("out"), StoredRuns.ROWS);
        CliRun run = run(server.port(), StoredRuns.arguments(hdfs("dataset"), hdfs("model"), hdfs("out")));
        watch.end();

        assertThat(run.code()).as(run.err()).isZero();
        assertThat(StoredRuns.rows(
                        StoredRuns.download(hdfs.getFileSystem(), hdfs("out/predictions"), home.resolve("copy"))))
                .containsExactlyInAnyOrderEntriesOf(local);
        assertThat(hdfs.getFileSystem().exists(new org.apache.hadoop.fs.Path("/out/report.html")))
                .isTrue();
        assertThat(watch.complaints()).isEmpty();
        assertThat(watch.groups()).isBetween(1, StoredRuns.FILES);
    }

    /** What the log of a run and its lease stand on. */
    @Test
    void ofTwoWritersOfOneFileOneWins() throws Exception {
        try (FileSystem s3 = server.client()) {
            for (String uri : List.of(server.uri("once"), hdfs("once"))) {
                WholeFiles files = new WholeFiles(s3.getConf());
                org.apache.hadoop.fs.Path folder = new org.apache.hadoop.fs.Path(uri);
                assertThat(files.doubt(folder)).as(uri).isEmpty();
                for (int round = 0; round < 5; round++) {
                    org.apache.hadoop.fs.Path file = new org.apache.hadoop.fs.Path(folder, round + ".json");
                    List<CompletableFuture<Boolean>> writers = new ArrayList<>();
                    for (int i = 0; i < 4; i++) {
                        byte[] content = ("writer " + i).getBytes(StandardCharsets.UTF_8);
                        writers.add(CompletableFuture.supplyAsync(() -> {
                            try {
                                return files.create(file, content);
                            } catch (IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        }));
                    }
                    List<Integer> winners = new ArrayList<>();
                    for (int i = 0; i < writers.size(); i++) {
                        if (writers.get(i).get()) {
                            winners.add(i);
                        }
                    }
                    assertThat(winners).as(uri).hasSize(1);
                    assertThat(files.read(file)).asString().isEqualTo("writer " + winners.get(0));
                }
            }
        }
    }

    /** As a lease is, which its holder counts up while another driver looks at it. */
    @Test
    void aFileThatIsReplacedMeanwhileIsReadAllTheSame() throws Exception {
        try (FileSystem s3 = server.client()) {
            for (String uri : List.of(server.uri("counter"), hdfs("counter"))) {
                WholeFiles files = new WholeFiles(s3.getConf());
                org.apache.hadoop.fs.Path file = new org.apache.hadoop.fs.Path(uri);
                files.replace(file, out -> out.write(count(0)));
                AtomicBoolean end = new AtomicBoolean();
                CompletableFuture<Integer> writer = CompletableFuture.supplyAsync(() -> {
                    int rounds = 0;
                    while (!end.get()) {
                        byte[] content = count(++rounds);
                        try {
                            files.replace(file, out -> out.write(content));
                            Thread.sleep(BETWEEN_MILLIS);
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    }
                    return rounds;
                });
                int last = 0;
                try {
                    for (int round = 0; round < READINGS; round++) {
                        byte[] read = files.read(file);
                        int count = Integer.parseInt(new String(read, StandardCharsets.UTF_8).substring(0, 6));
                        assertThat(read).as(uri).isEqualTo(count(count));
                        assertThat(count).as(uri).isGreaterThanOrEqualTo(last);
                        last = count;
                    }
                } finally {
                    end.set(true);
                }
                assertThat(writer.get()).isGreaterThan(1);
            }
        }
    }

    private static byte[] count(int number) {
        return String.format("%06d ", number).repeat(1_000).getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void refusedAndBrokenRequestsChangeNothing() throws IOException {
        try (FaultyProxy proxy = new FaultyProxy(server.port(), FAULTS, 11);
                FileSystem s3 = server.impatientClient()) {
            GroupWatch watch = watch(s3, "faulty");
            CliRun run = run(proxy.port(), onS3("faulty"));
            watch.end();

            assertThat(run.code()).as(run.err()).isZero();
            assertThat(stored("faulty")).containsExactlyInAnyOrderEntriesOf(local);
            CliRun again = run(proxy.port(), onS3("faulty"));
            assertThat(again.code()).as(again.err()).isZero();
            assertThat(again.err()).contains("is finished, and its dataset has nothing new");
            assertThat(proxy.faults()).as("of %d requests", proxy.requests()).isGreaterThan(10);
            assertWholeGroupsAlone(watch);
        }
    }

    @Test
    void aServerThatIsAwayForAWhileChangesNothing() throws Exception {
        try (FileSystem s3 = server.impatientClient()) {
            GroupWatch watch = watch(s3, "away");
            CompletableFuture<CliRun> running = CompletableFuture.supplyAsync(() -> run(server.port(), onS3("away")));
            Path begun = server.objects("away/_run/groups/000001.json");
            while (!Files.exists(begun) && !running.isDone()) {
                Thread.sleep(5);
            }
            server.kill();
            try {
                assertThat(running).isNotDone();
                TimeUnit.SECONDS.sleep(OUTAGE_SECONDS);
                assertThat(running.isDone() ? running.get().err() : "").isEmpty();
            } finally {
                server.start();
            }
            CliRun run = running.get();
            watch.end();

            assertThat(run.code()).as(run.err()).isZero();
            assertThat(stored("away")).containsExactlyInAnyOrderEntriesOf(local);
            assertWholeGroupsAlone(watch);
        }
    }

    /** The bundled model with a routing, and everything that is written or logged meanwhile. */
    @Test
    void theBundledModelRunsFromS3AndNothingSaysTheSecret() throws IOException {
        Path dataset = shared.resolve("photos");
        List<Row> pictures = photos(dataset);
        try (FileSystem s3 = server.client()) {
            StoredRuns.upload(s3, dataset, server.uri("photos"));
            StoredRuns.upload(s3, Path.of("../models/tiny"), server.uri("models/tiny"));
            StoredRuns.upload(s3, Path.of("../conf/routing/tiny.json"), server.uri("models/tiny.json"));
        }
        CliRun here = CliRun.withModel(
                home, 2, evaluate(dataset.toString(), "../models/tiny", "../conf/routing/tiny.json", home + "/local"));
        assertThat(here.code()).as(here.err()).isZero();
        Path settings = settings(Files.createDirectory(home.resolve("events")));
        CliRun run;
        String log;
        try (WholeLog captured = new WholeLog(Level.INFO)) {
            List<String> arguments = new ArrayList<>(List.of(evaluate(
                    server.uri("photos"),
                    server.uri("models/tiny"),
                    server.uri("models/tiny.json"),
                    server.uri("photos-out"))));
            arguments.addAll(List.of("--conf", settings.toString()));
            run = CliRun.withModel(home, 2, arguments.toArray(String[]::new));
            log = captured.text();
        }

        assertThat(run.code()).as(run.err()).isZero();
        Map<String, Row> rows = stored("photos-out");
        assertThat(rows)
                .hasSizeGreaterThan(pictures.size())
                .isEqualTo(StoredRuns.rows(home.resolve("local/predictions")));
        assertThat(rows.values())
                .allSatisfy(row -> assertThat(row.<String>getAs("status")).isEqualTo("ok"));
        assertThat(server.objects("photos-out/_run/groups/000001.json")).isRegularFile();
        String record = Files.readString(server.objects("photos-out/run.json"));
        assertThat(record).contains("fs.s3a.secret.key\" : \"(redacted)\"");
        assertThat(log).contains("Fetching " + server.uri("models/tiny"));
        Files.delete(settings);
        Files.writeString(home.resolve("captured.log"), log + run.out() + run.err());
        assertNothingHolds(S3Server.SECRET_KEY, home, server.objects("photos-out"));
    }

    /** What a report shows of an adapter is read by the driver, wherever the adapter is. */
    @Test
    void theCalibrationOfAnAdapterIsReadFromS3() throws IOException {
        CalibrationResult made = new CalibrationResult(
                CalibrationResult.FORMAT,
                new CalibrationResult.Model("m", "f", "fp32", 1, 4, 2),
                new CalibrationResult.Dataset("d", 3, 1, Map.of("decode/x", 1L), 5, Map.of(), 2.5),
                new CalibrationResult.Projectors("linear", 0, 7),
                1,
                List.of(new CalibrationResult.Layer(0, 0.25, 0.5, List.of())),
                new CalibrationResult.Schedule(0, List.of(1), 0.5),
                null);
        Path adapter = Files.createDirectory(home.resolve("adapter"));
        Files.write(adapter.resolve(CalibrationResult.FILE), Json.write(made));
        try (FileSystem s3 = server.client()) {
            StoredRuns.upload(s3, adapter, server.uri("adapter"));

            assertThat(AdapterCalibration.read(server.uri("adapter"), s3.getConf()))
                    .contains(made);
            assertThat(AdapterCalibration.read(server.uri("adapter/" + CalibrationResult.FILE), s3.getConf()))
                    .isEmpty();
        }
    }

    @Test
    void passwordsInPictureUrisReachNoFile() throws IOException {
        assertThat(local.values().stream()
                        .map(row -> row.<Row>getAs("error"))
                        .filter(error -> error != null && error.toString().contains("carries a password")))
                .hasSize(2 * StoredRuns.FILES)
                .allSatisfy(error -> assertThat(error.toString()).contains("s3a://bucket/pictures"));
        assertThat(local.values().toString()).doesNotContain(PASSWORD);
        assertNothingHolds(PASSWORD, shared.resolve("out"));
    }

    private GroupWatch watch(FileSystem s3, String output) {
        return new GroupWatch(s3, server.uri(output), StoredRuns.ROWS);
    }

    private static void assertWholeGroupsAlone(GroupWatch watch) {
        assertThat(watch.complaints()).isEmpty();
        assertThat(watch.groups()).isBetween(1, StoredRuns.FILES);
        assertThat(watch.sawUnfinished()).isTrue();
        assertThat(watch.listings()).isGreaterThan(StoredRuns.FILES);
    }

    private static List<String> onS3(String output) {
        return StoredRuns.arguments(server.uri("dataset"), server.uri("model"), server.uri(output));
    }

    private CliRun run(int port, List<String> arguments) {
        Map<String, String> settings = properties(port);
        settings.put("model.cache", home.resolve("cache").toString());
        return CliRun.withSpark(home, StoredRuns.with(arguments, settings));
    }

    private Map<String, Row> stored(String output) throws IOException {
        try (FileSystem s3 = server.client()) {
            return StoredRuns.rows(
                    StoredRuns.download(s3, server.uri(output + "/predictions"), home.resolve("copy of " + output)));
        }
    }

    private static String[] evaluate(String dataset, String model, String routing, String output) {
        return new String[] {
            "evaluate", "--dataset", dataset, "--model", model, "--routing", routing, "--output", output
        };
    }

    /** The way a site gives its settings, with a log of Spark's events. */
    private Path settings(Path events) throws IOException {
        Map<String, String> all = new TreeMap<>(S3Server.sparkProperties(server.port()));
        all.put("spark.hadoop.fs.s3a.bucket.elsewhere.session.token", S3Server.SECRET_KEY);
        all.put("spark.logConf", "true");
        all.put("spark.eventLog.enabled", "true");
        all.put("spark.eventLog.compress", "false");
        all.put("spark.eventLog.dir", events.toUri().toString());
        all.put("model.cache", home.resolve("cache").toString());
        return Files.write(
                home.resolve("site.conf"),
                all.entrySet().stream()
                        .map(e -> Stream.of(e.getKey().split("\\.", 2))
                                        .map(part -> '"' + part + '"')
                                        .reduce((a, b) -> a + "." + b)
                                        .orElseThrow()
                                + " = \"" + e.getValue() + '"')
                        .toList());
    }

    /** Two of the bundled pictures as files of their own, with their prompts. */
    private static List<Row> photos(Path folder) throws IOException {
        List<Row> pictures = Datasets.withSpark(spark -> {
            var two = spark.read()
                    .parquet("../examples/refcoco-mini")
                    .orderBy("image_id")
                    .limit(2);
            two.withColumn("image", functions.lit(null).cast("binary"))
                    .withColumn("image_uri", functions.concat(functions.lit("files/"), functions.col("image_id")))
                    .write()
                    .parquet(folder.toString());
            DatasetManifest.read(
                            "../examples/refcoco-mini", spark.sessionState().newHadoopConf())
                    .write(folder.toString(), spark.sessionState().newHadoopConf());
            return two.select("image_id", "image").collectAsList();
        });
        Files.createDirectory(folder.resolve("files"));
        for (Row picture : pictures) {
            Files.write(folder.resolve("files/" + picture.getString(0)), picture.<byte[]>getAs(1));
        }
        return pictures;
    }

    private static void assertNothingHolds(String secret, Path... folders) throws IOException {
        int looked = 0;
        for (Path folder : folders) {
            try (Stream<Path> all = Files.walk(folder)) {
                for (Path file : all.filter(Files::isRegularFile).toList()) {
                    looked++;
                    assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(secret))
                            .as("%s holds the secret", file)
                            .isFalse();
                }
            }
        }
        assertThat(looked).isGreaterThan(10);
    }
}
