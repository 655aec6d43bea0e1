package io.maskroute.job.ml;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.png;
import static io.maskroute.job.testing.Datasets.prompt;
import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.job.config.ConfigurationException;
import io.maskroute.job.predictions.PredictionSchema;
import io.maskroute.job.run.ExecutorModels;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import io.maskroute.job.testing.FakeSegmenters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.feature.SQLTransformer;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.Trigger;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RoutedSegmenterTest {
    private static final String MODEL = "../models/tiny";
    private static final String DATASET = "../examples/refcoco-mini";
    private static final String ROUTING = "../conf/routing/tiny.json";

    private static final StructType TEXTS = new StructType()
            .add("id", DataTypes.LongType)
            .add("photo", DataTypes.BinaryType)
            .add("question", DataTypes.StringType);

    /** What may differ between two runs of a model over the same prompts. */
    private static final String[] OF_THE_RUN = {"run_id", "latency", "executor", "attempt"};

    @TempDir
    private Path home;

    private SparkSession spark;

    @BeforeEach
    void start() throws IOException {
        Files.createDirectory(home.resolve("model"));
    }

    @AfterEach
    void stop() {
        if (spark != null) {
            spark.stop();
        }
        ExecutorModels.closeAll();
    }

    @Test
    void predictionsAreThoseOfTheCommandLine() {
        CliRun run = CliRun.withModel(
                home,
                2,
                "segment",
                "--model",
                MODEL,
                "--routing",
                ROUTING,
                "--dataset",
                DATASET,
                "--output",
                home.resolve("out").toString());
        assertThat(run.code()).as(run.err()).isZero();
        session();

        Dataset<Row> images = spark.read().parquet(DATASET);
        Dataset<Row> transformed = new RoutedSegmenter()
                .setModelUrl(Path.of(MODEL).toAbsolutePath().toUri().toString())
                .setRouting(ROUTING)
                .transform(images);

        assertThat(transformed.columns()).startsWith(images.columns()).endsWith("prediction");
        Map<String, Row> stage = byPrompt(transformed.selectExpr("inline(prediction)"));
        Map<String, Row> command =
                byPrompt(spark.read().parquet(home.resolve("out/predictions").toString()));
        assertThat(command).hasSize(42);
        assertThat(stage).isEqualTo(command);
        assertThat(stage.values().iterator().next().<Row>getAs("flops")).isNotNull();
    }

    @Test
    void aPictureAndASentenceGiveOneStructAndTheOtherColumnsStay() {
        Dataset<Row> rows = texts(
                RowFactory.create(7L, png(20, 30), "the left one"),
                RowFactory.create(8L, new byte[] {1, 2}, "the left one"),
                RowFactory.create(9L, png(20, 30), null),
                RowFactory.create(10L, null, "x"));

        List<Row> out = fake().setInputCols("photo", "question")
                .setIdCol("id")
                .setOutputCol("found")
                .transform(rows)
                .select("id", "question", "found.*")
                .orderBy("id")
                .collectAsList();

        assertThat(out).extracting(row -> row.<Long>getAs("id")).containsExactly(7L, 8L, 9L, 10L);
        assertThat(out).extracting(row -> row.<String>getAs("image_id")).containsExactly("7", "8", "9", "10");
        assertThat(out)
                .extracting(row -> row.isNullAt(row.fieldIndex("error"))
                        ? "ok"
                        : row.<Row>getAs("error").<String>getAs("kind"))
                .containsExactly("ok", "unreadable-image", "empty-prompt", "no-image");
        assertThat(out.get(0)
                        .<Row>getList(out.get(0).fieldIndex("masks"))
                        .get(0)
                        .<Float>getAs("score"))
                .isEqualTo(0.75f);
    }

    @Test
    void aTaskAsksTheSameOfEveryPicture() {
        Dataset<Row> rows = texts(RowFactory.create(7L, png(20, 30), null), RowFactory.create(8L, png(30, 20), null));
        RoutedSegmenter stage = new RoutedSegmenter()
                .setModelUrl(Path.of(MODEL).toAbsolutePath().toString())
                .setDevice("cpu")
                .setInputCols("photo")
                .setIdCol("id")
                .setTask("semantic")
                .setClasses(
                        "[{\"id\": 5, \"name\": \"sky\", \"is_thing\": false}, {\"id\": 9, \"name\": \"dog\", \"is_thing\": true}]")
                .setMaxMasks(1);

        List<Row> out =
                stage.transform(rows).select("id", "prediction.*").orderBy("id").collectAsList();

        assertThat(out).hasSize(2).allSatisfy(row -> {
            assertThat(row.<String>getAs("status")).as(String.valueOf(row)).isEqualTo("ok");
            assertThat(row.<String>getAs("task")).isEqualTo("semantic");
            List<Row> masks = row.getList(row.fieldIndex("masks"));
            assertThat(masks).hasSize(1);
            assertThat(masks.get(0).<String>getAs("category")).isIn("sky", "dog");
        });
        assertThatThrownBy(() -> stage.setTask("region").transform(rows))
                .hasMessageContaining("task must be referring, panoptic, instance or semantic, not region");
        assertThatThrownBy(() -> stage.setTask("referring").transform(rows))
                .hasMessageContaining("task referring has no use for classes");
        assertThatThrownBy(
                        () -> fake().setInputCols("photo").setTask("panoptic").transform(rows))
                .hasMessageContaining("task panoptic needs classes");
    }

    @Test
    void picturesComeByUriAndSentencesInLists() throws IOException {
        Files.write(home.resolve("a.png"), png(20, 30));
        session();
        Dataset<Row> rows = spark.createDataFrame(
                        List.of(
                                RowFactory.create("a.png", "left one;one on the left"),
                                RowFactory.create("b.png", "x")),
                        new StructType().add("uri", DataTypes.StringType).add("text", DataTypes.StringType))
                .selectExpr("uri", "split(text, ';') AS texts");

        List<Row> out = fake().setInputCols("uri", "texts")
                .setImagesUrl(home.toUri().toString())
                .transform(rows.coalesce(1))
                .select("prediction.*")
                .collectAsList();

        assertThat(out).extracting(row -> row.<String>getAs("status")).containsExactly("ok", "failed");
        assertThat(out)
                .extracting(row -> row.<String>getAs("image_id"))
                .containsExactly("partition-00000-row-0", "partition-00000-row-1");
        assertThat(out.get(1).<Row>getAs("error").<String>getAs("kind")).isEqualTo("image-not-found");
    }

    @Test
    void aBadPromptOfADatasetFailsAlone() {
        session();
        ImageRow image = image(
                "i",
                png(20, 30),
                prompt("p1", null, "x"),
                prompt("p2", null, FakeSegmenters.REFUSED),
                prompt("p3", null, FakeSegmenters.UNTOKENISABLE));
        Dataset<Row> rows = spark.createDataFrame(
                List.of(DatasetSchema.toRow(image), DatasetSchema.toRow(image("none", png(2, 2)))),
                DatasetSchema.struct().asNullable());

        List<Row> out = fake().transform(rows.coalesce(1)).collectAsList();

        assertThat(out.get(0).<Row>getList(out.get(0).fieldIndex("prediction")))
                .extracting(p -> p.<String>getAs("prompt_id") + " " + p.<String>getAs("status"))
                .containsExactly("p1 ok", "p2 failed", "p3 failed");
        assertThat(out.get(1).getList(out.get(1).fieldIndex("prediction"))).isEmpty();
    }

    @Test
    void aPipelineIsWrittenReadAndRuns() throws IOException {
        Dataset<Row> rows = texts(RowFactory.create(1L, png(20, 30), "x"), RowFactory.create(2L, png(20, 30), "y"));
        RoutedSegmenter stage = new RoutedSegmenter()
                .setModelUrl(MODEL)
                .setInputCols("photo", "question")
                .setDtype("bf16")
                .setBatchSize(3)
                .setAllowPartial(true)
                .setSettings("runtime.images-ahead=1");
        SQLTransformer area = new SQLTransformer()
                .setStatement("SELECT id, prediction.status AS status, prediction.masks[0].area AS area FROM __THIS__");
        PipelineModel pipeline =
                new Pipeline().setStages(new PipelineStage[] {stage, area}).fit(rows);
        String folder = home.resolve("pipeline").toString();

        pipeline.write().save(folder);
        PipelineModel read = PipelineModel.load(folder);

        RoutedSegmenter again = (RoutedSegmenter) read.stages()[0];
        assertThat(again.uid()).isEqualTo(stage.uid());
        for (Param<?> param : List.of(stage.modelUrl(), stage.dtype(), stage.batchSize(), stage.allowPartial())) {
            assertThat(again.get(again.getParam(param.name()))).as(param.name()).isEqualTo(stage.get(param));
        }
        assertThat(again.getOrDefault(again.inputCols())).containsExactly("photo", "question");
        assertThat(again.getOrDefault(again.settings())).containsExactly("runtime.images-ahead=1");
        List<Row> out = read.transform(rows).orderBy("id").collectAsList();
        assertThat(out).extracting(row -> row.<String>getAs("status")).containsExactly("ok", "ok");
        assertThat(out).isEqualTo(pipeline.transform(rows).orderBy("id").collectAsList());
    }

    @Test
    void aCopyHasItsOwnParameters() {
        RoutedSegmenter stage = fake().setDtype("fp32");

        RoutedSegmenter copy = stage.copy(new ParamMap().put(stage.dtype().w("bf16")));

        assertThat(copy.getOrDefault(copy.dtype())).isEqualTo("bf16");
        assertThat(stage.getOrDefault(stage.dtype())).isEqualTo("fp32");
        assertThat(copy.uid()).isEqualTo(stage.uid());
    }

    @Test
    void aStreamIsTransformedLikeATable() throws Exception {
        session();
        Datasets.appendWith(
                spark,
                home.resolve("dataset"),
                List.of(
                        image("a", png(20, 30), prompt("a1", null, "x"), prompt("a2", null, "y")),
                        image("b", png(20, 30), prompt("b1", null, "z"))));
        Dataset<Row> table = spark.read().parquet(home.resolve("dataset").toString());

        StreamingQuery query = fake().transform(spark.readStream()
                        .schema(table.schema())
                        .parquet(home.resolve("dataset").toString()))
                .selectExpr("inline(prediction)")
                .writeStream()
                .option("checkpointLocation", home.resolve("checkpoint").toString())
                .trigger(Trigger.AvailableNow())
                .format("parquet")
                .start(home.resolve("streamed").toString());
        query.awaitTermination();

        assertThat(byPrompt(spark.read().parquet(home.resolve("streamed").toString())))
                .hasSize(3)
                .isEqualTo(byPrompt(fake().transform(table).selectExpr("inline(prediction)")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "photo,query | there is no column query; the columns are [id, photo, question]",
                "photo,id | the column id has the type bigint, expected string (a sentence)",
                "id,question | the column id has the type bigint, expected binary (encoded bytes) or string (a URI)",
                "photo,photo,question | the column photo has the type binary, expected",
                "photo | inputCols must name one or two columns of pictures",
            })
    void columnsThatDoNotFitAreNamed(String columns, String message) {
        RoutedSegmenter stage = fake().setInputCols(columns.split(","));

        assertThatThrownBy(() -> stage.transformSchema(TEXTS))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("RoutedSegmenter: ")
                .hasMessageContaining(message);
    }

    @Test
    void whatIsWrongIsSaidBeforeAnythingRuns() {
        StructType dataset = DatasetSchema.struct();

        assertThatThrownBy(() -> new RoutedSegmenter().transformSchema(dataset))
                .hasMessageContaining("modelUrl is not set");
        assertThatThrownBy(() -> fake().setEngine("TensorFlow").transformSchema(dataset))
                .hasMessageContaining("engine must be PyTorch, not TensorFlow");
        assertThatThrownBy(() -> fake().setDtype("int8").transformSchema(dataset))
                .isInstanceOf(ConfigurationException.class)
                .hasMessage("RoutedSegmenter: model.dtype must be auto or fp32 or bf16 or fp16, not \"int8\"");
        assertThatThrownBy(() -> fake().setBatchSize(0).transformSchema(dataset))
                .hasMessageContaining("runtime.prompts-per-call must be 1 to 4096");
        assertThatThrownBy(() -> fake().setSettings("runtime.image-ahead=1").transformSchema(dataset))
                .hasMessageContaining("unknown key \"runtime.image-ahead\"");
        assertThatThrownBy(() -> fake().setSettings("spark.ui.enabled=true").transformSchema(dataset))
                .hasMessageContaining("not spark.ui.enabled");
        assertThatThrownBy(() -> fake().setOutputCol("image").transformSchema(dataset))
                .hasMessageContaining("there is a column image already");
        assertThatThrownBy(() -> fake().setIdCol("image").transformSchema(dataset))
                .hasMessageContaining("the column image has the type binary, expected string or an integer");
        assertThatThrownBy(() -> fake().transformSchema(new StructType()
                        .add("image", DataTypes.BinaryType)
                        .add("prompts", "array<struct<prompt_id:string>>")))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("the column prompts[].task is missing");
        assertThat(fake().transformSchema(new StructType()
                                .add("image", DataTypes.BinaryType)
                                .add("image_uri", DataTypes.NullType)
                                .add("prompts", dataset.apply("prompts").dataType()))
                        .fieldNames())
                .endsWith("prediction");
        assertThat(fake().transformSchema(dataset).apply("prediction").dataType())
                .isEqualTo(DataTypes.createArrayType(PredictionSchema.struct(), false));
    }

    @Test
    void aModelThatDoesNotLoadEndsTheJobWithItsReason() throws IOException {
        Files.createFile(home.resolve("model/broken"));
        Dataset<Row> out =
                fake().setInputCols("photo", "question").transform(texts(RowFactory.create(7L, png(20, 30), "x")));

        assertThatThrownBy(out::collectAsList).hasStackTraceContaining("lacks the weight x.y.z");
    }

    private RoutedSegmenter fake() {
        return new RoutedSegmenter("fake", new FakeSegmenters())
                .setModelUrl(home.resolve("model").toString());
    }

    private void session() {
        spark = SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", false)
                .config("spark.sql.shuffle.partitions", 2)
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.driver.host", "127.0.0.1")
                .getOrCreate();
    }

    private Dataset<Row> texts(Row... rows) {
        session();
        return spark.createDataFrame(List.of(rows), TEXTS);
    }

    private static Map<String, Row> byPrompt(Dataset<Row> predictions) {
        Map<String, Row> rows = new TreeMap<>();
        for (Row row : predictions
                .drop(OF_THE_RUN)
                .filter(col("prompt_id").isNotNull())
                .collectAsList()) {
            rows.put(row.getAs("prompt_id"), row);
        }
        return rows;
    }
}
