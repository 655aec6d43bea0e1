package io.maskroute.job.results;

import io.maskroute.datasets.metrics.ReferringRules;
import io.maskroute.datasets.schema.PromptTask;
import io.maskroute.job.predictions.PredictionSchema;
import io.maskroute.job.predictions.StoredPrediction;
import java.io.Serializable;
import java.math.BigInteger;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Row;

/**
 * Counts over predictions, summed on the executors. Everything is a whole number (or a sum that does not depend on its order),
 * so the same predictions give the same figures however they are partitioned.
 */
final class RunTally implements Serializable {
    /**
     * What scoring gives: {@code intersection} and {@code union} with the ground truth, null without; pixels and score of the
     * mask, null where there is none.
     */
    static final List<String> SCORED = List.of("intersection", "union", "predicted", "score");

    /** The columns of a row to be counted, in order; the last ones are {@link #SCORED}. The FLOPs are null without a result. */
    static final List<String> COLUMNS = List.of(
            "status",
            "stage",
            "kind",
            "message",
            "prompt_id",
            "task",
            "llm",
            "llm_dense",
            "vision",
            "decoder",
            "llm_alone",
            SCORED.get(0),
            SCORED.get(1),
            SCORED.get(2),
            SCORED.get(3));

    /** Least scores to choose from, in hundredths. */
    private static final int[] MIN_SCORES =
            IntStream.rangeClosed(1, 19).map(i -> 5 * i).toArray();

    private static final int STATUS = 0;
    private static final int STAGE = 1;
    private static final int KIND = 2;
    private static final int MESSAGE = 3;
    private static final int PROMPT_ID = 4;
    private static final int TASK = 5;
    private static final int FIRST_FLOPS = 6;
    private static final int FLOPS_COLUMNS = 5;
    private static final int INTERSECTION = 11;
    private static final int UNION = 12;
    private static final int PREDICTED = 13;
    private static final int SCORE = 14;

    private final AnswerMetrics metrics;
    /** Of region prompts, whose figures are no referring ones. */
    private final AnswerMetrics regions;

    private final List<AnswerMetrics> byMinScore;
    private final TreeMap<String, Failure> failures = new TreeMap<>();
    private final BigInteger[] flops =
            Collections.nCopies(FLOPS_COLUMNS, BigInteger.ZERO).toArray(BigInteger[]::new);
    private long ok;
    private long failed;
    private long withFlops;
    private boolean scored;

    RunTally(ReferringRules rules) {
        metrics = new AnswerMetrics(0, rules);
        regions = new AnswerMetrics(0, rules);
        byMinScore = IntStream.of(MIN_SCORES)
                .mapToObj(hundredths -> new AnswerMetrics(hundredths / 100.0, rules))
                .toList();
    }

    /** Alike failures, and the one of them whose prompt id comes first. */
    record Failure(String stage, String kind, long count, String promptId, String message) implements Serializable {
        private static final Comparator<String> FIRST = Comparator.nullsLast(Comparator.naturalOrder());

        Failure plus(Failure other) {
            Failure first = FIRST.compare(promptId, other.promptId) <= 0 ? this : other;
            return new Failure(stage, kind, count + other.count, first.promptId, first.message);
        }
    }

    static RunTally of(JavaRDD<Row> rows, ReferringRules rules) {
        return rows.treeAggregate(new RunTally(rules), RunTally::add, RunTally::merge);
    }

    RunTally add(Row row) {
        boolean rowOk = PredictionSchema.OK.equals(row.getString(STATUS));
        ok += rowOk ? 1 : 0;
        failed += rowOk ? 0 : 1;
        if (!rowOk) {
            addFailure(new Failure(
                    row.getString(STAGE), row.getString(KIND), 1, row.getString(PROMPT_ID), row.getString(MESSAGE)));
        }
        // All or none: another tool may not know some of them.
        if (IntStream.range(FIRST_FLOPS, FIRST_FLOPS + FLOPS_COLUMNS).noneMatch(row::isNullAt)) {
            withFlops++;
            for (int i = 0; i < FLOPS_COLUMNS; i++) {
                flops[i] = flops[i].add(BigInteger.valueOf(row.getLong(FIRST_FLOPS + i)));
            }
        }
        if (!row.isNullAt(UNION)) {
            AnswerMetrics.Answer answer = new AnswerMetrics.Answer(
                    rowOk,
                    row.getLong(INTERSECTION),
                    row.getLong(UNION),
                    row.isNullAt(PREDICTED) ? 0 : row.getLong(PREDICTED),
                    StoredPrediction.score(row.<Double>getAs(SCORE)));
            if (PromptTask.REGION.label().equals(row.getString(TASK))) {
                regions.add(answer);
            } else {
                scored |= answer.score() != null;
                metrics.add(answer);
                byMinScore.forEach(each -> each.add(answer));
            }
        }
        return this;
    }

    RunTally merge(RunTally other) {
        ok += other.ok;
        failed += other.failed;
        withFlops += other.withFlops;
        for (int i = 0; i < FLOPS_COLUMNS; i++) {
            flops[i] = flops[i].add(other.flops[i]);
        }
        other.failures.values().forEach(this::addFailure);
        scored |= other.scored;
        metrics.merge(other.metrics);
        regions.merge(other.regions);
        for (int i = 0; i < byMinScore.size(); i++) {
            byMinScore.get(i).merge(other.byMinScore.get(i));
        }
        return this;
    }

    private void addFailure(Failure failure) {
        failures.merge(failure.stage() + "\0" + failure.kind(), failure, Failure::plus);
    }

    long ok() {
        return ok;
    }

    long failed() {
        return failed;
    }

    /** The commonest first. */
    List<Failure> failures() {
        return failures.values().stream()
                .sorted(Comparator.comparingLong(Failure::count).reversed())
                .toList();
    }

    /** Of referring prompts, and where there are none of region prompts; nothing when no prompt had ground truth. */
    Optional<AnswerMetrics> metrics() {
        return Stream.of(metrics, regions)
                .filter(each -> each.scores().samples() > 0)
                .findFirst();
    }

    /** The same for least scores in ascending order; nothing when no mask has a score. */
    List<AnswerMetrics> byMinScore() {
        return scored ? byMinScore : List.of();
    }

    /** Means per prompt of llm, llm_dense, vision, decoder, llm_alone; nothing when no prompt has any. */
    Optional<double[]> meanFlops() {
        if (withFlops == 0) {
            return Optional.empty();
        }
        double[] means = new double[FLOPS_COLUMNS];
        for (int i = 0; i < FLOPS_COLUMNS; i++) {
            means[i] = flops[i].doubleValue() / withFlops;
        }
        return Optional.of(means);
    }
}
