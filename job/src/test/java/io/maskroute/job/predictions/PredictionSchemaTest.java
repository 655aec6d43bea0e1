package io.maskroute.job.predictions;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.datasets.schema.DatasetSchema;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

class PredictionSchemaTest {
    /** The columns that other tools rely on; {@code flops.llm_alone} came later, and last, and the picture's size. */
    @Test
    void hasTheContractsShape() {
        assertThat(PredictionSchema.struct().fieldNames())
                .containsExactly(
                        "run_id",
                        "image_id",
                        "prompt_id",
                        "task",
                        "class_set",
                        "texts",
                        "image_name",
                        "image_height",
                        "image_width",
                        "status",
                        "error",
                        "masks",
                        "tokens",
                        "flops",
                        "latency",
                        "truth",
                        "model_fingerprint",
                        "routing_fingerprint",
                        "device",
                        "dtype",
                        "executor",
                        "attempt");
        Map.of(
                        "error", "struct<stage:string,kind:string,message:string>",
                        "masks",
                                "array<struct<mask:struct<size:array<int>,counts:string>,score:float,category_id:int,"
                                        + "category:string,area:bigint,bbox:array<float>,region:int>>",
                        "tokens", "struct<image:int,proxy:int,text:int,mask:int>",
                        "flops",
                                "struct<llm:bigint,llm_dense:bigint,llm_ratio:double,vision:bigint,decoder:bigint,"
                                        + "llm_alone:bigint>",
                        "latency",
                                "struct<decode_ms:double,preprocess_ms:double,vision_ms:double,prefix_ms:double,"
                                        + "prompt_ms:double,decoder_ms:double,postprocess_ms:double,queue_ms:double,"
                                        + "total_ms:double>",
                        "truth", "struct<intersection:bigint,union:bigint,iou:double>",
                        "attempt", "int")
                .forEach((name, type) -> assertThat(
                                PredictionSchema.struct().apply(name).dataType().catalogString())
                        .as(name)
                        .isEqualTo(type));
    }

    @Test
    void theDocumentationNamesEveryColumn() throws IOException {
        String page = Files.readString(Path.of("../docs/formats.md"));

        requireNamed(PredictionSchema.struct(), page);
        requireNamed(DatasetSchema.struct(), page);
    }

    private static void requireNamed(DataType type, String page) {
        if (type instanceof ArrayType list) {
            requireNamed(list.elementType(), page);
        } else if (type instanceof StructType struct) {
            for (StructField field : struct.fields()) {
                // The two parts of an RLE stand in its type.
                if (!struct.equals(DatasetSchema.rle())) {
                    assertThat(page).contains("`" + field.name() + "`");
                    requireNamed(field.dataType(), page);
                }
            }
        }
    }
}
