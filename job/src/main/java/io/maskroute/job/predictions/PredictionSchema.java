package io.maskroute.job.predictions;

import io.maskroute.core.segmenter.Segmentation.FlopCounts;
import io.maskroute.core.segmenter.Segmentation.TokenCounts;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.parquet.WantedColumns;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.EncodedMask;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** The Parquet schema of predictions: one row per prompt. Names are public: notebooks and other tools rely on them. */
public final class PredictionSchema {
    public static final String OK = "ok";
    public static final String FAILED = "failed";

    /** The stages of {@code latency}, in order, without the unit that the column names end with. */
    public static final List<String> STAGES =
            List.of("decode", "preprocess", "vision", "prefix", "prompt", "decoder", "postprocess", "queue");

    private static final DataType TEXT = DataTypes.StringType;
    private static final DataType INT = DataTypes.IntegerType;
    private static final DataType LONG = DataTypes.LongType;
    private static final DataType FLOAT = DataTypes.FloatType;
    private static final DataType DOUBLE = DataTypes.DoubleType;

    private static final StructType ERROR = new StructType(
            new StructField[] {required("stage", TEXT), required("kind", TEXT), optional("message", TEXT)});

    private static final StructType MASK = new StructType(new StructField[] {
        required("mask", DatasetSchema.rle()),
        required("score", FLOAT),
        optional("category_id", INT),
        optional("category", TEXT),
        required("area", LONG),
        required("bbox", new ArrayType(FLOAT, false)),
        optional("region", INT)
    });

    private static final StructType TOKENS = new StructType(new StructField[] {
        required("image", INT), required("proxy", INT), required("text", INT), required("mask", INT)
    });

    private static final StructType FLOPS = new StructType(new StructField[] {
        required("llm", LONG),
        required("llm_dense", LONG),
        required("llm_ratio", DOUBLE),
        required("vision", LONG),
        required("decoder", LONG),
        required("llm_alone", LONG)
    });

    private static final StructType LATENCY = latency();

    private static final StructType TRUTH = new StructType(
            new StructField[] {required("intersection", LONG), required("union", LONG), required("iou", DOUBLE)});

    private static final StructType STRUCT = new StructType(new StructField[] {
        required("run_id", TEXT),
        // A dataset may lack the two ids; the row says so in its error and is not dropped.
        optional("image_id", TEXT),
        optional("prompt_id", TEXT),
        optional("task", TEXT),
        // Runs of before these four were written are read as null.
        optional("class_set", TEXT),
        optional("texts", new ArrayType(TEXT, false)),
        optional("image_name", TEXT),
        optional("image_height", INT),
        optional("image_width", INT),
        required("status", TEXT),
        optional("error", ERROR),
        required("masks", new ArrayType(MASK, false)),
        optional("tokens", TOKENS),
        optional("flops", FLOPS),
        optional("latency", LATENCY),
        optional("truth", TRUTH),
        required("model_fingerprint", TEXT),
        required("routing_fingerprint", TEXT),
        required("device", TEXT),
        optional("dtype", TEXT),
        required("executor", TEXT),
        required("attempt", INT)
    });

    private static final WantedColumns READING =
            new WantedColumns((StructType) readable(STRUCT), "holds no predictions of this program");

    private PredictionSchema() {}

    /** The same columns for reading them back, one file at a time: whole numbers as bigint, others as double. */
    public static WantedColumns reading() {
        return READING;
    }

    private static DataType readable(DataType type) {
        if (type instanceof StructType struct) {
            StructType readable = new StructType();
            for (StructField field : struct.fields()) {
                readable = readable.add(field.name(), readable(field.dataType()), field.nullable());
            }
            return readable;
        }
        if (type instanceof ArrayType list) {
            return new ArrayType(readable(list.elementType()), list.containsNull());
        }
        return type.equals(INT) ? LONG : type.equals(FLOAT) ? DOUBLE : type;
    }

    /** The schema of a row, as {@link #toRow} fills it. */
    public static StructType struct() {
        return STRUCT;
    }

    /** The row in the column order of {@link #struct()}. */
    public static Row toRow(Prediction prediction, RunIdentity run) {
        Prediction.Question question = prediction.question();
        return RowFactory.create(
                run.runId(),
                question.imageId(),
                question.promptId(),
                question.task(),
                question.classSet(),
                question.texts().toArray(String[]::new),
                question.imageName(),
                prediction.picture() == null ? null : prediction.picture().height(),
                prediction.picture() == null ? null : prediction.picture().width(),
                prediction.error() == null ? OK : FAILED,
                prediction.error() == null
                        ? null
                        : RowFactory.create(
                                prediction.error().stage().label(),
                                prediction.error().kind(),
                                prediction.error().getMessage()),
                prediction.masks().stream().map(PredictionSchema::toRow).toArray(Row[]::new),
                prediction.tokens() == null ? null : toRow(prediction.tokens()),
                prediction.flops() == null ? null : toRow(prediction.flops()),
                prediction.latency() == null ? null : toRow(prediction.latency()),
                prediction.truth() == null ? null : toRow(prediction.truth()),
                run.modelFingerprint(),
                run.routingFingerprint(),
                prediction.device() == null ? run.device() : prediction.device(),
                run.dtype(),
                run.executor(),
                run.attempt());
    }

    private static Row toRow(Prediction.Mask mask) {
        Rle rle = mask.rle();
        double[] box = rle.bbox();
        return RowFactory.create(
                DatasetSchema.toRow(new EncodedMask(rle.height(), rle.width(), rle.compressed())),
                mask.score(),
                mask.category() == null ? null : mask.category().id(),
                mask.category() == null ? null : mask.category().name(),
                rle.area(),
                new Float[] {(float) box[0], (float) box[1], (float) box[2], (float) box[3]},
                mask.region());
    }

    private static Row toRow(TokenCounts tokens) {
        return RowFactory.create(tokens.image(), tokens.proxy(), tokens.text(), tokens.mask());
    }

    private static Row toRow(FlopCounts flops) {
        return RowFactory.create(
                flops.llm(), flops.llmDense(), flops.llmRatio(), flops.vision(), flops.decoder(), flops.llmAlone());
    }

    private static Row toRow(Prediction.Latency latency) {
        return RowFactory.create(
                latency.decode(),
                latency.preprocess(),
                latency.vision(),
                latency.prefix(),
                latency.prompt(),
                latency.decoder(),
                latency.postprocess(),
                latency.queue(),
                latency.total());
    }

    private static Row toRow(Overlap truth) {
        return RowFactory.create(truth.intersection(), truth.union(), truth.iou());
    }

    private static StructType latency() {
        StructType struct = new StructType();
        for (String stage : STAGES) {
            struct = struct.add(stage + "_ms", DOUBLE, false);
        }
        return struct.add("total_ms", DOUBLE, false);
    }

    private static StructField required(String name, DataType type) {
        return DataTypes.createStructField(name, type, false);
    }

    private static StructField optional(String name, DataType type) {
        return DataTypes.createStructField(name, type, true);
    }
}
