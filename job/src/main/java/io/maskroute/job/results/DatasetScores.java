package io.maskroute.job.results;

import io.maskroute.core.error.RowFailure;
import io.maskroute.datasets.metrics.Score;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.ImageRowReader;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.PromptTask;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.predictions.StoredPrediction;
import io.maskroute.job.scoring.TaskScores;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.Optional;
import org.apache.spark.sql.Row;
import scala.Tuple2;

/**
 * The figures of a dataset's prompts. Truth and prediction of a prompt meet on an executor; the driver gets counts, and of
 * instances some numbers for each detection.
 *
 * @param scores in the order of {@link TaskScores#scores}
 * @param perClass as {@link TaskScores#perClass}
 */
public record DatasetScores(List<Score> scores, Map<String, TaskScores.OfClass> perClass) {
    /** Without truth, or where masks and truth are of pictures turned differently. */
    public static final DatasetScores NONE = new DatasetScores(List.of(), Map.of());

    private static final Pattern WHOLE = Pattern.compile("0|[1-9][0-9]{0,17}");

    private record Question(String imageId, PromptRow prompt, long picture) implements Serializable {}

    /**
     * @param minScore masks that score less are taken as not predicted
     * @param union threshold of the answer rule, see {@link RunRecord#union}
     */
    public static DatasetScores of(InputDataset dataset, PredictionTable predictions, double minScore, Double union) {
        InputDataset.Part part = dataset.part(DatasetSchema.IMAGE_ID, DatasetSchema.PROMPTS);
        ImageRowReader reader = part.reader();
        JavaRDD<Question> questions = part.readable().flatMap(row -> questions(row, reader));
        if (questions.isEmpty()) {
            return NONE;
        }
        if (!dataset.manifest().classSets().isEmpty()) {
            questions = numbered(questions);
        }
        Set<String> repeated = Set.copyOf(dataset.repeated().promptIds());
        JavaPairRDD<String, StoredPrediction> answers = predictions
                .predictions()
                // Of names that are there twice nobody knows whose answers these are; their prompts fail.
                .filter(answer -> answer.promptId() != null && !repeated.contains(answer.promptId()))
                .mapToPair(answer -> new Tuple2<>(answer.promptId(), answer));
        TaskScores scores = questions
                .mapToPair(question -> new Tuple2<>(question.prompt().promptId(), question))
                .leftOuterJoin(answers)
                .values()
                .treeAggregate(
                        new TaskScores(dataset.manifest().classSets(), minScore, union),
                        DatasetScores::add,
                        (ours, theirs) -> {
                            ours.merge(theirs);
                            return ours;
                        });
        return new DatasetScores(scores.scores(dataset.manifest()), scores.perClass());
    }

    private static TaskScores add(TaskScores scores, Tuple2<Question, Optional<StoredPrediction>> pair) {
        scores.add(pair._1().picture(), pair._1().prompt(), pair._2().orNull());
        return scores;
    }

    private static Iterator<Question> questions(Row row, ImageRowReader reader) {
        List<Question> questions = new ArrayList<>();
        try {
            ImageRow image = reader.read(row);
            for (PromptRow prompt : image.prompts()) {
                if (prompt.truth() != null) {
                    questions.add(new Question(image.imageId(), prompt, 0));
                }
            }
        } catch (RowFailure e) {
            // Its prompts are among the failures.
            return questions.iterator();
        }
        return questions.iterator();
    }

    /**
     * With the number that orders pictures where detections score the same: the id where all are whole numbers, else the place in the
     * order of ids, as {@code export coco} numbers them.
     */
    private static JavaRDD<Question> numbered(JavaRDD<Question> questions) {
        JavaRDD<String> ids = questions
                .filter(question ->
                        PromptTask.INSTANCE.label().equals(question.prompt().task()))
                .map(Question::imageId)
                .filter(id -> id != null)
                .distinct();
        if (ids.filter(id -> !WHOLE.matcher(id).matches()).isEmpty()) {
            return questions.map(question -> new Question(
                    question.imageId(),
                    question.prompt(),
                    question.imageId() != null
                                    && WHOLE.matcher(question.imageId()).matches()
                            ? Long.parseLong(question.imageId())
                            : 0));
        }
        JavaPairRDD<String, Long> places =
                ids.sortBy(id -> id, true, ids.getNumPartitions()).zipWithIndex();
        return questions
                .mapToPair(question -> new Tuple2<>(question.imageId(), question))
                .leftOuterJoin(places)
                .values()
                .map(pair -> new Question(
                        pair._1().imageId(), pair._1().prompt(), pair._2().orElse(-1L) + 1));
    }
}
