package io.maskroute.job.testing;

import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.GroundTruthRaster;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Protocol;
import io.maskroute.datasets.schema.Truth;
import io.maskroute.datasets.schema.TruthMask;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.Util;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;

/** Small datasets for tests, with null wherever a test wants it, and what was written. */
public final class Datasets {
    private Datasets() {}

    public static void write(Path folder, int files, List<ImageRow> images) {
        writeRows(folder, files, rows(images));
    }

    /** Rows that may hold what no {@link ImageRow} does. */
    public static void writeRows(Path folder, int files, List<Row> images) {
        withSpark(spark -> {
            append(spark, folder, files, images);
            return null;
        });
        writeManifest(folder);
    }

    /** The row, but with null for the first sentence of one of its prompts. */
    public static Row withNullSentence(Row row, int prompt) {
        Row[] prompts = (Row[]) row.get(DatasetSchema.struct().fieldIndex(DatasetSchema.PROMPTS));
        ((String[]) prompts[prompt].get(2))[0] = null;
        return row;
    }

    /** The row, but with null for the first truth mask of one of its prompts. */
    public static Row withNullMask(Row row, int prompt) {
        Row[] prompts = (Row[]) row.get(DatasetSchema.struct().fieldIndex(DatasetSchema.PROMPTS));
        ((Row[]) prompts[prompt].getStruct(5).get(1))[0] = RowFactory.create(null, 1, false, 1L, null, null);
        return row;
    }

    /** A dataset of as many files as there are groups, in that order by age. */
    public static void writeFiles(Path folder, List<List<ImageRow>> groups) {
        withSpark(spark -> {
            groups.forEach(group -> append(spark, folder, 1, rows(group)));
            return null;
        });
        writeManifest(folder);
    }

    /** The files alone, in a session that goes on. */
    public static void appendWith(SparkSession spark, Path folder, List<ImageRow> images) {
        append(spark, folder, 1, rows(images));
    }

    private static List<Row> rows(List<ImageRow> images) {
        return images.stream().map(DatasetSchema::toRow).toList();
    }

    private static void append(SparkSession spark, Path folder, int files, List<Row> images) {
        spark.createDataFrame(images, DatasetSchema.struct().asNullable())
                .repartition(files)
                .write()
                .mode(SaveMode.Append)
                .parquet(folder.toString());
    }

    private static void writeManifest(Path folder) {
        new DatasetManifest(1, "test", "val", Protocol.JOINED, GroundTruthRaster.COCO, null, null, "test", null, null)
                .write(folder.toString(), new Configuration());
    }

    /** Writes other bytes in place of some that lie uncompressed in a folder's Parquet files. */
    public static void damage(Path folder, String bytes) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".parquet")).toList()) {
                // As many characters as bytes.
                String text = Files.readString(file, StandardCharsets.ISO_8859_1);
                if (text.contains(bytes)) {
                    Files.writeString(
                            file, text.replace(bytes, "~".repeat(bytes.length())), StandardCharsets.ISO_8859_1);
                    return;
                }
            }
        }
        throw new AssertionError(bytes + " is nowhere in " + folder);
    }

    public static List<Row> read(Path parquet) {
        return withSpark(spark -> spark.read().parquet(parquet.toString()).collectAsList());
    }

    public static <T> T withSpark(Function<SparkSession, T> work) {
        SparkSession spark = SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", false)
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.driver.host", "127.0.0.1")
                .getOrCreate();
        try {
            return work.apply(spark);
        } finally {
            spark.stop();
        }
    }

    public static ImageRow image(String id, byte[] bytes, PromptRow... prompts) {
        return new ImageRow(id, bytes, null, List.of(prompts), "val", null, null);
    }

    public static PromptRow prompt(String id, Truth truth, String... sentences) {
        return PromptRow.referring(id, List.of(sentences), truth);
    }

    /** The truth that the fake model meets exactly for these sentences. */
    public static Truth met(int height, int width, String... sentences) {
        return truth(Rle.of(FakeSegmenters.mask(List.of(sentences), height, width)));
    }

    public static Truth truth(Rle mask) {
        return new Truth(
                false,
                List.of(new TruthMask(new EncodedMask(mask.height(), mask.width(), mask.compressed()), 1, false, 1L)));
    }

    public static byte[] png(int height, int width) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB), "png", bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** Makes the Parquet files of a folder such as writers leave that do not say where pages are. */
    public static void removePageIndexes(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".parquet")).toList()) {
                byte[] bytes = Files.readAllBytes(file);
                int end = bytes.length - 8;
                int length = ByteBuffer.wrap(bytes, end, 4)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .getInt();
                FileMetaData footer = Util.readFileMetaData(new ByteArrayInputStream(bytes, end - length, length));
                footer.getRow_groups().stream()
                        .flatMap(group -> group.getColumns().stream())
                        .forEach(column -> {
                            column.unsetOffset_index_offset();
                            column.unsetOffset_index_length();
                            column.unsetColumn_index_offset();
                            column.unsetColumn_index_length();
                        });
                ByteArrayOutputStream written = new ByteArrayOutputStream();
                Util.writeFileMetaData(footer, written);
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                out.write(bytes, 0, end - length);
                out.write(written.toByteArray());
                out.write(ByteBuffer.allocate(4)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(written.size())
                        .array());
                out.write(bytes, bytes.length - 4, 4);
                Files.write(file, out.toByteArray());
            }
        }
    }
}
