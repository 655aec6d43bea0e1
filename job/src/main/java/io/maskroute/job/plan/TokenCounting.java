package io.maskroute.job.plan;

import io.maskroute.core.checkpoint.ModelFolder;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.text.PromptTokenizer;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.ImageRowReader;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.fetch.ModelFiles;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.input.ReferringPrompts;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.collection.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * One task: image rows in, a few counts out. Only ids, tasks and texts of the prompts are read; the counts of all tasks are
 * summed by Spark, and what reaches the driver is as long as the longest prompt, not as the dataset.
 *
 * @param files brings the model's folder, with the tokenizer, to the task
 */
record TokenCounting(ModelFiles files, ModelOptions model) implements MapPartitionsFunction<Row, Row> {
    /** Pictures by the number of their prompts that can be run. */
    private static final String PICTURES = "pictures";
    /** Prompts by the number of their own text tokens. */
    private static final String PROMPTS = "prompts";
    /** Prompts that cannot be run, by reason. */
    private static final String UNUSABLE = "unusable";

    private static final StructType COUNTS = new StructType()
            .add("what", DataTypes.StringType)
            .add("reason", DataTypes.StringType)
            .add("size", DataTypes.IntegerType)
            .add("count", DataTypes.LongType);

    static TokenCounts count(InputDataset dataset, ModelFiles files, ModelOptions model) {
        Dataset<Row> counts = read(dataset)
                .mapPartitions(new TokenCounting(files, model), Encoders.row(COUNTS))
                .groupBy("what", "reason", "size")
                .agg(functions.sum("count"));
        TokenCounts sum = new TokenCounts(new TreeMap<>(), new TreeMap<>(), new TreeMap<>());
        for (Row row : counts.collectAsList()) {
            long count = row.getLong(3);
            switch (row.getString(0)) {
                case PICTURES -> sum.pictures().put(row.getInt(2), count);
                case PROMPTS -> sum.ownText().put(row.getInt(2), count);
                default -> sum.unusable().put(row.getString(1), count);
            }
        }
        return sum;
    }

    /** Ids, tasks and texts of each picture's prompts. */
    static Dataset<Row> read(InputDataset dataset) {
        return dataset.rows().select(column(DatasetSchema.PROMPT_ID), column(DatasetSchema.TASK), texts(dataset));
    }

    private static Column column(String name) {
        return functions.col(DatasetSchema.PROMPTS + "." + name);
    }

    /** A dataset of other tasks may have none. */
    private static Column texts(InputDataset dataset) {
        StructType rows = dataset.rows().schema();
        ArrayType prompts = (ArrayType) rows.fields()[rows.fieldIndex(DatasetSchema.PROMPTS)].dataType();
        StructType prompt = (StructType) prompts.elementType();
        return List.of(prompt.fieldNames()).contains(DatasetSchema.TEXTS)
                        && prompt.fields()[prompt.fieldIndex(DatasetSchema.TEXTS)].dataType() instanceof ArrayType
                ? column(DatasetSchema.TEXTS)
                : functions.lit(null);
    }

    @Override
    public Iterator<Row> call(Iterator<Row> images) {
        ModelFolder folder = ModelFolder.open(Path.of(files.local(model).path()));
        ModelConfig config = folder.config();
        int side = config.imageTokenSide();
        Map<Integer, Long> pictures = new TreeMap<>();
        Map<Integer, Long> ownText = new TreeMap<>();
        Map<String, Long> unusable = new TreeMap<>();
        try (PromptTokenizer tokenizer = PromptTokenizer.open(folder.tokenizer(), config, side * side)) {
            while (images.hasNext()) {
                int usable = 0;
                for (PromptRow prompt : prompts(images.next())) {
                    try {
                        PreparedPrompt prepared = tokenizer.prepare(ReferringPrompts.of(prompt));
                        ownText.merge(prepared.ownLength(), 1L, Long::sum);
                        usable++;
                    } catch (RowFailure e) {
                        unusable.merge(e.kind(), 1L, Long::sum);
                    }
                }
                pictures.merge(usable, 1L, Long::sum);
            }
        }
        List<Row> counts = new ArrayList<>();
        pictures.forEach((prompts, count) -> counts.add(RowFactory.create(PICTURES, null, prompts, count)));
        ownText.forEach((tokens, count) -> counts.add(RowFactory.create(PROMPTS, null, tokens, count)));
        unusable.forEach((reason, count) -> counts.add(RowFactory.create(UNUSABLE, reason, null, count)));
        return counts.iterator();
    }

    private static List<PromptRow> prompts(Row row) {
        List<PromptRow> prompts = new ArrayList<>();
        if (row.isNullAt(0)) {
            return prompts;
        }
        List<String> ids = row.getList(0);
        List<String> tasks = row.getList(1);
        List<Seq<String>> texts = row.isNullAt(2) ? Collections.nCopies(ids.size(), null) : row.getList(2);
        for (int i = 0; i < ids.size(); i++) {
            prompts.add(prompt(ids.get(i), tasks.get(i), texts.get(i)));
        }
        return prompts;
    }

    /** As {@link ImageRowReader} has it, so that it is refused for the reason that a run gives. */
    private static PromptRow prompt(String id, String task, Seq<String> texts) {
        List<String> sentences = texts == null ? List.of() : CollectionConverters.asJava(texts);
        boolean holdsNull = sentences.stream().anyMatch(Objects::isNull);
        return new PromptRow(
                id,
                task,
                holdsNull ? List.of() : sentences,
                null,
                List.of(),
                null,
                holdsNull ? ImageRowReader.nullElement() : null);
    }
}
