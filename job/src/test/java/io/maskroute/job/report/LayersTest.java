package io.maskroute.job.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.core.mask.BinaryMask;
import io.maskroute.datasets.mask.Rle;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LayersTest {
    /** Against a count over the mask's own pixels. */
    @ParameterizedTest
    @CsvSource({"13, 9, 13, 9, 1", "40, 31, 7, 11, 2", "17, 64, 16, 20, 3", "100, 3, 40, 3, 4", "1, 1, 1, 1, 5"})
    void shrinksByHalfOfTheArea(int height, int width, int smallHeight, int smallWidth, long seed) {
        byte[] pixels = new byte[height * width];
        Random random = new Random(seed);
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i > 0 && random.nextInt(4) > 0 ? pixels[i - 1] : random.nextInt(2));
        }
        BinaryMask mask = new BinaryMask(height, width, pixels);
        boolean[] small = Layers.shrink(Rle.of(mask), new Size(smallWidth, smallHeight));
        boolean[] expected = new boolean[smallHeight * smallWidth];
        int[][] set = new int[smallHeight][smallWidth];
        int[][] all = new int[smallHeight][smallWidth];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                all[y * smallHeight / height][x * smallWidth / width]++;
                set[y * smallHeight / height][x * smallWidth / width] += mask.at(y, x) ? 1 : 0;
            }
        }
        for (int i = 0; i < expected.length; i++) {
            int y = i / smallWidth;
            int x = i % smallWidth;
            expected[i] = set[y][x] > 0 && 2 * set[y][x] >= all[y][x];
        }
        assertThat(small).isEqualTo(expected);
    }

    @Test
    void keepsAMaskTooThinForTheSmallSize() {
        boolean[] small = Layers.shrink(Reports.rectangle(4000, 4000, 2000, 1000, 2001, 1001), new Size(800, 800));
        assertThat(small[400 * 800 + 200]).isTrue();
        assertThat(small).containsOnlyOnce(true);
    }

    @Test
    void drawsALineAroundAPredictionAndFillsIt() throws IOException {
        BufferedImage layer =
                image(Layers.prediction(Reports.rectangle(500, 600, 100, 150, 300, 450), new Size(600, 500)));
        assertThat(layer.getWidth()).isEqualTo(600);
        assertThat(layer.getHeight()).isEqualTo(500);
        assertThat(layer.getRGB(149, 200) >>> 24).isZero();
        assertThat(layer.getRGB(150, 200)).isEqualTo(0xff56b4e9);
        assertThat(layer.getRGB(449, 299)).isEqualTo(0xff56b4e9);
        assertThat(layer.getRGB(450, 299) >>> 24).isZero();
        assertThat(layer.getRGB(300, 200) & 0xffffff).isEqualTo(0x56b4e9);
        assertThat(layer.getRGB(300, 200) >>> 24).isBetween(100, 160);
    }

    @Test
    void drawsSmallMasksLargerButInTheSamePlace() throws IOException {
        BufferedImage layer = image(Layers.prediction(Reports.rectangle(48, 64, 10, 20, 30, 40), new Size(64, 48)));
        assertThat(layer.getWidth()).isEqualTo(64 * 6);
        assertThat(layer.getHeight()).isEqualTo(48 * 6);
        assertThat(layer.getRGB(20 * 6 - 1, 120) >>> 24).isZero();
        assertThat(layer.getRGB(20 * 6, 120)).isEqualTo(0xff56b4e9);
        assertThat(layer.getRGB(40 * 6 - 1, 120)).isEqualTo(0xff56b4e9);
        assertThat(layer.getRGB(40 * 6, 120) >>> 24).isZero();
        assertThat(layer.getRGB(150, 30 * 6 - 1)).isEqualTo(0xff56b4e9);
        assertThat(layer.getRGB(150, 30 * 6) >>> 24).isZero();
    }

    @Test
    void tellsAgreedPredictedOnlyAndMissedApart() throws IOException {
        BufferedImage layer = image(Layers.difference(
                Reports.rectangle(50, 401, 0, 0, 50, 240),
                Reports.rectangle(50, 401, 0, 160, 50, 400),
                new Size(401, 50)));
        assertThat(layer.getRGB(80, 25) & 0xffffff).isEqualTo(0xd55e00);
        assertThat(layer.getRGB(200, 25) & 0xffffff).isEqualTo(0x009e73);
        assertThat(layer.getRGB(400, 25) >>> 24).isZero();
        boolean[] striped = new boolean[2];
        for (int x = 240; x < 400; x++) {
            int colour = layer.getRGB(x, 25) & 0xffffff;
            assertThat(colour).isIn(0xf0e442, 0x101418);
            striped[colour == 0xf0e442 ? 0 : 1] = true;
        }
        assertThat(striped).containsOnly(true);
    }

    @Test
    void drawsAnEmptyMaskAsNothing() throws IOException {
        BufferedImage layer = image(Layers.truth(new Rle(10, 12, new int[] {120}), new Size(12, 10)));
        assertThat(layer.getRGB(0, 0, layer.getWidth(), layer.getHeight(), null, 0, layer.getWidth()))
                .containsOnly(0);
    }

    private static BufferedImage image(String uri) throws IOException {
        String prefix = "data:image/png;base64,";
        assertThat(uri).startsWith(prefix);
        return ImageIO.read(new ByteArrayInputStream(Base64.getDecoder().decode(uri.substring(prefix.length()))));
    }
}
