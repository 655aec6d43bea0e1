package io.maskroute.job.ml;

import io.maskroute.core.image.ExifOrientation;
import io.maskroute.datasets.schema.PromptTask;
import io.maskroute.job.config.ConfigLoader;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.input.ClassList;
import io.maskroute.job.input.PictureOrientation;
import io.maskroute.job.input.Prompts;
import io.maskroute.job.run.PsalmSegmenterFactory;
import io.maskroute.job.run.SegmentTask;
import io.maskroute.job.run.SegmenterFactory;
import io.maskroute.job.scoring.Scoring;
import java.net.URI;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.StringArrayParam;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;

/**
 * The model as a stage of Spark ML's pipelines, with the parameter names of DJL's Spark extension where it has them. It runs on
 * the executors as the {@code segment} command does: one model to an executor, fed by all its tasks.
 *
 * <p>{@code inputCols} names the pictures and what is asked of them: first a {@code binary} column of encoded bytes or a {@code
 * string} column of URIs, or both (each row then has one of the two), last one of
 *
 * <ul>
 *   <li>{@code string}, a sentence, or {@code array<string>}, sentences that mean the same object: {@code outputCol} is a struct,
 *       the prediction;
 *   <li>{@code array<struct>}, the column {@code prompts} of a maskroute dataset: {@code outputCol} is an array of such structs,
 *       one for each prompt, in order.
 * </ul>
 *
 * <p>The struct is a row of the {@code segment} command's predictions, so {@code inline(outputCol)} gives that table; {@code
 * run_id} is this stage's uid. A row that cannot be processed does not fail the job: its struct has {@code status} {@code failed} and
 * the reason in {@code error}. Other columns stay as they are. As with any transformation, what is read twice is computed twice:
 * write the result, or persist it.
 *
 * <p>Spark decides about retries alone: unlike {@code segment}, this has no place to note which row killed an executor, so a
 * row that does so again and again fails the job.
 */
public final class RoutedSegmenter extends Transformer implements DefaultParamsWritable {
    private static final long serialVersionUID = 1;
    private static final String NAME = "RoutedSegmenter";
    private static final String ENGINE = "PyTorch";
    private static final String FILE_SCHEME = "file:";
    private static final String RUNTIME = "runtime.";
    private static final List<String> OF_PICTURES =
            List.of("dataset.max-image-bytes", "dataset.orientation", "dataset.image-roots");

    private final String uid;
    private final SegmenterFactory factory;

    private final StringArrayParam inputCols;
    private final Param<String> outputCol;
    private final Param<String> idCol;
    private final Param<String> modelUrl;
    private final Param<String> engine;
    private final IntParam batchSize;
    private final Param<String> routing;
    private final Param<String> dtype;
    private final Param<String> device;
    private final BooleanParam allowPartial;
    private final DoubleParam minScore;
    private final Param<String> task;
    private final Param<String> classes;
    private final IntParam maxMasks;
    private final Param<String> imagesUrl;
    private final StringArrayParam settings;

    public RoutedSegmenter() {
        this(Identifiable.randomUID("routedSegmenter"));
    }

    public RoutedSegmenter(String uid) {
        this(uid, new PsalmSegmenterFactory());
    }

    RoutedSegmenter(String uid, SegmenterFactory factory) {
        this.uid = uid;
        this.factory = factory;
        // Parameters ask for the uid, so they cannot be made before it is there.
        inputCols = new StringArrayParam(
                this,
                "inputCols",
                "one or two columns of pictures (binary: encoded bytes, string: URI), then one of prompts or text; not"
                        + " set: those of " + InputColumns.DEFAULT + " that are there");
        outputCol = text("outputCol", "column of the predictions");
        idCol = text("idCol", "column of the pictures' names, string or integer; not set: image_id if it is there");
        modelUrl = text("modelUrl", "model folder, the same on all executors");
        engine = text("engine", "deep learning engine: " + ENGINE);
        batchSize = new IntParam(this, "batchSize", "prompts of a picture that go through the model together");
        routing = text("routing", "dense, a routing.json, or a folder with routing.json and routing.safetensors");
        dtype = text("dtype", "auto, fp32, bf16 or fp16");
        device = text("device", "cpu, cuda:N, or gpu: the one Spark gave the executor");
        allowPartial =
                new BooleanParam(this, "allowPartial", "go on with weights that are missing or have another shape");
        minScore = new DoubleParam(
                this,
                "minScore",
                "least score of a mask, 0 to 1: below it there is none; not set: what the model says");
        task = text(
                "task",
                "of rows that hold no dataset's prompts: referring, panoptic, instance or semantic; for all but the first,"
                        + " inputCols name pictures alone and classes says what is asked");
        classes = text("classes", "what is asked: a name a line, or a JSON list of {id, name, is_thing}");
        maxMasks = new IntParam(this, "maxMasks", "most masks of a prompt, the best ones; not set: all");
        imagesUrl =
                text("imagesUrl", "folder that relative URIs are resolved against, and below which pictures may lie");
        settings = new StringArrayParam(
                this,
                "settings",
                "further settings of maskroute's, as key=value: " + RUNTIME + "*, " + String.join(", ", OF_PICTURES));
        JobConfig defaults = ConfigLoader.defaults(Map.of(), NAME);
        setDefault(outputCol, "prediction");
        setDefault(engine, ENGINE);
        setDefault(batchSize, defaults.runtime().promptsPerCall());
        setDefault(routing, defaults.modelOptions().routing());
        setDefault(dtype, defaults.modelOptions().dtype());
        setDefault(device, defaults.modelOptions().device());
        setDefault(allowPartial, defaults.modelOptions().allowPartial());
        setDefault(task, PromptTask.REFERRING.label());
        setDefault(imagesUrl, ".");
        setDefault(settings, new String[0]);
    }

    private Param<String> text(String name, String doc) {
        return new Param<>(uid, name, doc, String.class);
    }

    /** The stage that {@code write().save(path)} wrote. */
    public static RoutedSegmenter load(String path) {
        return read().load(path);
    }

    public static MLReader<RoutedSegmenter> read() {
        return new DefaultParamsReader<>();
    }

    @Override
    public String uid() {
        return uid;
    }

    /**
     * @throws IllegalArgumentException when a column is missing, has another type, or {@code outputCol} is there already
     * @throws io.maskroute.job.config.ConfigurationException when a parameter has a value that it cannot have
     */
    @Override
    public StructType transformSchema(StructType schema) {
        config();
        InputColumns columns = columns(schema);
        columns.reader();
        String output = getOrDefault(outputCol);
        if (Arrays.asList(schema.fieldNames()).contains(output)) {
            throw new IllegalArgumentException(
                    NAME + ": there is a column " + output + " already; name another with outputCol");
        }
        return schema.add(output, columns.form().output(), false);
    }

    /** The rows with one more column. Nothing runs before somebody asks for them. */
    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        Dataset<Row> rows = dataset.toDF();
        StructType schema = transformSchema(rows.schema());
        InputColumns columns = columns(rows.schema());
        JobConfig config = config();
        SparkSession spark = rows.sparkSession();
        SegmentTask work = new SegmentTask(
                factory,
                config.model(),
                null,
                config.runtime(),
                prompts(),
                new Scoring(false, config.rules().emptyUnion()),
                uid,
                new PictureOrientation(orientation(config), orientation(config)),
                getOrDefault(imagesUrl),
                columns.reader(),
                null,
                JavaSparkContext.fromSparkContext(spark.sparkContext())
                        .broadcast(new SerializableConfiguration(
                                spark.sessionState().newHadoopConf())));
        return rows.mapPartitions(new SegmentRows(work, columns), Encoders.row(schema));
    }

    private static ExifOrientation orientation(JobConfig config) {
        return config.orientation().orElse(ExifOrientation.STORED);
    }

    private InputColumns columns(StructType schema) {
        return InputColumns.of(
                schema,
                isSet(inputCols) ? getOrDefault(inputCols) : null,
                isSet(idCol) ? getOrDefault(idCol) : null,
                promptTask());
    }

    private PromptTask promptTask() {
        String label = getOrDefault(task);
        PromptTask known = PromptTask.of(label)
                .filter(each -> each != PromptTask.REGION)
                .orElseThrow(() -> new IllegalArgumentException(NAME + ": task must be referring, panoptic, instance or"
                        + " semantic, not " + label + "; regions are asked for in a dataset's prompts"));
        if (isSet(classes) != (known != PromptTask.REFERRING)) {
            throw new IllegalArgumentException(
                    NAME + ": task " + label + (isSet(classes) ? " has no use for classes" : " needs classes"));
        }
        return known;
    }

    private Prompts prompts() {
        return isSet(classes)
                ? Prompts.of(Map.of(
                        InputColumns.CLASSES, ClassList.parse(getOrDefault(classes), NAME + ": the parameter classes")))
                : Prompts.NO_CLASSES;
    }

    private JobConfig config() {
        if (!isSet(modelUrl)) {
            throw new IllegalArgumentException(NAME + ": modelUrl is not set; it names the model's folder");
        }
        if (!getOrDefault(engine).equals(ENGINE)) {
            throw new IllegalArgumentException(NAME + ": engine must be " + ENGINE + ", not " + getOrDefault(engine));
        }
        Map<String, String> values = new LinkedHashMap<>();
        for (String setting : getOrDefault(settings)) {
            Map.Entry<String, String> entry = ConfigLoader.parseOverride(setting);
            if (!entry.getKey().startsWith(RUNTIME) && !OF_PICTURES.contains(entry.getKey())) {
                throw new IllegalArgumentException(
                        NAME + ": settings can hold " + RUNTIME + "*, " + String.join(", ", OF_PICTURES) + ", not "
                                + entry.getKey() + "; there are parameters for the model, and Spark has its own");
            }
            values.put(entry.getKey(), entry.getValue());
        }
        values.put("model.path", local(getOrDefault(modelUrl)));
        values.put("model.routing", local(getOrDefault(routing)));
        values.put("model.dtype", getOrDefault(dtype));
        values.put("model.device", getOrDefault(device));
        values.put("model.allow-partial", String.valueOf(getOrDefault(allowPartial)));
        if (isSet(minScore)) {
            values.put("model.min-score", String.valueOf(getOrDefault(minScore)));
        }
        if (isSet(maxMasks)) {
            values.put("model.max-masks", String.valueOf(getOrDefault(maxMasks)));
        }
        values.put("runtime.prompts-per-call", String.valueOf(getOrDefault(batchSize)));
        return ConfigLoader.defaults(values, NAME);
    }

    private static String local(String url) {
        return url.startsWith(FILE_SCHEME) ? Path.of(URI.create(url).getPath()).toString() : url;
    }

    @Override
    public RoutedSegmenter copy(ParamMap extra) {
        return copyValues(new RoutedSegmenter(uid, factory), extra);
    }

    public StringArrayParam inputCols() {
        return inputCols;
    }

    public RoutedSegmenter setInputCols(String... names) {
        set(inputCols, names);
        return this;
    }

    public Param<String> outputCol() {
        return outputCol;
    }

    public RoutedSegmenter setOutputCol(String name) {
        set(outputCol, name);
        return this;
    }

    public Param<String> idCol() {
        return idCol;
    }

    public RoutedSegmenter setIdCol(String name) {
        set(idCol, name);
        return this;
    }

    public Param<String> modelUrl() {
        return modelUrl;
    }

    public RoutedSegmenter setModelUrl(String url) {
        set(modelUrl, url);
        return this;
    }

    public Param<String> engine() {
        return engine;
    }

    public RoutedSegmenter setEngine(String name) {
        set(engine, name);
        return this;
    }

    public IntParam batchSize() {
        return batchSize;
    }

    public RoutedSegmenter setBatchSize(int prompts) {
        set(batchSize, prompts);
        return this;
    }

    public Param<String> routing() {
        return routing;
    }

    public RoutedSegmenter setRouting(String schedule) {
        set(routing, schedule);
        return this;
    }

    public Param<String> dtype() {
        return dtype;
    }

    public RoutedSegmenter setDtype(String name) {
        set(dtype, name);
        return this;
    }

    public Param<String> device() {
        return device;
    }

    public RoutedSegmenter setDevice(String name) {
        set(device, name);
        return this;
    }

    public Param<String> task() {
        return task;
    }

    public RoutedSegmenter setTask(String label) {
        set(task, label);
        return this;
    }

    public Param<String> classes() {
        return classes;
    }

    public RoutedSegmenter setClasses(String names) {
        set(classes, names);
        return this;
    }

    public IntParam maxMasks() {
        return maxMasks;
    }

    public RoutedSegmenter setMaxMasks(int most) {
        set(maxMasks, most);
        return this;
    }

    public BooleanParam allowPartial() {
        return allowPartial;
    }

    public RoutedSegmenter setAllowPartial(boolean allowed) {
        set(allowPartial, allowed);
        return this;
    }

    public DoubleParam minScore() {
        return minScore;
    }

    public RoutedSegmenter setMinScore(double score) {
        set(minScore, score);
        return this;
    }

    public Param<String> imagesUrl() {
        return imagesUrl;
    }

    public RoutedSegmenter setImagesUrl(String url) {
        set(imagesUrl, url);
        return this;
    }

    public StringArrayParam settings() {
        return settings;
    }

    public RoutedSegmenter setSettings(String... keysAndValues) {
        set(settings, keysAndValues);
        return this;
    }
}
