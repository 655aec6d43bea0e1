package io.maskroute.datasets.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.datasets.ImportCall;
import io.maskroute.datasets.ImportedRows;
import io.maskroute.datasets.TestData;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.writer.ImportOptions;
import io.maskroute.datasets.writer.ImportSummary;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImagesImportTest {
    private static final Path PICTURE =
            TestData.path("refcoco_mini/public/images/mscoco/images/train2014/COCO_train2014_000000100004.jpg");

    @TempDir
    Path folder;

    private Path photos;

    @BeforeEach
    void someFolder() throws IOException {
        photos = Files.createDirectories(folder.resolve("photos"));
        for (String name : List.of("a.jpg", "B.JPG", "trip/c.jpg", "trip/a.jpg", ".hidden.jpg")) {
            Path file = photos.resolve(name);
            Files.createDirectories(file.getParent());
            Files.copy(PICTURE, file);
        }
        Files.writeString(photos.resolve("notes.txt"), "not a picture");
    }

    @Test
    void onePromptForAllPictures() throws IOException {
        ImportSummary summary = images().with("--prompt", "the red ball").run();

        List<ImageRow> rows = ImportedRows.of(output());
        assertThat(rows).extracting(ImageRow::imageId).containsExactly("B.JPG", "a.jpg", "trip/a.jpg", "trip/c.jpg");
        assertThat(rows).allSatisfy(row -> {
            assertThat(row.image()).isEqualTo(Files.readAllBytes(PICTURE));
            assertThat(row.prompts())
                    .containsExactly(PromptRow.referring(row.imageId() + "-0", List.of("the red ball"), null));
        });
        assertThat(summary.notes()).isEqualTo(Map.of("no-picture", 1L));
        DatasetManifest manifest = DatasetManifest.read(output(), new Configuration());
        assertThat(manifest.name()).isEqualTo("photos");
        // As viewers and label tools show photographs.
        assertThat(manifest.orientation()).isEqualTo(ExifOrientation.APPLY);
    }

    @Test
    void aListMayNamePicturesAsPeopleDo() throws IOException {
        list(
                "list.csv",
                "image,Text,prompt_id,remark\r\n"
                        + "./trip/c.jpg,\"the ball, \"\"red\"\" one\",mine,x\r\n"
                        + "b,no such name\r\n"
                        + "B,\"two\nlines\"\r\n"
                        + "c.jpg,again\r\n"
                        + "c,,\r\n"
                        + "a.jpg,one\r\n"
                        + "..\\a.jpg,out\r\n"
                        + "\r\n"
                        + "B.JPG,too,many,cells,here\r\n"
                        + "B.JPG,known,mine\r\n"
                        + "nowhere.jpg,x\r\n"
                        + photos.resolve("a.jpg") + ",absolute\r\n");

        ImportSummary summary =
                images().with("--prompt-file", folder.resolve("list.csv")).run();

        assertThat(ImportedRows.prompts(output()))
                .extracting(PromptRow::promptId, prompt -> prompt.texts().get(0))
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("B.JPG-0", "two\nlines"),
                        org.assertj.core.groups.Tuple.tuple("a.jpg-0", "one"),
                        org.assertj.core.groups.Tuple.tuple("a.jpg-1", "absolute"),
                        org.assertj.core.groups.Tuple.tuple("mine", "the ball, \"red\" one"),
                        org.assertj.core.groups.Tuple.tuple("trip/c.jpg-1", "again"));
        assertThat(summary.skipped())
                .isEqualTo(
                        Map.of("missing-image", 3L, "empty-sentence", 1L, "bad-line", 1L, "duplicate-prompt-id", 1L));
        assertThat(summary.notes()).isEqualTo(Map.of("no-picture", 1L, "not-in-the-list", 1L));
        assertThat(summary.lines())
                .contains(
                        "  line 9 of " + folder.resolve("list.csv") + ": there is no picture '..\\a.jpg' in " + photos);
    }

    @ParameterizedTest
    @CsvSource({"list.csv, UTF-8", "list.csv, windows-1252", "list.csv, UTF-16", "list.tsv, UTF-8", "list.jsonl, UTF-8"
    })
    void theSameListInAnyForm(String name, String charset) throws IOException {
        String text =
                switch (name) {
                    case "list.csv" -> "datei;frage\na;das café\nc;zwei\n";
                    case "list.tsv" -> "datei\tfrage\na.jpg\tdas café\nc\tzwei\n";
                    default -> "{\"datei\": \"a.jpg\", \"frage\": \"das café\"}\n\n[1]\n{\"datei\": 7}\n{\"datei\": \"c\", \"frage\": \"zwei\"}";
                };
        Files.delete(photos.resolve("trip/a.jpg"));
        Files.write(folder.resolve(name), text.getBytes(Charset.forName(charset)));

        images().with("--prompt-file", folder.resolve(name))
                .with("--image-column", "Datei")
                .with("--text-column", "frage")
                .run();

        assertThat(ImportedRows.prompts(output()))
                .extracting(prompt -> prompt.texts().get(0))
                .containsExactly("das café", "zwei");
    }

    @Test
    void ownClassesForAllPictures() throws IOException {
        list("classes.txt", "# mine\nball\n\ntree\n");

        images().with("--task", "panoptic")
                .with("--classes", folder.resolve("classes.txt"))
                .with("--limit", 2)
                .run();

        assertThat(ImportedRows.prompts(output())).hasSize(2).allSatisfy(prompt -> {
            assertThat(prompt.task()).isEqualTo("panoptic");
            assertThat(prompt.classSet()).isEqualTo("classes");
        });
        DatasetManifest manifest = DatasetManifest.read(output(), new Configuration());
        assertThat(manifest.classSets().get("classes"))
                .containsExactly(
                        new DatasetManifest.Category(1, "ball", true), new DatasetManifest.Category(2, "tree", true));
        assertThat(manifest.sources())
                .extracting(DatasetManifest.SourceFile::name)
                .containsExactly("classes.txt");
    }

    @Test
    void whatDoesNotGoTogetherIsSaid() throws IOException {
        assertThatThrownBy(() -> images().run())
                .isInstanceOf(ImportOptions.BadOptionException.class)
                .hasMessageContaining("nothing says what to look for");
        assertThatThrownBy(() -> images().with("--prompt", "x")
                        .with("--task", "semantic")
                        .run())
                .isInstanceOf(ImportOptions.BadOptionException.class);
        assertThatThrownBy(() -> images().with("--task", "semantic").run()).hasMessageContaining("--classes");
        list("list.csv", "file,caption\na.jpg,x\n");
        assertThatThrownBy(() -> images().with("--prompt-file", folder.resolve("list.csv"))
                        .run())
                .isInstanceOf(UnusableInputException.class)
                .hasMessageEndingWith(
                        "has no column 'image'; it has caption, file. Name the right one with --image-column");
        list("list.csv", "image,text\na.jpg,\"x\n");
        assertThatThrownBy(() -> images().with("--prompt-file", folder.resolve("list.csv"))
                        .run())
                .hasMessageContaining("double quote that opens in line 2");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    private void list(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text, StandardCharsets.UTF_8);
    }

    private ImportCall images() {
        return new ImportCall(new ImagesImport()).with("--images", photos).with("--output", output());
    }

    private String output() {
        return folder.resolve("out").toString();
    }
}
