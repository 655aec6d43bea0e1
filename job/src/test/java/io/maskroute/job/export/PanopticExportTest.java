package io.maskroute.job.export;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.datasets.mask.Rle;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PanopticExportTest {
    private static final int HEIGHT = 4;
    private static final int WIDTH = 6;

    @TempDir
    private Path folder;

    /** Some columns of the picture. */
    private static ExportedMask columns(int from, int to, int category) {
        byte[] pixels = new byte[HEIGHT * WIDTH];
        Arrays.fill(pixels, from * HEIGHT, to * HEIGHT, (byte) 1);
        return new ExportedMask(Rle.of(new BinaryMask(HEIGHT, WIDTH, pixels)), 0.5f, category, null);
    }

    @Test
    void theBetterMaskHasThePixelAndWhatIsLeftWithNoneIsNoSegment() throws IOException {
        ExportFormat.Writer writer = new PanopticExport().writer(null, null);
        TreeMap<Integer, Catalogue.Entry> entries = new TreeMap<>();
        entries.put(3, new Catalogue.Entry("dog", true));
        entries.put(9, new Catalogue.Entry("sky", false));
        Catalogue classes = new Catalogue(entries, new TreeMap<>(), null);
        ExportOutput output = new ExportOutput(folder.toString(), 0, writer.files(classes), new Configuration());
        ExportedPrompt prompt = new ExportedPrompt(
                "p", "panoptic", List.of(), null, List.of(columns(1, 3, 3), columns(2, 3, 3), columns(2, 5, 9)));

        writer.write(
                new ExportedPicture(
                        "a/1", "a/1.jpg", new ExportedPicture.Size(HEIGHT, WIDTH), null, "a/1.jpg", List.of(prompt)),
                new ExportFormat.Numbers(17, 1),
                classes,
                output);

        assertThat(output.takeFiles(prompt)).containsExactly("panoptic/a/1.png");
        ExportOutput.Written written = output.finish(0);
        assertThat(written.counts()).containsEntry("segments without a pixel, left out", 1L);
        JsonNode annotation = new ObjectMapper()
                .readTree(Path.of(written.parts().get("annotations")).toFile());
        assertThat(annotation.path("image_id").intValue()).isEqualTo(17);
        assertThat(annotation.path("file_name").textValue()).isEqualTo("a/1.png");
        assertThat(annotation.path("segments_info"))
                .extracting(each -> each.path("category_id").intValue() + ":"
                        + each.path("area").intValue() + each.path("bbox"))
                .containsExactly("3:8[1.0,0.0,2.0,4.0]", "9:8[3.0,0.0,2.0,4.0]");
        BufferedImage ids = ImageIO.read(folder.resolve("panoptic/a/1.png").toFile());
        int[] row = new int[WIDTH];
        for (int x = 0; x < WIDTH; x++) {
            row[x] = ids.getRGB(x, 2) & 0xffffff;
        }
        assertThat(row).containsExactly(0, 0x010000, 0x010000, 0x020000, 0x020000, 0);
    }
}
