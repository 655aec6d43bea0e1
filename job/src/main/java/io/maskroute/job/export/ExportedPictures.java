package io.maskroute.job.export;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.mask.InvalidRleException;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.predictions.PredictionSchema;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Predictions by pictures, with what those of older runs do not hold and their dataset does: texts, class sets and encoded pictures.
 * This is the one place that fetches it.
 */
final class ExportedPictures {
    private static final String PROMPTS = "answers";
    private static final String ASKED = "asked";
    private static final List<String> ANSWER =
            List.of("prompt_id", "image_name", "task", "status", "error", "masks", "image_height", "image_width");

    private ExportedPictures() {}

    /**
     * A row per picture, those of a task in order, tasks in order too; read by {@link #read}. Where the rows come from is settled: what is
     * computed of them twice is of the same tasks.
     *
     * @param images whether the encoded pictures come along
     */
    static JavaRDD<Row> of(Dataset<Row> predictions, InputDataset dataset, boolean images) {
        Column answer = struct(ANSWER.stream().map(name -> col(name)).toArray(Column[]::new));
        Dataset<Row> named = predictions
                .filter(col(DatasetSchema.IMAGE_ID).isNotNull())
                .groupBy(DatasetSchema.IMAGE_ID)
                .agg(collect_list(answer).alias(PROMPTS));
        // They have failed, have nothing in common, and may be many.
        Dataset<Row> nameless = predictions
                .filter(col(DatasetSchema.IMAGE_ID).isNull())
                .select(col(DatasetSchema.IMAGE_ID), array(answer).alias(PROMPTS));
        Dataset<Row> pictures = asked(dataset, images);
        Dataset<Row> all = named.union(nameless);
        return all.join(pictures, all.col(DatasetSchema.IMAGE_ID).equalTo(pictures.col("id")), "left_outer")
                .drop("id")
                .repartitionByRange(col(DatasetSchema.IMAGE_ID))
                .sortWithinPartitions(DatasetSchema.IMAGE_ID)
                .javaRDD();
    }

    private static Dataset<Row> asked(InputDataset dataset, boolean images) {
        List<String> columns = new ArrayList<>(List.of(DatasetSchema.IMAGE_ID, DatasetSchema.IMAGE_URI));
        if (images) {
            columns.add(DatasetSchema.IMAGE);
        }
        Stream.of(DatasetSchema.PROMPT_ID, DatasetSchema.TEXTS, DatasetSchema.CLASS_SET)
                .forEach(name -> columns.add(DatasetSchema.PROMPTS + "." + name));
        Dataset<Row> rows = dataset.part(columns.toArray(String[]::new))
                .rows()
                .filter(col(DatasetSchema.IMAGE_ID).isNotNull());
        // All prompts of rows with one name have failed, so it does not matter which row is taken.
        Dataset<Row> unique = dataset.repeated().imageIds().isEmpty()
                ? rows
                : rows.dropDuplicates(new String[] {DatasetSchema.IMAGE_ID});
        return unique.select(
                col(DatasetSchema.IMAGE_ID).alias("id"),
                col(DatasetSchema.IMAGE_URI),
                (images ? col(DatasetSchema.IMAGE) : lit(null).cast("binary")).alias(DatasetSchema.IMAGE),
                col(DatasetSchema.PROMPTS).alias(ASKED));
    }

    /** What is known of a prompt beside its prediction. */
    record Asked(List<String> texts, String classSet) {
        private static final Asked NOTHING = new Asked(List.of(), null);
    }

    /** The class sets that prompts of the picture name. */
    static Stream<String> classSets(Row row) {
        return asked(row).values().stream().map(Asked::classSet).filter(set -> set != null);
    }

    static ExportedPicture read(Row row) {
        String id = row.getAs(DatasetSchema.IMAGE_ID);
        String uri = row.getAs(DatasetSchema.IMAGE_URI);
        Map<String, Asked> asked = asked(row);
        List<ExportedPrompt> prompts = new ArrayList<>();
        ExportedPicture.Size size = null;
        String name = null;
        for (Row answer : row.<Row>getList(row.fieldIndex(PROMPTS))) {
            ExportedPrompt prompt = prompt(answer, asked);
            prompts.add(prompt);
            name = name == null ? answer.getAs("image_name") : name;
            Integer height = answer.getAs("image_height");
            Integer width = answer.getAs("image_width");
            if (height != null && width != null) {
                size = new ExportedPicture.Size(height, width);
            } else if (size == null && !prompt.masks().isEmpty()) {
                Rle mask = prompt.masks().get(0).rle();
                size = new ExportedPicture.Size(mask.height(), mask.width());
            }
        }
        prompts.sort(Comparator.comparing(ExportedPrompt::id, Comparator.nullsFirst(Comparator.naturalOrder())));
        return new ExportedPicture(id, name == null ? id : name, size, row.getAs(DatasetSchema.IMAGE), uri, prompts);
    }

    private static Map<String, Asked> asked(Row row) {
        Map<String, Asked> asked = new HashMap<>();
        int column = row.fieldIndex(ASKED);
        if (row.isNullAt(column)) {
            return asked;
        }
        for (Row prompt : row.<Row>getList(column)) {
            if (prompt != null && prompt.getAs(DatasetSchema.PROMPT_ID) != null) {
                int texts = prompt.fieldIndex(DatasetSchema.TEXTS);
                asked.put(
                        prompt.getAs(DatasetSchema.PROMPT_ID),
                        new Asked(
                                prompt.isNullAt(texts)
                                        ? List.of()
                                        : prompt.<String>getList(texts).stream()
                                                .filter(text -> text != null)
                                                .toList(),
                                prompt.getAs(DatasetSchema.CLASS_SET)));
            }
        }
        return asked;
    }

    private static ExportedPrompt prompt(Row answer, Map<String, Asked> asked) {
        String id = answer.getAs("prompt_id");
        Asked known = asked.getOrDefault(id, Asked.NOTHING);
        boolean ok = PredictionSchema.OK.equals(answer.getAs("status"));
        return new ExportedPrompt(
                id,
                answer.getAs("task"),
                known.texts(),
                ok ? null : error(answer.getAs("error")),
                ok
                        ? answer.<Row>getList(answer.fieldIndex("masks")).stream()
                                .map(mask -> mask(mask, id))
                                .toList()
                        : List.of());
    }

    private static ExportedPrompt.Error error(Row error) {
        return error == null
                ? new ExportedPrompt.Error(null, null, null)
                : new ExportedPrompt.Error(error.getAs("stage"), error.getAs("kind"), error.getAs("message"));
    }

    private static ExportedMask mask(Row mask, String promptId) {
        Row rle = mask.getAs("mask");
        try {
            return new ExportedMask(
                    new EncodedMask(rle.getList(rle.fieldIndex(DatasetSchema.SIZE)), rle.getAs(DatasetSchema.COUNTS))
                            .decode(),
                    mask.getAs("score"),
                    mask.getAs("category_id"),
                    mask.getAs("region"));
        } catch (InvalidRleException e) {
            throw new UnusableInputException(
                    "a mask of the prompt " + promptId + " cannot be read: " + e.getMessage(), e);
        }
    }
}
