package io.maskroute.job.run;

import com.codahale.metrics.Counter;
import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.Timer;
import io.maskroute.core.error.Stage;
import io.maskroute.job.predictions.Prediction;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/**
 * What the tasks of this JVM have done since its Spark session began, as instruments of Dropwizard's. Without {@link
 * MaskroutePlugin} they count too, and nobody reads them. {@code docs/observability.md} lists them.
 */
final class ExecutorMetrics {
    private static final String CUDA = "cuda:";

    private static volatile ExecutorMetrics current = new ExecutorMetrics(new MetricRegistry());

    private final Counter ok;
    private final Counter failed;
    private final Counter pictures;
    private final Counter modelLoads;
    private final Map<Stage, Counter> failures = new EnumMap<>(Stage.class);
    private final List<StageTimer> times;

    /** A stage's time per prompt; {@link Prediction.Latency} says how shared work is divided. */
    private record StageTimer(Timer timer, ToDoubleFunction<Prediction.Latency> millis) {}

    private ExecutorMetrics(MetricRegistry registry) {
        ok = registry.counter("prompts.ok");
        failed = registry.counter("prompts.failed");
        pictures = registry.counter("pictures");
        modelLoads = registry.counter("model.loads");
        for (Stage stage : Stage.values()) {
            failures.put(stage, registry.counter("failures." + stage.label()));
        }
        times = Stream.<Map.Entry<String, ToDoubleFunction<Prediction.Latency>>>of(
                        Map.entry("decode", Prediction.Latency::decode),
                        Map.entry("preprocess", Prediction.Latency::preprocess),
                        Map.entry("vision", Prediction.Latency::vision),
                        Map.entry("prefix", Prediction.Latency::prefix),
                        Map.entry("prompt", Prediction.Latency::prompt),
                        Map.entry("decoder", Prediction.Latency::decoder),
                        Map.entry("postprocess", Prediction.Latency::postprocess),
                        Map.entry("queue", Prediction.Latency::queue),
                        Map.entry("total", Prediction.Latency::total))
                .map(stage -> new StageTimer(registry.timer("time." + stage.getKey()), stage.getValue()))
                .toList();
    }

    static ExecutorMetrics current() {
        return current;
    }

    /** Starts counting anew, in this registry, and puts gauges of this JVM's models beside the counters. */
    static void startIn(MetricRegistry registry) {
        gauge(registry, "queue.bytes", models -> sum(models, ModelStats::queuedBytes));
        gauge(registry, "queue.pictures", models -> sum(models, ModelStats::queuedImages));
        gauge(registry, "model.busyShare", ExecutorMetrics::busyShare);
        gauge(registry, "model.outOfMemory", models -> sum(models, ModelStats::outOfMemory));
        gauge(registry, "model.promptsPerCall", models -> least(models, ModelStats::promptsPerCall));
        gauge(registry, "model.imagesPerCall", models -> least(models, ModelStats::imagesPerCall));
        gauge(
                registry,
                "model.openSeconds",
                models -> models.stream().mapToLong(ModelStats::openNanos).max().orElse(0) / 1e9);
        gauge(
                registry,
                "model.device",
                models -> models.stream().map(ModelStats::device).findFirst().orElse(""));
        // Prometheus takes no text.
        gauge(registry, "model.cudaDevice", models -> models.stream()
                .map(ModelStats::device)
                .filter(device -> device.startsWith(CUDA))
                .map(device -> Integer.parseInt(device.substring(CUDA.length())))
                .findFirst()
                .orElse(-1));
        current = new ExecutorMetrics(registry);
    }

    private interface OfModels<T> {
        T of(List<ModelStats> models);
    }

    private static <T> void gauge(MetricRegistry registry, String name, OfModels<T> value) {
        registry.register(name, (Gauge<T>) () -> value.of(ExecutorModels.stats()));
    }

    private static long sum(List<ModelStats> models, ToLongFunction<ModelStats> value) {
        return models.stream().mapToLong(value).sum();
    }

    private static long least(List<ModelStats> models, ToLongFunction<ModelStats> value) {
        return models.stream().mapToLong(value).min().orElse(0);
    }

    private static double busyShare(List<ModelStats> models) {
        return models.stream().mapToDouble(ModelStats::busyShare).average().orElse(0);
    }

    void modelLoad() {
        modelLoads.inc();
    }

    /** Counts a picture with all that became of its prompts. */
    void picture(List<Prediction> predictions) {
        pictures.inc();
        predictions.forEach(this::prompt);
    }

    private void prompt(Prediction prediction) {
        if (prediction.error() != null) {
            failed.inc();
            failures.get(prediction.error().stage()).inc();
            return;
        }
        ok.inc();
        for (StageTimer stage : times) {
            stage.timer()
                    .update((long) (stage.millis().applyAsDouble(prediction.latency()) * 1e6), TimeUnit.NANOSECONDS);
        }
    }

    /** What this executor tells the driver. */
    ClusterStats.Report report(String executor) {
        return new ClusterStats.Report(executor, ok.getCount(), failed.getCount(), ExecutorModels.stats());
    }
}
