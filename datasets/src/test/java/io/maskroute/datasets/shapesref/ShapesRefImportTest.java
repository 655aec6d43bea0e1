package io.maskroute.datasets.shapesref;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.ImportCall;
import io.maskroute.datasets.TestSpark;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.ImageRowReader;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Protocol;
import io.maskroute.datasets.schema.TruthMask;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShapesRefImportTest {
    @TempDir
    private Path folder;

    @Test
    void theDatasetHoldsThePicturesTheMasksAndThePrompts() throws Exception {
        ShapesRef shapes = new ShapesRef(5, "test", Level.HARD, 160, 120, 6);
        String output = folder.resolve("made").toString();
        List<String> lines = call(shapes, 9, output).run().lines();

        List<ImageRow> rows = read(output);
        assertThat(lines).last().asString().contains("1 Parquet file)");
        assertThat(rows).hasSize(9);
        for (int i = 0; i < 9; i++) {
            ImageRow row = rows.get(i);
            ShapesScene scene = shapes.scene(i);
            assertThat(row.imageId()).isEqualTo("shapes-test-" + i);
            assertThat(row.split()).isEqualTo("test");
            assertThat(row.source()).contains("seed 5").contains("hard").endsWith("picture " + i);
            assertThat(rgb(row.image())).isEqualTo(scene.rgb());
            assertThat(row.prompts()).hasSize(6);
            for (int p = 0; p < 6; p++) {
                samePrompt(row.prompts().get(p), scene, scene.prompts().get(p), "shapes-test-" + i + "-" + p);
            }
        }
        DatasetManifest manifest = DatasetManifest.read(output, new Configuration());
        assertThat(manifest.protocol()).isEqualTo(Protocol.PER_EXPRESSION);
        assertThat(manifest.counts().images()).isEqualTo(9);
        assertThat(manifest.counts().prompts()).isEqualTo(54);
        assertThat(manifest.classSets().get("categories"))
                .hasSize(Shape.values().length)
                .contains(new DatasetManifest.Category(1, "circle", true));
    }

    private static void samePrompt(PromptRow row, ShapesScene scene, ShapesPrompt prompt, String id) throws Exception {
        row.requireUsable();
        assertThat(row.promptId()).isEqualTo(id + "-" + prompt.kind().label());
        assertThat(row.texts()).containsExactly(prompt.text());
        assertThat(row.truth().noTarget()).isEqualTo(prompt.targets().isEmpty());
        assertThat(row.truth().masks()).hasSameSizeAs(prompt.targets());
        for (int t = 0; t < prompt.targets().size(); t++) {
            int object = prompt.targets().get(t);
            TruthMask mask = row.truth().masks().get(t);
            assertThat(mask.annotationId()).isEqualTo(object);
            assertThat(mask.categoryId())
                    .isEqualTo(scene.objects().get(object).shape().ordinal() + 1);
            assertThat(mask.mask().decode()).isEqualTo(Rle.of(scene.mask(object)));
        }
    }

    @Test
    void theSameOptionsGiveTheSameRows() {
        ShapesRef shapes = new ShapesRef(2, "val", Level.STANDARD, 128, 128, 8);
        List<Row> once = rows(run(shapes, 9, "once"));
        List<Row> again = rows(run(shapes, 9, "again"));

        assertThat(once.equals(again)).isTrue();
        assertThat(once).hasSize(9);
    }

    @Test
    void anOutputThatIsThereIsNotTouched() {
        ShapesRef shapes = new ShapesRef(2, "val", Level.EASY, 128, 128, 2);
        String output = run(shapes, 1, "there");

        assertThatThrownBy(() -> run(shapes, 2, "there"))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(output);
        assertThat(rows(output)).hasSize(1);
    }

    private String run(ShapesRef shapes, long pictures, String name) {
        String output = folder.resolve(name).toString();
        call(shapes, pictures, output).run();
        return output;
    }

    private static ImportCall call(ShapesRef shapes, long pictures, String output) {
        return new ImportCall(new ShapesRefImport())
                .with("--split", shapes.split())
                .with("--level", shapes.level().label())
                .with("--seed", shapes.seed())
                .with("--size", shapes.width() + "x" + shapes.height())
                .with("--prompts", shapes.prompts())
                .with("--pictures", pictures)
                .with("--name", "shapes")
                .with("--output", output);
    }

    private static List<Row> rows(String dataset) {
        return TestSpark.session().read().parquet(dataset).collectAsList();
    }

    private static List<ImageRow> read(String dataset) throws Exception {
        Dataset<Row> stored = TestSpark.session().read().parquet(dataset);
        ImageRowReader reader = ImageRowReader.of(stored.schema(), dataset);
        List<ImageRow> rows = new ArrayList<>();
        for (Row row : stored.collectAsList()) {
            rows.add(reader.read(row));
        }
        return rows;
    }

    /** Red, green, blue of each pixel of an encoded picture. */
    static byte[] rgb(byte[] encoded) throws IOException {
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(encoded));
        byte[] rgb = new byte[3 * image.getWidth() * image.getHeight()];
        for (int i = 0; i < rgb.length; i += 3) {
            int pixel = image.getRGB(i / 3 % image.getWidth(), i / 3 / image.getWidth());
            rgb[i] = (byte) (pixel >> 16);
            rgb[i + 1] = (byte) (pixel >> 8);
            rgb[i + 2] = (byte) pixel;
        }
        return rgb;
    }
}
