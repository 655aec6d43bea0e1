package io.maskroute.job.run;

import io.maskroute.core.error.RowFailure;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.job.predictions.Prediction;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;

/** A row that does not hold what the schema promises still owes one prediction row per prompt; this finds their names. */
final class UnreadableRow {
    private UnreadableRow() {}

    static List<Prediction> predictions(Row row, RowFailure failure) {
        String imageId = text(row, DatasetSchema.IMAGE_ID);
        int prompts = row.fieldIndex(DatasetSchema.PROMPTS);
        List<Prediction> failed = new ArrayList<>();
        if (!row.isNullAt(prompts)) {
            for (Row prompt : row.<Row>getList(prompts)) {
                failed.add(Prediction.failed(
                        new Prediction.Question(
                                imageId,
                                ImageRow.name(text(row, DatasetSchema.IMAGE_URI), text(row, DatasetSchema.SOURCE)),
                                prompt == null ? null : text(prompt, DatasetSchema.PROMPT_ID),
                                prompt == null ? null : text(prompt, DatasetSchema.TASK),
                                List.of(),
                                prompt == null ? null : text(prompt, DatasetSchema.CLASS_SET)),
                        null,
                        failure,
                        null));
            }
        }
        return failed;
    }

    private static String text(Row row, String column) {
        // Not every dataset has the optional ones, nor everyone who asks for a prompt.
        return List.of(row.schema().fieldNames()).contains(column) ? row.getAs(column) : null;
    }
}
