package io.maskroute.datasets.imports;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.datasets.ImportCall;
import io.maskroute.datasets.ImportedRows;
import io.maskroute.datasets.TestData;
import io.maskroute.datasets.labels.LabelMap;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.TruthMask;
import io.maskroute.datasets.writer.ImportSummary;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import javax.imageio.ImageIO;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** DAVIS and ADE20K: truth that lies in pictures of labels. */
class LabelImportsTest {
    @TempDir
    Path folder;

    @Test
    void davisAsksInEveryFrameForWhatIsDrawnInTheFirst() {
        Path root = TestData.path("davis_mini/public/DAVIS");
        ImportSummary summary = new ImportCall(new DavisImport())
                .with("--root", root)
                .with("--output", output())
                .run();

        List<ImageRow> rows = ImportedRows.of(output());
        assertThat(rows).hasSize(14);
        assertThat(summary.targets()).isEqualTo(5);
        assertThat(summary.prompts()).isEqualTo(12);
        for (ImageRow row : rows) {
            String sequence = row.imageId().substring(0, row.imageId().indexOf('/'));
            if (row.imageId().endsWith("/00000")) {
                assertThat(row.prompts()).isEmpty();
                continue;
            }
            PromptRow prompt = row.prompts().get(0);
            assertThat(prompt.task()).isEqualTo("region");
            Map<Integer, Rle> first = labels(root, sequence + "/00000");
            Map<Integer, Rle> here = labels(root, row.imageId());
            assertThat(prompt.regions()).hasSameSizeAs(first.keySet()).allSatisfy(region -> {
                assertThat(region.kind()).isEqualTo("mask");
                assertThat(region.imageId()).isEqualTo(sequence + "/00000");
                assertThat(first.values()).contains(region.mask().decode());
            });
            assertThat(prompt.truth().masks()).hasSameSizeAs(here.keySet());
            for (TruthMask mask : prompt.truth().masks()) {
                assertThat(mask.mask().decode()).isEqualTo(here.get(mask.categoryId()));
                assertThat(prompt.regions().get(mask.region()).mask().decode()).isEqualTo(first.get(mask.categoryId()));
            }
        }
    }

    private static Map<Integer, Rle> labels(Path root, String frame) {
        LabelMap map = LabelMap.ofLabels(root.resolve("Annotations/480p/" + frame + ".png"));
        SortedMap<Integer, Rle> labels = Rle.byLabel(map.height(), map.width(), map.values());
        labels.remove(0);
        labels.remove(255);
        return labels;
    }

    @Test
    void adeHasAMaskForEachClassAndLeavesOthersVoid() throws IOException {
        Path root = folder.resolve("ADEChallengeData2016");
        picture(root.resolve("images/validation/ADE_val_00000001.jpg"), BufferedImage.TYPE_INT_RGB, 0);
        BufferedImage labels =
                picture(root.resolve("annotations/validation/ADE_val_00000001.png"), BufferedImage.TYPE_BYTE_GRAY, 3);
        picture(root.resolve("images/validation/ADE_val_00000002.jpg"), BufferedImage.TYPE_INT_RGB, 0);

        ImportSummary summary = new ImportCall(new Ade20kImport())
                .with("--root", root)
                .with("--split", "val")
                .with("--output", output())
                .run();

        PromptRow prompt = ImportedRows.prompts(output()).get(0);
        assertThat(prompt.task()).isEqualTo("semantic");
        assertThat(prompt.truth().masks()).extracting(TruthMask::categoryId).containsExactly(1, 2, 150);
        for (TruthMask mask : prompt.truth().masks()) {
            Rle decoded = mask.mask().decode();
            for (int y = 0; y < 11; y++) {
                for (int x = 0; x < 17; x++) {
                    assertThat(decoded.toMask().at(y, x))
                            .isEqualTo(labels.getRaster().getSample(x, y, 0) == mask.categoryId());
                }
            }
        }
        assertThat(summary.skipped()).isEqualTo(Map.of("missing-mask", 1L));
        assertThat(summary.notes()).containsEntry("unknown-class", 1L).containsEntry("own-class-names", 1L);
        List<DatasetManifest.Category> classes =
                DatasetManifest.read(output(), new Configuration()).classSets().get("ade20k-150");
        assertThat(classes).hasSize(150).startsWith(new DatasetManifest.Category(1, "wall", true));
        assertThat(classes.get(149)).isEqualTo(new DatasetManifest.Category(150, "flag", true));

        Files.writeString(
                root.resolve("objectInfo150.txt"),
                "Idx\tRatio\tTrain\tVal\tStuff\tName\n1\t0.1576\t11664\t1172\t1\twall\n13\t0.0160\t8478\t904\t0\tperson, someone\n");
        new ImportCall(new Ade20kImport())
                .with("--root", root)
                .with("--output", folder.resolve("named"))
                .run();
        assertThat(DatasetManifest.read(folder.resolve("named").toString(), new Configuration())
                        .classSets()
                        .get("ade20k-150"))
                .containsExactly(
                        new DatasetManifest.Category(1, "wall", false),
                        new DatasetManifest.Category(13, "person", true));
    }

    /** Of labels 0, 1, 2, 150 and 200. */
    private static BufferedImage picture(Path file, int type, int seed) throws IOException {
        int[] values = {0, 1, 2, 150, 200};
        Random random = new Random(seed);
        BufferedImage picture = new BufferedImage(17, 11, type);
        for (int y = 0; y < 11; y++) {
            for (int x = 0; x < 17; x++) {
                picture.getRaster().setSample(x, y, 0, values[random.nextInt(values.length)]);
            }
        }
        Files.createDirectories(file.getParent());
        String name = file.toString();
        ImageIO.write(picture, name.substring(name.length() - 3), file.toFile());
        return picture;
    }

    private String output() {
        return folder.resolve("out").toString();
    }
}
