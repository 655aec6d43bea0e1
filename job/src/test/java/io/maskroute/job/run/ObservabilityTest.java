package io.maskroute.job.run;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.png;
import static io.maskroute.job.testing.Datasets.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.job.testing.CapturedLog;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import io.maskroute.job.testing.FakeSegmenters;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a run shows of itself while it runs and afterwards: metrics over HTTP, job names, log. */
class ObservabilityTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String NAMESPACE = "maskroute_test";
    private static final Pattern METRIC = Pattern.compile("metrics_" + NAMESPACE
            + "_driver_plugin_io_maskroute_job_run_MaskroutePlugin_(\\w+?)(_Value)?\\{[^}]*} (\\S+)");

    @TempDir
    private Path home;

    @BeforeEach
    void model() throws IOException {
        Files.createDirectory(home.resolve("model"));
    }

    /** The model holds back the last prompt until the metrics have been read. */
    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void prometheusReadsWhatTheExecutorHasDoneSoFar() throws Exception {
        Datasets.writeFiles(
                home.resolve("dataset"),
                List.of(
                        List.of(
                                image("a", png(20, 30), prompt("a1", null, "x"), prompt("a2", null, "y")),
                                image("b", png(20, 30), prompt("b1", null, FakeSegmenters.REFUSED)),
                                image("c", "no picture".getBytes(), prompt("c1", null, "x"))),
                        List.of(image("d", png(20, 30), prompt("d1", null, FakeSegmenters.HELD)))));
        FakeSegmenters.hold();
        CompletableFuture<CliRun> running = CompletableFuture.supplyAsync(() -> run(
                "spark.ui.enabled=true",
                "spark.ui.port=0",
                "spark.metrics.conf=../conf/metrics.properties",
                "spark.metrics.namespace=" + NAMESPACE,
                "spark.executor.heartbeatInterval=100ms",
                "progress.interval=100ms",
                // What is held must not keep the other pictures waiting.
                "runtime.predictors=2",
                "groups.pictures=1"));
        Map<String, Double> metrics = Map.of();
        try {
            while (!running.isDone() && metrics.getOrDefault("run_prompts_failed", 0.0) < 2) {
                Thread.sleep(100);
                metrics = prometheus();
            }
        } finally {
            FakeSegmenters.release();
        }
        assertThat(running.get().code()).as(running.get().err()).isZero();

        assertThat(metrics)
                .containsEntry("prompts_ok_Count", 2.0)
                .containsEntry("prompts_failed_Count", 2.0)
                .containsEntry("failures_prompt_Count", 1.0)
                .containsEntry("failures_decode_Count", 1.0)
                .containsEntry("failures_truth_Count", 0.0)
                .containsEntry("pictures_Count", 3.0)
                .containsEntry("model_loads_Count", 1.0)
                .containsEntry("model_cudaDevice", -1.0)
                .containsEntry("model_promptsPerCall", 64.0)
                .containsEntry("model_imagesPerCall", 1.0)
                .containsEntry("model_outOfMemory", 0.0)
                .containsEntry("queue_bytes", 0.0)
                .containsEntry("time_vision_Count", 2.0)
                .containsEntry("time_total_Count", 2.0)
                .containsEntry("run_executors", 1.0)
                .containsEntry("run_prompts_ok", 2.0)
                .containsEntry("run_prompts_failed", 2.0);
        assertThat(metrics.get("time_vision_Mean")).isCloseTo(2e6, org.assertj.core.api.Assertions.within(1.0));
        assertThat(metrics.get("model_busyShare")).isBetween(0.0, 1.0);
        assertThat(metrics).containsKeys("run_busyShare", "model_openSeconds", "time_queue_50thPercentile");
        assertThat(running.get().err()).containsPattern("model busy \\d+ %, time left");
    }

    @Test
    void theEventLogNamesGroupsAndSteps() throws Exception {
        List<List<ImageRow>> files = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            files.add(List.of(image("i" + i, png(20, 30), prompt("p" + i, null, FakeSegmenters.FLAKY))));
        }
        Datasets.writeFiles(home.resolve("dataset"), files);
        Files.createFile(home.resolve("model").resolve(FakeSegmenters.FLAKY));
        Path events = Files.createDirectory(home.resolve("events"));
        String[] settings = {
            "spark.eventLog.enabled=true", "spark.eventLog.dir=" + events.toUri(), "spark.eventLog.compress=false"
        };

        run(Stream.concat(Stream.of("groups.pictures=1"), Stream.of(settings)).toArray(String[]::new));
        Set<String> first = descriptions(events);
        Files.delete(home.resolve("model").resolve(FakeSegmenters.FLAKY));
        CliRun again = run(Stream.concat(Stream.of("output.retry-failed=true"), Stream.of(settings))
                .toArray(String[]::new));

        String dataset = " of " + home.resolve("dataset");
        assertThat(first)
                .containsExactlyInAnyOrder(
                        "open " + home.resolve("dataset"),
                        "count the images and prompts" + dataset,
                        "segment group 0" + dataset,
                        "score the predictions" + dataset,
                        "list the models" + dataset,
                        "sum up the predictions" + dataset,
                        "gather the report" + dataset);
        assertThat(again.code()).as(again.err()).isZero();
        assertThat(descriptions(events))
                .containsAll(first)
                .contains(
                        "count the failed prompts" + dataset,
                        "run the failed prompts" + dataset + " again",
                        "replace the failed rows" + dataset);
    }

    @Test
    void aTaskNamesItsFirstFailedPromptsAndCountsTheOthers() throws Exception {
        PromptRow[] prompts = new PromptRow[80];
        for (int i = 0; i < 40; i++) {
            prompts[2 * i] = prompt("ok" + i, null, "x");
            prompts[2 * i + 1] = prompt("bad" + i, null, FakeSegmenters.REFUSED);
        }
        Datasets.write(home.resolve("dataset"), 1, List.of(image("i", png(20, 30), prompts)));

        List<LogEvent> events =
                CapturedLog.of(RowWarnings.class, () -> assertThat(run().code()).isZero());

        assertThat(events.subList(0, RowWarnings.MOST))
                .extracting(event -> event.getContextData().<String>getValue("prompt_id"))
                .containsExactly("bad0", "bad1", "bad2", "bad3", "bad4");
        assertThat(events).hasSize(RowWarnings.MOST + 1);
        assertThat(events.get(RowWarnings.MOST).getMessage().getFormattedMessage())
                .startsWith("35 more prompts of this task failed");
    }

    private CliRun run(String... settings) {
        List<String> arguments = new ArrayList<>(List.of(
                "segment",
                "--model",
                home.resolve("model").toString(),
                "--dataset",
                home.resolve("dataset").toString(),
                "--output",
                home.resolve("out").toString()));
        for (String setting : settings) {
            arguments.addAll(List.of("-s", setting));
        }
        return CliRun.withSpark(home, arguments.toArray(String[]::new));
    }

    /** Empty until the UI is there. */
    private static Map<String, Double> prometheus() throws IOException, InterruptedException {
        SparkSession spark = SparkSession.getDefaultSession().isDefined()
                ? SparkSession.getDefaultSession().get()
                : null;
        if (spark == null
                || spark.sparkContext().isStopped()
                || spark.sparkContext().uiWebUrl().isEmpty()) {
            return Map.of();
        }
        int port = URI.create(spark.sparkContext().uiWebUrl().get()).getPort();
        HttpResponse<String> response = HttpClient.newBuilder()
                .followRedirects(HttpClient.Redirect.NORMAL)
                .build()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics/prometheus"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).isEqualTo(200);
        Map<String, Double> metrics = new LinkedHashMap<>();
        for (Matcher found = METRIC.matcher(response.body()); found.find(); ) {
            metrics.put(found.group(1), Double.valueOf(found.group(3)));
        }
        return metrics;
    }

    /** Of all jobs in all logs. */
    private static Set<String> descriptions(Path events) throws IOException {
        Set<String> descriptions = new LinkedHashSet<>();
        try (Stream<Path> files = Files.walk(events)) {
            for (Path file : files.filter(f -> f.getFileName().toString().startsWith("events_"))
                    .toList()) {
                Files.readAllLines(file).stream()
                        .map(ObservabilityTest::parsed)
                        .filter(event -> event.path("Event").asText().equals("SparkListenerJobStart"))
                        .map(event -> event.path("Properties")
                                .path("spark.job.description")
                                .asText())
                        .forEach(descriptions::add);
            }
        }
        return descriptions;
    }

    private static JsonNode parsed(String line) {
        try {
            return JSON.readTree(line);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
