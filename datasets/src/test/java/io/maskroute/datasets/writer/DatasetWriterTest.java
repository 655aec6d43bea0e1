package io.maskroute.datasets.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.datasets.TestSpark;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.PromptRow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
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
        DatasetWriter writer = writer(200_000);

        int files = writer.write(writer.check(images, ExifOrientation.STORED, new Findings()), MANIFEST);

        assertThat(files).isEqualTo(4);
        assertThat(parquetFiles()).hasSize(4);
        List<String> ids = new ArrayList<>();
        for (Path file : parquetFiles()) {
            TestSpark.session().read().parquet(file.toString()).select("image_id").collectAsList().stream()
                    .map(row -> row.getString(0))
                    .forEach(ids::add);
        }
        assertThat(ids).containsExactly("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
        assertThat(DatasetManifest.read(output(), new Configuration()).name()).isEqualTo("test");
    }

    @Test
    void aFileCanBeSplitBetweenTasks() throws IOException {
        // 48 MB of images: three row groups, though each row alone is far smaller than Parquet looks at by default.
        List<PlannedImage> images = images(16, 3 << 20);
        DatasetWriter writer = writer(DatasetWriter.FILE_BYTES);

        assertThat(writer.write(writer.check(images, ExifOrientation.STORED, new Findings()), MANIFEST))
                .isEqualTo(1);

        try (ParquetFileReader parquet = ParquetFileReader.open(HadoopInputFile.fromPath(
                new org.apache.hadoop.fs.Path(parquetFiles().get(0).toString()), new Configuration()))) {
            assertThat(parquet.getRowGroups().size()).isBetween(3, 4);
        }
    }

    @Test
    void leavesNothingBehindWhenAnImageVanishes() throws IOException {
        List<PlannedImage> images = images(3, 1000);
        DatasetWriter writer = writer(DatasetWriter.FILE_BYTES);
        DatasetWriter.Checked checked = writer.check(images, ExifOrientation.STORED, new Findings());
        Files.delete(folder.resolve("2.jpg"));

        assertThatThrownBy(() -> writer.write(checked, MANIFEST))
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
        Findings findings = new Findings();

        DatasetWriter.Checked checked =
                writer(DatasetWriter.FILE_BYTES).check(images, ExifOrientation.STORED, findings);

        assertThat(checked.images()).extracting(PlannedImage::imageId).containsExactly("0", "2");
        assertThat(checked.rejected())
                .singleElement()
                .satisfies(rejected -> assertThat(rejected.problem().reason()).isEqualTo("missing-image"));
        // The bytes are random: whether such a picture can be used is decided when it is decoded.
        assertThat(findings.notes()).containsEntry("unreadable-image-header", 2L);
    }

    @Test
    void theSameInputGivesTheSameRowsInTheSameFiles() throws IOException {
        List<PlannedImage> images = images(6, 60_000);
        List<List<Row>> first = write(images, "first");
        List<List<Row>> second = write(images, "second");

        assertThat(first).isEqualTo(second);
    }

    private List<List<Row>> write(List<PlannedImage> images, String name) throws IOException {
        String output = folder.resolve(name).toString();
        DatasetWriter writer = new DatasetWriter(TestSpark.session(), output, false, 1_000);
        writer.write(writer.check(images, ExifOrientation.STORED, new Findings()), MANIFEST);
        List<List<Row>> rows = new ArrayList<>();
        for (Path file : parquetFiles(Path.of(output))) {
            rows.add(TestSpark.session().read().parquet(file.toString()).collectAsList());
        }
        return rows;
    }

    private DatasetWriter writer(long fileBytes) {
        return new DatasetWriter(TestSpark.session(), output(), true, fileBytes);
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
                    4,
                    5,
                    List.of(PromptRow.referring("p" + i, List.of("text"), null)),
                    null,
                    null,
                    null));
        }
        return images;
    }

    private List<Path> parquetFiles() throws IOException {
        return parquetFiles(Path.of(output()));
    }

    private static List<Path> parquetFiles(Path dataset) throws IOException {
        try (Stream<Path> files = Files.list(dataset)) {
            return files.filter(file -> file.toString().endsWith(".parquet"))
                    .sorted()
                    .toList();
        }
    }
}
