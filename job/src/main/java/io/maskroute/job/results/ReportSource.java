package io.maskroute.job.results;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.floor;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.xxhash64;

import io.maskroute.datasets.metrics.ReferringScores;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.input.ImageBytes;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.input.PictureOrientation;
import io.maskroute.job.predictions.PredictionSchema;
import io.maskroute.job.predictions.StoredPrediction;
import io.maskroute.job.report.GalleryItem;
import io.maskroute.job.report.ReportData;
import io.maskroute.job.report.RunFigures;
import io.maskroute.job.storage.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Gathers what a report shows. The driver gets a handful of rows: as many as the gallery has pictures. */
public final class ReportSource {
    private static final int BINS = 10;

    private final RunSummary summary;
    private final RunRecord record;
    private final Dataset<Row> predictions;
    private final SampledPictures pictures;
    private final Optional<CalibrationResult> calibration;

    /**
     * @param images reads the dataset's pictures
     * @param orientation of the pictures in the run
     * @param calibration how the routing adapter was made, if that is known
     */
    public ReportSource(
            RunSummary summary,
            RunRecord record,
            Dataset<Row> predictions,
            InputDataset dataset,
            ImageBytes images,
            PictureOrientation orientation,
            Optional<CalibrationResult> calibration) {
        this.summary = summary;
        this.record = record;
        this.predictions = predictions;
        this.pictures = new SampledPictures(dataset, images, orientation);
        this.calibration = calibration;
    }

    /** @param samples pictures in the gallery, at most */
    public ReportData gather(int samples) {
        return new ReportData(
                title(),
                summary.notes(),
                figures(),
                summary.scores(),
                facts(),
                new String(Json.write(record.config()), StandardCharsets.UTF_8),
                summary.failures().stream()
                        .map(f -> new ReportData.FailureGroup(
                                f.stage(), f.kind(), f.prompts(), text(f.exampleMessage()), text(f.examplePromptId())))
                        .toList(),
                calibration.map(CalibrationTable::figures).orElse(null),
                summary.metrics() == null ? List.of() : iouHistogram(),
                samples == 0 ? List.of() : gallery(samples));
    }

    /** Dataset, model and routing: what tells one report from another. */
    private String title() {
        List<String> parts = new ArrayList<>();
        parts.add(
                record.dataset().split() == null
                        ? record.dataset().name()
                        : record.dataset().name() + " " + record.dataset().split());
        if (summary.model() != null) {
            parts.add(new Path(summary.model()).getName());
        }
        if (summary.routing() != null) {
            parts.add(
                    summary.routing().equals(ModelOptions.DENSE)
                            ? ModelOptions.DENSE
                            : "routed " + new Path(summary.routing()).getName());
        }
        return String.join(" · ", parts);
    }

    private List<Long> iouHistogram() {
        Long[] counts = new Long[BINS];
        Arrays.fill(counts, 0L);
        Column bin = least(floor(col("truth.iou").multiply(BINS)), lit(BINS - 1));
        for (Row row : predictions
                .filter(col("truth.iou").isNotNull())
                .groupBy(bin.cast("int").alias("bin"))
                .count()
                .collectAsList()) {
            counts[row.getInt(0)] = row.getLong(1);
        }
        return List.of(counts);
    }

    private RunFigures figures() {
        RunSummary.Metrics metrics = summary.metrics();
        RunFigures.Quality quality = null;
        if (metrics != null) {
            double[] reached = {metrics.pr50(), metrics.pr60(), metrics.pr70(), metrics.pr80(), metrics.pr90()};
            TreeMap<Double, Double> precision = new TreeMap<>();
            for (int i = 0; i < reached.length; i++) {
                precision.put(ReferringScores.THRESHOLDS.get(i), reached[i]);
            }
            quality = new RunFigures.Quality(
                    metrics.samples(),
                    metrics.cIoU(),
                    metrics.gIoU(),
                    precision,
                    metrics.noTarget() == 0
                            ? null
                            : new RunFigures.Verdicts(
                                    metrics.noTarget(), metrics.noTargetAccuracy(), metrics.targetAccuracy()));
        }
        RunFigures.Latency latency = null;
        if (!summary.latencyMs().isEmpty()) {
            Map<String, Double> means = new LinkedHashMap<>();
            // The queue would dwarf the stages, and says how the job was fed, not what a prompt costs.
            PredictionSchema.STAGES.stream()
                    .filter(stage -> !stage.equals("queue"))
                    .forEach(stage ->
                            means.put(stage, summary.latencyMs().get(stage).mean()));
            RunSummary.Latency work = summary.latencyMs().get(RunSummary.WORK);
            latency = new RunFigures.Latency(work.p50(), work.p95(), means);
        }
        RunSummary.Flops flops = summary.flops();
        return new RunFigures(
                summary.images(),
                summary.prompts(),
                summary.ok(),
                summary.failed(),
                quality,
                latency,
                flops == null
                        ? null
                        : new RunFigures.Flops(
                                flops.llm(), flops.llmDense(), flops.vision(), flops.decoder(), flops.llmAlone()),
                summary.throughput() == null ? null : summary.throughput().promptsPerSecond());
    }

    private Map<String, String> facts() {
        Map<String, String> facts = new LinkedHashMap<>();
        put(facts, "run", record.runId());
        put(facts, "command", record.command());
        put(facts, "started", record.started());
        put(facts, "finished", record.finished());
        put(facts, "dataset", record.dataset().path());
        put(facts, "protocol", record.dataset().protocol());
        put(facts, "orientation", record.dataset().orientation().label());
        put(facts, "ground-truth raster", record.dataset().groundTruthRaster());
        for (RunRecord.ModelRecord model : record.models()) {
            put(facts, "model fingerprint", model.modelFingerprint());
            put(facts, "routing fingerprint", model.routingFingerprint());
            put(facts, "device", model.device());
        }
        put(
                facts,
                "adapter calibrated on",
                calibration.map(made -> made.dataset().path()).orElse(null));
        put(facts, "dtype", record.config().get("model.dtype"));
        put(facts, RunFingerprint.MIN_SCORE, summary.minScore() > 0 ? Double.toString(summary.minScore()) : null);
        record.versions().forEach((name, version) -> put(facts, name, version));
        return facts;
    }

    private static void put(Map<String, String> facts, String label, String value) {
        if (value != null) {
            facts.put(label, value);
        }
    }

    /**
     * The prompts that the gallery shows, in its order: a quarter each of best, worst, failed, and any. People look for what went
     * wrong, and need to see what is usual.
     */
    static Set<String> picks(Dataset<Row> predictions, int samples) {
        Column id = col("prompt_id");
        Column iou = col("truth.iou");
        Column any = xxhash64(id);
        Column ok = col("status").equalTo(PredictionSchema.OK);
        Dataset<Row> named =
                predictions.filter(id.isNotNull().and(col("image_id").isNotNull()));
        int quarter = Math.max(1, samples / 4);
        Set<String> chosen = new LinkedHashSet<>();
        take(chosen, samples, named.filter(ok.and(iou.isNotNull())).orderBy(iou.desc(), id), quarter);
        take(chosen, samples, named.filter(ok.and(iou.isNotNull())).orderBy(iou.asc(), id), quarter);
        take(chosen, samples, named.filter(not(ok)).orderBy(any, id), quarter);
        take(chosen, samples, named.orderBy(any, id), samples);
        return chosen;
    }

    private List<GalleryItem> gallery(int samples) {
        Set<String> chosen = picks(predictions, samples);
        Column id = col("prompt_id");
        Map<String, Row> rows = new HashMap<>();
        for (Row row : predictions
                .filter(id.isInCollection(chosen))
                .select(
                        id,
                        col("image_id"),
                        col("task"),
                        col("masks.mask").alias("rles"),
                        col("masks.score").alias("scores"),
                        col("truth.iou").alias("iou"),
                        col("latency.total_ms").minus(col("latency.queue_ms")).alias("work_ms"),
                        col("error"))
                .limit(samples)
                .collectAsList()) {
            rows.put(row.getString(0), row);
        }
        Map<String, ImageRow> images = pictures.find(
                rows.values().stream().map(row -> row.getString(1)).collect(Collectors.toSet()));
        List<GalleryItem> items = new ArrayList<>();
        for (String prompt : chosen) {
            Row row = rows.get(prompt);
            if (row != null && images.containsKey(row.getString(1))) {
                items.add(item(row, images.get(row.getString(1))));
            }
        }
        items.sort(Comparator.comparing(GalleryItem::imageId));
        return items;
    }

    private static void take(Set<String> chosen, int samples, Dataset<Row> ordered, int most) {
        int full = Math.min(samples, chosen.size() + most);
        // As many more as may be chosen already.
        for (Row row : ordered.select("prompt_id").limit(most + chosen.size()).collectAsList()) {
            if (chosen.size() < full) {
                chosen.add(row.getString(0));
            }
        }
    }

    private GalleryItem item(Row row, ImageRow image) {
        String promptId = row.getString(0);
        PromptRow prompt = SampledPictures.prompt(image, promptId);
        List<Row> rles = row.getList(row.fieldIndex("rles"));
        List<Float> scores = row.getList(row.fieldIndex("scores"));
        Row error = row.getAs("error");
        return new GalleryItem(
                image.imageId(),
                promptId,
                text(row.getAs("task")),
                SampledPictures.text(prompt),
                pictures.picture(image, error),
                SampledPictures.answer(prompt, rles),
                pictures.truth(prompt, image),
                row.getAs("iou"),
                scores.isEmpty() ? null : StoredPrediction.score(scores.get(0)),
                row.getAs("work_ms"),
                error == null
                        ? null
                        : new GalleryItem.Error(error.getString(0), error.getString(1), text(error.getString(2))));
    }

    private static String text(String value) {
        return value == null ? "" : value;
    }
}
