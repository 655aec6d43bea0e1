package io.maskroute.datasets.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.datasets.ImportedRows;
import io.maskroute.datasets.TestSpark;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetWriterTest {
    private static final DatasetManifest MANIFEST =
            new DatasetManifest(DatasetManifest.FORMAT_VERSION, "test", null, null, null, null, null, null, null, null);

    @TempDir
    Path folder;

    @Test
    void cutsFilesBySizeAndKeepsTheOrder() throws IOException {
        List<PlannedImage> images = images(10, 60_000);

        assertThat(write(writer(200_000), images, true).files()).isEqualTo(4);

        assertThat(parquetFiles()).hasSize(4).allSatisfy(file -> assertThat(Files.size(file))
                .isLessThan(200_000));
        assertThat(ImportedRows.of(output()))
                .extracting(ImageRow::imageId)
                .containsExactly("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
        assertThat(DatasetManifest.read(output(), new Configuration()).name()).isEqualTo("test");
        assertThat(folder.resolve("out/_import")).doesNotExist();
    }

    @Test
    void aFileHoldsSoManyPicturesAndARowGroupAQuarterOfThem() throws IOException {
        List<PlannedImage> images = images(300, 100);

        assertThat(write(writer(DatasetWriter.FILE_BYTES), images, true).files())
                .isEqualTo(2);

        assertThat(rowGroups(parquetFiles().get(0))).containsExactly(64L, 64L, 64L, 64L);
        assertThat(rowGroups(parquetFiles().get(1))).containsExactly(44L);
    }

    @Test
    void aFileCanBeSplitBetweenTasks() throws IOException {
        // 48 MB of images: three row groups, though each row alone is far smaller than Parquet looks at by default.
        List<PlannedImage> images = images(16, 3 << 20);

        assertThat(write(writer(DatasetWriter.FILE_BYTES), images, true).files())
                .isEqualTo(1);

        assertThat(rowGroups(parquetFiles().get(0))).containsExactly(6L, 6L, 4L);
    }

    private static List<Long> rowGroups(Path file) throws IOException {
        try (ParquetFileReader parquet = ParquetFileReader.open(
                HadoopInputFile.fromPath(new org.apache.hadoop.fs.Path(file.toString()), new Configuration()))) {
            return parquet.getRowGroups().stream()
                    .map(BlockMetaData::getRowCount)
                    .toList();
        }
    }

    @Test
    void leavesNothingBehindWhenWhatIsReadFails() {
        JavaRDD<RowBatch> failing = JavaSparkContext.fromSparkContext(
                        TestSpark.session().sparkContext())
                .parallelize(List.of((rows, findings, hadoop) -> {
                    throw new IOException("2.jpg has gone");
                }));

        assertThatThrownBy(() -> writer(DatasetWriter.FILE_BYTES).write(failing, new Findings(), written -> MANIFEST))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageStartingWith("Writing " + output() + " failed and left nothing behind: ")
                .hasMessageContaining("2.jpg");

        assertThat(Path.of(output())).doesNotExist();
    }

    @Test
    void sortsOutImagesThatAreNotThere() throws IOException {
        List<PlannedImage> images = images(3, 1000);
        Files.delete(folder.resolve("1.jpg"));
        Files.createDirectory(folder.resolve("1.jpg"));

        DatasetWriter.Written written = write(writer(DatasetWriter.FILE_BYTES), images, true);

        assertThat(ImportedRows.of(output())).extracting(ImageRow::imageId).containsExactly("0", "2");
        // Of its two targets each is counted.
        assertThat(written.findings().skipped()).isEqualTo(Map.of("missing-image", 2L));
        assertThat(written.targets()).isEqualTo(4);
        // The bytes are random: whether such a picture can be used is decided when it is decoded.
        assertThat(written.findings().notes()).containsEntry("unreadable-image-header", 2L);
    }

    @Test
    void theSameInputGivesTheSameRowsInTheSameFiles() throws IOException {
        List<PlannedImage> images = images(6, 60_000);
        List<List<Row>> first = write(images, "first");
        List<List<Row>> second = write(images, "second");

        assertThat(first).isEqualTo(second);
    }

    private List<List<Row>> write(List<PlannedImage> images, String name) {
        String output = folder.resolve(name).toString();
        write(new DatasetWriter(TestSpark.session(), output, 1_000), images, false);
        List<List<Row>> rows = new ArrayList<>();
        for (Path file : ImportedRows.files(Path.of(output))) {
            rows.add(TestSpark.session().read().parquet(file.toString()).collectAsList());
        }
        return rows;
    }

    private static DatasetWriter.Written write(DatasetWriter writer, List<PlannedImage> images, boolean embed) {
        List<RowBatch> batches = PictureBatch.cut(images, ExifOrientation.STORED, embed);
        return writer.write(
                JavaSparkContext.fromSparkContext(TestSpark.session().sparkContext())
                        .parallelize(batches, batches.size()),
                new Findings(),
                written -> MANIFEST);
    }

    private DatasetWriter writer(long fileBytes) {
        return new DatasetWriter(TestSpark.session(), output(), fileBytes);
    }

    private String output() {
        return folder.resolve("out").toString();
    }

    private List<PlannedImage> images(int count, int bytes) throws IOException {
        Random random = new Random(7);
        List<PlannedImage> images = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] content = new byte[bytes];
            random.nextBytes(content);
            Path file = Files.write(folder.resolve(i + ".jpg"), content);
            images.add(new PlannedImage(
                    Integer.toString(i),
                    file.toUri().toString(),
                    new PromptMaker.Made(
                            new PromptMaker.Size(4, 5),
                            List.of(PromptRow.referring("p" + i, List.of("text"), null)),
                            2),
                    2,
                    null,
                    null,
                    null));
        }
        return images;
    }

    private List<Path> parquetFiles() {
        return ImportedRows.files(Path.of(output()));
    }
}
