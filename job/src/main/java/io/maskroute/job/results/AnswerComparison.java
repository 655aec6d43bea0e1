package io.maskroute.job.results;

import static org.apache.spark.sql.functions.abs;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.job.report.ComparedAnswers;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Prompts of several runs over one dataset, joined by their names. The driver gets as many rows as are shown. */
final class AnswerComparison {
    /** So many prompts are shown whole. */
    static final int ALL = 60;
    /** Shown of more: half of them those whose IoU changed most. */
    static final int SAMPLES = 24;

    private static final String ID = "prompt_id";

    private final List<String> names;
    private final List<Dataset<Row>> predictions;
    private final SampledPictures pictures;

    /**
     * @param names of the runs
     * @param predictions of each run
     * @param pictures of the dataset that all are over
     */
    AnswerComparison(List<String> names, List<Dataset<Row>> predictions, SampledPictures pictures) {
        this.names = names;
        this.predictions = predictions;
        this.pictures = pictures;
    }

    ComparedAnswers gather() {
        Dataset<Row> joined = joined().persist();
        try {
            Row counts = counts(joined);
            List<ComparedAnswers.Change> changes = new ArrayList<>();
            for (int run = 1; run < names.size(); run++) {
                int at = 1 + 3 * (run - 1);
                changes.add(new ComparedAnswers.Change(
                        names.get(run),
                        names.get(0),
                        counts.getLong(at),
                        counts.getLong(at + 1),
                        counts.getLong(at + 2)));
            }
            long prompts = counts.getLong(0);
            return new ComparedAnswers(
                    prompts,
                    changes,
                    shown(chosen(joined, prompts)),
                    prompts <= ALL ? "" : "half are those whose IoU changed most, half are drawn at random (seeded)");
        } finally {
            joined.unpersist();
        }
    }

    /** A row for each prompt of all runs: IoU, 0 where there is none, and a hash of the masks, by run. */
    private Dataset<Row> joined() {
        Dataset<Row> joined = null;
        for (int run = 0; run < names.size(); run++) {
            Dataset<Row> each = predictions
                    .get(run)
                    .filter(col(ID).isNotNull())
                    .select(
                            col(ID),
                            coalesce(col("truth.iou"), lit(0.0)).alias(iou(run)),
                            xxhash64(col("status"), col("masks.mask")).alias(masks(run)));
            joined = joined == null ? each : joined.join(each, ID);
        }
        return joined;
    }

    private Row counts(Dataset<Row> joined) {
        List<Column> columns = new ArrayList<>();
        for (int run = 1; run < names.size(); run++) {
            Column before = col(iou(0)).geq(ComparedAnswers.Change.HIT);
            Column after = col(iou(run)).geq(ComparedAnswers.Change.HIT);
            columns.add(number(col(masks(0)).equalTo(col(masks(run)))));
            columns.add(number(after.and(not(before))));
            columns.add(number(before.and(not(after))));
        }
        return joined.agg(count(lit(1)), columns.toArray(Column[]::new)).head();
    }

    private static Column number(Column condition) {
        return coalesce(sum(when(condition, 1L).otherwise(0L)), lit(0L));
    }

    private Set<String> chosen(Dataset<Row> joined, long prompts) {
        Column change = lit(0.0);
        for (int run = 1; run < names.size(); run++) {
            change = change.plus(abs(col(iou(run)).minus(col(iou(0)))));
        }
        // Anyone's choice, and everyone's the same.
        Dataset<Row> any = joined.orderBy(xxhash64(col(ID)), col(ID));
        Set<String> chosen = new LinkedHashSet<>();
        if (prompts > ALL) {
            take(chosen, joined.orderBy(change.desc(), col(ID)), SAMPLES / 2);
        }
        take(chosen, any, prompts > ALL ? SAMPLES : ALL);
        return chosen;
    }

    private static void take(Set<String> chosen, Dataset<Row> ordered, int full) {
        for (Row row : ordered.select(ID).limit(full).collectAsList()) {
            if (chosen.size() < full) {
                chosen.add(row.getString(0));
            }
        }
    }

    private List<ComparedAnswers.Prompt> shown(Set<String> chosen) {
        List<Map<String, Row>> rows = new ArrayList<>();
        Set<String> imageIds = new HashSet<>();
        for (Dataset<Row> run : predictions) {
            Map<String, Row> byPrompt = new HashMap<>();
            for (Row row : run.filter(col(ID).isInCollection(chosen))
                    .select(
                            col(ID),
                            col("image_id"),
                            col("masks.mask").alias("rles"),
                            col("truth.iou").alias("iou"),
                            col("error"))
                    .limit(chosen.size())
                    .collectAsList()) {
                byPrompt.put(row.getString(0), row);
                imageIds.add(row.getString(1));
            }
            rows.add(byPrompt);
        }
        Map<String, ImageRow> images = pictures.find(imageIds);
        List<ComparedAnswers.Prompt> shown = new ArrayList<>();
        for (String id : chosen) {
            ImageRow image = images.get(rows.get(0).get(id).getString(1));
            if (image == null) {
                continue;
            }
            PromptRow prompt = SampledPictures.prompt(image, id);
            List<ComparedAnswers.Answer> answers = new ArrayList<>();
            Row anyError = null;
            for (Map<String, Row> run : rows) {
                Row row = run.get(id);
                Row error = row.getAs("error");
                anyError = anyError == null ? error : anyError;
                answers.add(new ComparedAnswers.Answer(
                        SampledPictures.answer(prompt, row.getList(row.fieldIndex("rles"))),
                        row.getAs("iou"),
                        error == null ? null : error.getString(0) + ", " + error.getString(1)));
            }
            shown.add(new ComparedAnswers.Prompt(
                    image.imageId(),
                    id,
                    SampledPictures.text(prompt),
                    pictures.picture(image, anyError),
                    pictures.truth(prompt, image),
                    answers));
        }
        shown.sort(
                Comparator.comparing(ComparedAnswers.Prompt::imageId).thenComparing(ComparedAnswers.Prompt::promptId));
        return shown;
    }

    private static String iou(int run) {
        return "iou_" + run;
    }

    private static String masks(int run) {
        return "masks_" + run;
    }
}
