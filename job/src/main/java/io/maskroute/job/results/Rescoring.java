package io.maskroute.job.results;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.transform;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.mask.InvalidRleException;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.metrics.EmptyUnion;
import io.maskroute.datasets.metrics.ReferringRules;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.ImageRowReader;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Truth;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.predictions.Overlap;
import io.maskroute.job.predictions.PredictionSchema;
import io.maskroute.job.predictions.StoredPrediction;
import io.maskroute.job.scoring.TruthMasks;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** Scores stored predictions against a dataset's ground truth, from their masks alone; what they say of the truth is not used. */
public final class Rescoring {
    private static final String KEY = "key";
    private static final String PREDICTION = "prediction";
    private static final String MASKS = "masks";
    private static final String SCORES = "scores";

    private final InputDataset dataset;
    private final PredictionTable predictions;
    private final String path;
    private final ReferringRules rules;
    private final Double union;
    private final double minScore;

    /**
     * @param path what messages call the predictions
     * @param union all masks that score more are the answer, the best one where none does; null for the best one
     * @param minScore masks that score less are taken as not predicted; 0 for all as they are
     */
    public Rescoring(
            InputDataset dataset,
            PredictionTable predictions,
            String path,
            ReferringRules rules,
            Double union,
            double minScore) {
        this.dataset = dataset;
        this.predictions = predictions;
        this.path = path;
        this.rules = rules;
        this.union = union;
        this.minScore = minScore;
    }

    /**
     * @throws UnusableInputException when predictions do not belong to the dataset, or a prompt has more than one, or a least
     *     score is asked for and the masks have none
     */
    public RunSummary score(String runId, List<String> notes, RunRecord.DatasetRecord source) {
        boolean scored = predictions.has(MASKS + "[].score");
        if (minScore > 0 && !scored) {
            throw new UnusableInputException(
                    "a least score of " + minScore + " has no meaning for " + path + ": its masks have no score");
        }
        Dataset<Row> answers = predictions
                .rows()
                .select(
                        col("prompt_id").cast("string").alias(KEY),
                        struct(PredictionFigures.tallied().entrySet().stream()
                                        .filter(e -> !RunTally.SCORED.contains(e.getKey()))
                                        .map(e -> col(e.getValue())
                                                .try_cast(type(e.getKey()))
                                                .alias(e.getKey()))
                                        .toArray(Column[]::new))
                                .alias(PREDICTION),
                        rles().alias(MASKS),
                        (scored ? col("masks.score") : lit(null))
                                .cast("array<double>")
                                .alias(SCORES));
        // Rows of the dataset's own form, with one prompt each, so that its reader can read them.
        Dataset<Row> questions = dataset.part(DatasetSchema.IMAGE_ID, DatasetSchema.PROMPTS)
                .rows()
                .select(
                        col(DatasetSchema.IMAGE_ID),
                        explode(col(DatasetSchema.PROMPTS)).alias("prompt"))
                .select(
                        col(DatasetSchema.IMAGE_ID),
                        array(col("prompt")).alias(DatasetSchema.PROMPTS),
                        col("prompt." + DatasetSchema.PROMPT_ID).alias(KEY));
        Set<String> repeated = dataset.repeated().promptIds();
        // Whose answers are these? Their prompts fail.
        Dataset<Row> named = answers.filter(
                col(KEY).isNotNull().and(repeated.isEmpty() ? lit(true) : not(col(KEY).isInCollection(repeated))));
        requireOneEach(questions, named);
        Dataset<Row> joined = questions.join(named, questions.col(KEY).equalTo(named.col(KEY)), "left_outer");
        Dataset<Row> paired = joined.select(
                col(DatasetSchema.IMAGE_ID), col(DatasetSchema.PROMPTS), col(PREDICTION), col(MASKS), col(SCORES));
        Scorer scorer = new Scorer(
                ImageRowReader.of(paired.schema(), dataset.path(), dataset.repeated()),
                rules.emptyUnion(),
                union,
                minScore);
        RunTally tally = RunTally.of(paired.javaRDD().map(scorer), rules);
        Map<String, RunSummary.Latency> latency =
                PredictionFigures.LATENCIES.stream().allMatch(predictions::has)
                        ? PredictionFigures.latency(predictions.rows())
                        : Map.of();
        return PredictionFigures.summary(
                tally,
                latency,
                dataset.counts(),
                new PredictionFigures.About(
                        runId,
                        notes,
                        RunConditions.scored(source),
                        minScore,
                        union,
                        List.of(),
                        null,
                        DatasetScores.of(dataset, predictions, minScore, union)));
    }

    /** The masks' RLEs, whatever types another tool gave their parts; null where that tool wrote nothing but empty lists. */
    private Column rles() {
        return transform(col(MASKS), mask -> struct(part(mask, "size", "array<int>"), part(mask, "counts", "string")));
    }

    private Column part(Column mask, String name, String type) {
        return mask.getField("mask").getField(name).try_cast(type).alias(name);
    }

    private static String type(String column) {
        return List.of("llm", "llm_dense", "vision", "decoder", "llm_alone").contains(column) ? "bigint" : "string";
    }

    private void requireOneEach(Dataset<Row> questions, Dataset<Row> answers) {
        Dataset<Row> named = answers.select(KEY);
        List<Row> strangers =
                named.join(questions.select(KEY), KEY, "left_anti").limit(1).collectAsList();
        if (!strangers.isEmpty()) {
            throw new UnusableInputException(path + " does not belong to the dataset " + dataset.path()
                    + ": it answers the prompt " + strangers.get(0).getString(0) + ", which the dataset does not have");
        }
        List<Row> doubled =
                named.groupBy(KEY).count().filter(col("count").gt(1)).limit(1).collectAsList();
        if (!doubled.isEmpty()) {
            throw new UnusableInputException(
                    path + " holds the prompt " + doubled.get(0).getString(0) + " more than once");
        }
    }

    private static <T> List<T> list(Row pair, String column) {
        return pair.isNullAt(pair.fieldIndex(column)) ? List.of() : pair.getList(pair.fieldIndex(column));
    }

    /** A pair of prompt and prediction to a row for {@link RunTally}. */
    private record Scorer(ImageRowReader reader, EmptyUnion emptyUnion, Double union, double minScore)
            implements Function<Row, Row> {
        @Override
        public Row call(Row pair) {
            Row prediction = pair.getAs(PREDICTION);
            Truth truth = null;
            try {
                PromptRow prompt = reader.read(pair).prompts().get(0);
                truth = prompt.referringTruth();
                if (prediction == null) {
                    prompt.requireReadable();
                    throw failure("no-prediction", "there is no prediction for this prompt");
                }
                if (!isOk(prediction)) {
                    return row(
                            prediction,
                            prompt.task(),
                            scored(truth == null ? null : TruthMasks.overlapOfFailed(truth)));
                }
                prompt.requireReadable();
                List<Double> scores = Rescoring.<Double>list(pair, SCORES).stream()
                        .map(StoredPrediction::score)
                        .toList();
                int best = best(scores);
                Double score = best < scores.size() ? scores.get(best) : null;
                Optional<Rle> mask = answer(pair, scores, best);
                return row(
                        prediction,
                        prompt.task(),
                        new Scored(
                                truth == null ? null : TruthMasks.overlap(mask, truth, emptyUnion, Stage.READ),
                                mask.map(Rle::area).orElse(null),
                                mask.isPresent() ? score : null));
            } catch (RowFailure e) {
                return failed(pair, e, scored(truth == null ? null : TruthMasks.overlapOfFailed(truth)));
            }
        }

        /** @throws RowFailure when it is neither ok nor a failure that says why */
        private static boolean isOk(Row prediction) throws RowFailure {
            String status = prediction.getAs("status");
            if (PredictionSchema.OK.equals(status)) {
                return true;
            }
            if (!PredictionSchema.FAILED.equals(status)) {
                throw failure(
                        "unknown-status",
                        status == null
                                ? "the prediction has no status; ok or failed"
                                : "status '" + status + "' is not known; ok or failed");
            }
            String kind = prediction.getAs("kind");
            if (kind == null || prediction.getAs("stage") == null) {
                String message = prediction.getAs("message");
                throw failure(
                        kind == null ? "no-reason" : kind,
                        message == null ? "the prediction says that it failed, and not why" : message);
            }
            return false;
        }

        private static RowFailure failure(String kind, String message) {
            return new RowFailure(Stage.READ, kind, message);
        }

        /** The values of {@link RunTally#SCORED}, the first two in one. */
        private record Scored(Overlap truth, Long predicted, Double score) {}

        private static Scored scored(Overlap failed) {
            return new Scored(failed, null, null);
        }

        /** The mask that scores highest, the first of equals, is the answer; without scores the first is. */
        private static int best(List<Double> scores) {
            int best = 0;
            for (int i = 1; i < scores.size(); i++) {
                if (scores.get(i) != null && (scores.get(best) == null || scores.get(i) > scores.get(best))) {
                    best = i;
                }
            }
            return best;
        }

        private Optional<Rle> answer(Row pair, List<Double> scores, int best) throws RowFailure {
            List<Rle> masks = new ArrayList<>();
            for (int i = 0; i < scores.size() && union != null; i++) {
                if (scores.get(i) != null && scores.get(i) > union && StoredScore.isEnough(scores.get(i), minScore)) {
                    mask(pair, i).ifPresent(masks::add);
                }
            }
            if (masks.isEmpty()) {
                Double score = best < scores.size() ? scores.get(best) : null;
                return StoredScore.isEnough(score, minScore) ? mask(pair, best) : Optional.empty();
            }
            return Optional.of(Rle.union(masks));
        }

        private static Optional<Rle> mask(Row pair, int index) throws RowFailure {
            if (pair.isNullAt(pair.fieldIndex(MASKS))) {
                throw failure("no-masks", "the prediction is ok but its masks are null");
            }
            List<Row> rles = list(pair, MASKS);
            if (rles.isEmpty()) {
                return Optional.empty();
            }
            Row rle = rles.get(index);
            List<Integer> size = rle.isNullAt(0) ? List.of() : rle.getList(0);
            try {
                return Optional.of(
                        TruthMasks.parse(new EncodedMask(size.contains(null) ? List.of() : size, rle.getString(1))));
            } catch (InvalidRleException e) {
                throw new RowFailure(
                        Stage.READ, "invalid-rle", "the predicted mask cannot be read: " + e.getMessage(), e);
            }
        }

        private static Row row(Row prediction, String task, Scored scored) {
            Object[] values = new Object[RunTally.COLUMNS.size()];
            for (int i = 0; i < prediction.length(); i++) {
                values[i] = prediction.get(i);
            }
            values[5] = task;
            return with(values, scored);
        }

        private static Row failed(Row pair, RowFailure failure, Scored scored) {
            Row prompt =
                    pair.<Row>getList(pair.fieldIndex(DatasetSchema.PROMPTS)).get(0);
            Object[] values = new Object[RunTally.COLUMNS.size()];
            values[0] = PredictionSchema.FAILED;
            values[1] = failure.stage().label();
            values[2] = failure.kind();
            values[3] = failure.getMessage();
            values[4] = prompt == null ? null : prompt.getAs(DatasetSchema.PROMPT_ID);
            values[5] = prompt == null ? null : prompt.getAs(DatasetSchema.TASK);
            return with(values, scored);
        }

        private static Row with(Object[] values, Scored scored) {
            int at = RunTally.COLUMNS.size() - RunTally.SCORED.size();
            values[at] = scored.truth() == null ? null : scored.truth().intersection();
            values[at + 1] = scored.truth() == null ? null : scored.truth().union();
            values[at + 2] = scored.predicted();
            values[at + 3] = scored.score();
            return RowFactory.create(values);
        }
    }
}
