package io.maskroute.job.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.DatasetManifest.Category;
import io.maskroute.datasets.score.SemanticReport;
import io.maskroute.datasets.score.SemanticScoring;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Label maps of semantic prompts are what evaluations take for predictions. */
class LabelMapExportTest {
    private static final int HEIGHT = 4;
    private static final int WIDTH = 6;

    @TempDir
    private Path home;

    /** The classes 1, 2, … as ADE20K numbers them. */
    private static List<Category> numbered(int classes) {
        return IntStream.rangeClosed(1, classes)
                .mapToObj(id -> new Category(id, "class " + id, false))
                .toList();
    }

    private static Catalogue catalogue(Map<String, List<Category>> sets) {
        DatasetManifest manifest = new DatasetManifest(
                DatasetManifest.FORMAT_VERSION, "d", null, null, null, null, sets, null, null, List.of());
        return Catalogue.of(manifest, Set.copyOf(sets.keySet()), false);
    }

    private static ExportedMask columns(int from, int to, int category) {
        byte[] pixels = new byte[HEIGHT * WIDTH];
        Arrays.fill(pixels, from * HEIGHT, to * HEIGHT, (byte) 1);
        return new ExportedMask(Rle.of(new BinaryMask(HEIGHT, WIDTH, pixels)), 1, category, null);
    }

    private Path export(String task, Catalogue classes, ExportedMask... masks) throws IOException {
        ExportedPrompt prompt = new ExportedPrompt("p", task, List.of(), null, List.of(masks));
        ExportedPicture picture =
                new ExportedPicture("a", "a.jpg", new ExportedPicture.Size(HEIGHT, WIDTH), null, null, List.of(prompt));
        Path folder = Files.createDirectories(home.resolve(task));
        ExportOutput output = new ExportOutput(folder.toString(), 0, List.of(), new Configuration());
        new PngExport().writer("labels", null).write(picture, new ExportFormat.Numbers(1, 1), classes, output);
        return folder;
    }

    @Test
    void ofAllClassesTheLastOneTooCanBeScored() throws IOException {
        Path predictions = export(
                "semantic",
                catalogue(Map.of("ade", numbered(150))),
                columns(0, 2, 1),
                columns(2, 3, 7),
                columns(3, 6, 150));
        Path truths = Files.createDirectory(home.resolve("truth"));
        BufferedImage truth = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_BYTE_GRAY);
        int[] values = {1, 1, 7, 7, 150, 0};
        for (int x = 0; x < WIDTH; x++) {
            for (int y = 0; y < HEIGHT; y++) {
                truth.getRaster().setSample(x, y, 0, values[x]);
            }
        }
        ImageIO.write(truth, "png", truths.resolve("a.png").toFile());

        SemanticReport report = SemanticScoring.score(truths, predictions, new SemanticScoring.Labels(150, 255, true));

        // Classes 1, 7 and 150: all of it, half of it, and one column of two.
        assertThat(report.mmsegmentation().meanIou()).isCloseTo((1 + 0.5 + 0.5) / 3, within(1e-12));
    }

    @Test
    void otherTasksKeepTheIdsOfClasses() throws IOException {
        Path folder = export("panoptic", catalogue(Map.of("coco", numbered(20))), columns(1, 3, 17));

        BufferedImage labels = ImageIO.read(folder.resolve("a.png").toFile());
        assertThat(labels.getRaster().getSample(1, 0, 0)).isEqualTo(17);
        assertThat(labels.getRaster().getSample(4, 0, 0)).isZero();
    }

    @Test
    void aClassAtTwoPlacesIsRefused() {
        List<Category> few = numbered(3);
        Catalogue classes = catalogue(Map.of("few", few, "fewer", few.subList(1, 3), "none", few.subList(1, 2)));

        assertThatThrownBy(() -> export("semantic", classes, columns(0, 2, 2)))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("the class 2");
    }
}
