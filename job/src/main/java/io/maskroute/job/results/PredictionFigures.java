package io.maskroute.job.results;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.get;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.percentile_approx;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.metrics.GeneralisedScores;
import io.maskroute.datasets.metrics.ReferringRules;
import io.maskroute.datasets.metrics.ReferringScores;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.PromptTask;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.predictions.PredictionSchema;
import io.maskroute.job.scoring.TruthMasks;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;

/** Figures from stored predictions. They are read back from what was written, so task retries cannot count anything twice. */
public final class PredictionFigures {
    private static final int PERCENTILE_ACCURACY = 10_000;

    /** Pixels of several masks: of a referring prompt's those in any, of regions' those of each. */
    private static final UserDefinedFunction TOGETHER = udf(
            (UDF1<Row, Long>) answer -> {
                List<Rle> masks = new ArrayList<>();
                for (Row mask : answer.<Row>getList(1)) {
                    masks.add(TruthMasks.parse(new EncodedMask(mask.getList(0), mask.getString(1))));
                }
                return PromptTask.REFERRING.label().equals(answer.getString(0))
                        ? Rle.union(masks).area()
                        : masks.stream().mapToLong(Rle::area).sum();
            },
            DataTypes.LongType);

    private static final Map<String, String> TALLIED = tallied();

    /** The columns that {@link #latency} reads. */
    static final List<String> LATENCIES = Stream.concat(PredictionSchema.STAGES.stream(), Stream.of(RunSummary.TOTAL))
            .map(stage -> "latency." + stage + "_ms")
            .toList();

    private PredictionFigures() {}

    /**
     * @param runId of the run that is summed up
     * @param notes go into the summary as they are
     * @param conditions under which the predictions were made
     * @param minScore masks that scored less are not among the predictions
     * @param union threshold of the answer rule, see {@link RunRecord#union}
     * @param lost what could not be read of the dataset
     * @param throughput of the run, or null
     * @param scores of all tasks
     */
    public record About(
            String runId,
            List<String> notes,
            RunConditions conditions,
            double minScore,
            Double union,
            List<RunSummary.Lost> lost,
            RunSummary.Throughput throughput,
            DatasetScores scores) {}

    /** The summary of predictions with the overlaps that are stored in them. */
    public static RunSummary of(
            Dataset<Row> predictions, InputDataset.Counts counts, ReferringRules rules, About about) {
        Column[] columns =
                RunTally.COLUMNS.stream().map(name -> stored(name).alias(name)).toArray(Column[]::new);
        RunTally tally = RunTally.of(predictions.select(columns).javaRDD(), rules);
        return summary(tally, latency(predictions), counts, about);
    }

    private static Column stored(String name) {
        return switch (name) {
                // Field first, so that the masks themselves are not read.
            case "predicted" -> when(size(col("masks")).gt(1), TOGETHER.apply(struct(col("task"), col("masks.mask"))))
                    .otherwise(get(col("masks.area"), lit(0)));
            case "score" -> get(col("masks.score"), lit(0)).cast("double");
            default -> col(TALLIED.get(name));
        };
    }

    static RunSummary summary(
            RunTally tally, Map<String, RunSummary.Latency> latency, InputDataset.Counts counts, About about) {
        RunConditions conditions = about.conditions();
        return new RunSummary(
                about.runId(),
                conditions.dataset(),
                conditions.model(),
                conditions.routing(),
                conditions.dtype(),
                conditions.tf32(),
                conditions.weightsRounding(),
                conditions.protocol(),
                conditions.groundTruthRaster(),
                conditions.asPublished(),
                about.notes(),
                about.minScore(),
                counts.images(),
                counts.imagesWithoutPrompts(),
                tally.ok() + tally.failed(),
                tally.ok(),
                tally.failed(),
                tally.failures().stream()
                        .map(f -> new RunSummary.Failure(f.stage(), f.kind(), f.count(), f.promptId(), f.message()))
                        .toList(),
                about.lost(),
                tally.metrics().map(PredictionFigures::metrics).orElse(null),
                about.scores().scores(),
                about.scores().perClass(),
                byMinScore(tally, about),
                latency,
                tally.meanFlops()
                        .map(mean -> new RunSummary.Flops(
                                mean[0], mean[1], mean[0] / mean[1], mean[2], mean[3], mean[4], mean[4] / mean[1]))
                        .orElse(null),
                about.throughput());
    }

    private static RunSummary.Metrics metrics(AnswerMetrics metrics) {
        ReferringScores scores = metrics.scores();
        List<Double> precision = scores.precision();
        GeneralisedScores verdicts = metrics.verdicts();
        long noTarget = noTarget(verdicts);
        return new RunSummary.Metrics(
                scores.samples(),
                scores.intersection(),
                scores.union(),
                scores.cIoU(),
                scores.gIoU(),
                precision.get(0),
                precision.get(1),
                precision.get(2),
                precision.get(3),
                precision.get(4),
                noTarget,
                noTarget == 0 ? null : verdicts.noTargetAccuracy(),
                noTarget == 0 ? null : verdicts.targetAccuracy());
    }

    private static long noTarget(GeneralisedScores verdicts) {
        return verdicts.truePositives() + verdicts.falseNegatives();
    }

    /**
     * As it is, and for what a larger least score would change. What is counted has the best mask's score alone: where several answer
     * together, all of them score more than the threshold, so that up to it they fall together or not at all.
     */
    private static List<RunSummary.ByMinScore> byMinScore(RunTally tally, About about) {
        double from = about.minScore();
        double to = about.union() == null ? 1 : about.union();
        if (tally.metrics().isEmpty()
                || tally.byMinScore().isEmpty()
                || noTarget(tally.metrics().get().verdicts()) == 0) {
            return null;
        }
        return Stream.concat(
                        Stream.of(byMinScore(from, tally.metrics().get())),
                        tally.byMinScore().stream()
                                .filter(metrics -> metrics.minScore() > from && metrics.minScore() <= to)
                                .map(metrics -> byMinScore(metrics.minScore(), metrics)))
                .toList();
    }

    private static RunSummary.ByMinScore byMinScore(double minScore, AnswerMetrics metrics) {
        ReferringScores scores = metrics.scores();
        GeneralisedScores verdicts = metrics.verdicts();
        return new RunSummary.ByMinScore(
                minScore, scores.cIoU(), scores.gIoU(), verdicts.noTargetAccuracy(), verdicts.targetAccuracy());
    }

    /** Percentiles and means of every stage, in one pass; empty when no prompt is ok. */
    static Map<String, RunSummary.Latency> latency(Dataset<Row> predictions) {
        List<String> stages = new ArrayList<>(PredictionSchema.STAGES);
        stages.add(RunSummary.WORK);
        stages.add(RunSummary.TOTAL);
        List<Column> figures = new ArrayList<>();
        for (String stage : stages) {
            Column millis = stage.equals(RunSummary.WORK)
                    ? col("latency.total_ms").minus(col("latency.queue_ms"))
                    : col("latency." + stage + "_ms");
            figures.add(percentile_approx(millis, array(lit(0.5), lit(0.95)), lit(PERCENTILE_ACCURACY)));
            figures.add(avg(millis));
        }
        Row row = predictions
                .agg(figures.get(0), figures.subList(1, figures.size()).toArray(Column[]::new))
                .first();
        Map<String, RunSummary.Latency> latency = new LinkedHashMap<>();
        for (int i = 0; i < stages.size() && !row.isNullAt(0); i++) {
            List<Double> percentiles = row.getList(2 * i);
            latency.put(
                    stages.get(i),
                    new RunSummary.Latency(percentiles.get(0), percentiles.get(1), row.getDouble(2 * i + 1)));
        }
        return latency;
    }

    /** Which model gave these predictions; one row unless a run mixed devices. */
    public static List<RunRecord.ModelRecord> models(Dataset<Row> predictions) {
        return predictions
                .select("model_fingerprint", "routing_fingerprint", "device")
                .distinct()
                .limit(100)
                .collectAsList()
                .stream()
                .map(row -> new RunRecord.ModelRecord(row.getString(0), row.getString(1), row.getString(2)))
                .toList();
    }

    static Map<String, String> tallied() {
        Map<String, String> columns = new LinkedHashMap<>();
        for (String name : RunTally.COLUMNS) {
            columns.put(
                    name,
                    switch (name) {
                        case "stage", "kind", "message" -> "error." + name;
                        case "llm", "llm_dense", "vision", "decoder", "llm_alone" -> "flops." + name;
                        case "intersection", "union" -> "truth." + name;
                        default -> name;
                    });
        }
        return columns;
    }
}
