package io.maskroute.job.plan;

import io.maskroute.core.checkpoint.ModelFolder;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.text.PromptTokenizer;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.ImageRowReader;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.fetch.ModelFiles;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.input.Prompts;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * One task: image rows in, a few counts out. Of the prompts, what they ask is read, and no truth; the counts of all tasks are
 * summed by Spark, and what reaches the driver is as long as the longest prompt, not as the dataset.
 *
 * @param files brings the model's folder, with the tokenizer, to the task
 * @param prompts what the model is asked
 * @param reader of the rows
 */
record TokenCounting(ModelFiles files, ModelOptions model, Prompts prompts, ImageRowReader reader)
        implements MapPartitionsFunction<Row, Row> {
    private static final String[] COLUMNS = {
        DatasetSchema.IMAGE_ID,
        DatasetSchema.PROMPTS + "." + DatasetSchema.PROMPT_ID,
        DatasetSchema.PROMPTS + "." + DatasetSchema.TASK,
        DatasetSchema.PROMPTS + "." + DatasetSchema.TEXTS,
        DatasetSchema.PROMPTS + "." + DatasetSchema.CLASS_SET,
        DatasetSchema.PROMPTS + "." + DatasetSchema.REGIONS
    };

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
        InputDataset.Part part = dataset.part(COLUMNS);
        Dataset<Row> counts = part.rows()
                .mapPartitions(
                        new TokenCounting(files, model, Prompts.of(dataset.manifest()), part.reader()),
                        Encoders.row(COUNTS))
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

    @Override
    public Iterator<Row> call(Iterator<Row> images) throws RowFailure {
        ModelFolder folder = ModelFolder.open(Path.of(files.local(model).path()));
        ModelConfig config = folder.config();
        int side = config.imageTokenSide();
        Map<Integer, Long> pictures = new TreeMap<>();
        Map<Integer, Long> ownText = new TreeMap<>();
        Map<String, Long> unusable = new TreeMap<>();
        try (PromptTokenizer tokenizer = PromptTokenizer.open(folder.tokenizer(), config, side * side)) {
            while (images.hasNext()) {
                int usable = 0;
                ImageRow image = reader.read(images.next());
                for (PromptRow prompt : image.prompts()) {
                    try {
                        PreparedPrompt prepared = tokenizer.prepare(prompts.task(prompt, image.imageId()));
                        // Behind what referring prompts share: so much is taken to be shared of all.
                        int shared = tokenizer.sharedText().task();
                        ownText.merge(prepared.text().length - shared, 1L, Long::sum);
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
}
