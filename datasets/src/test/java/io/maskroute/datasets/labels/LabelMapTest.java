package io.maskroute.datasets.labels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LabelMapTest {
    @TempDir
    private Path temp;

    @ParameterizedTest
    @CsvSource({"1, 13", "2, 7", "4, 9", "8, 31"})
    void palettesGiveTheirIndex(int bits, int width) throws IOException {
        int[] values = random(bits, 5 * width);
        Path file = temp.resolve("labels.png");
        LabelFiles.palette(file, bits, width, values);
        assertThat(LabelMap.ofLabels(file).values()).containsExactly(values);
        assertThat(LabelMap.ofLabels(file).height()).isEqualTo(5);
    }

    @Test
    void grayIsReadAsStored() throws IOException {
        int[] small = random(8, 40);
        LabelFiles.gray(temp.resolve("8.png"), 10, small);
        assertThat(LabelMap.ofLabels(temp.resolve("8.png")).values()).containsExactly(small);
        int[] large = random(16, 40);
        LabelFiles.gray16(temp.resolve("16.png"), 10, large);
        assertThat(LabelMap.ofLabels(temp.resolve("16.png")).values()).containsExactly(large);
        LabelFiles.tiff16(temp.resolve("16.tif"), 10, large);
        assertThat(LabelMap.ofLabels(temp.resolve("16.tif")).values()).containsExactly(large);
    }

    private static int[] random(int bits, int count) {
        return new Random(bits).ints(count, 0, 1 << bits).toArray();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void coloursAreIds(boolean interlaced) throws IOException {
        Path file = temp.resolve("ids.png");
        int[] ids = new Random(1).ints(19 * 11, 0, 1 << 24).toArray();
        BufferedImage image = new BufferedImage(19, 11, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < ids.length; i++) {
            int rgb = (ids[i] & 0xFF) << 16 | ids[i] & 0xFF00 | ids[i] >> 16;
            image.setRGB(i % 19, i / 19, rgb);
        }
        ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
        ImageWriteParam parameters = writer.getDefaultWriteParam();
        parameters.setProgressiveMode(interlaced ? ImageWriteParam.MODE_DEFAULT : ImageWriteParam.MODE_DISABLED);
        try (ImageOutputStream out = ImageIO.createImageOutputStream(file.toFile())) {
            writer.setOutput(out);
            writer.write(null, new IIOImage(image, null, null), parameters);
        }
        assertThat(Files.readAllBytes(file)[28]).isEqualTo((byte) (interlaced ? 1 : 0));
        assertThat(LabelMap.ofSegmentIds(file).values()).containsExactly(ids);
        assertThatThrownBy(() -> LabelMap.ofLabels(file))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("ids.png has 3 samples a pixel");
    }

    @Test
    void transparencyIsPassedOver() throws IOException {
        BufferedImage image = new BufferedImage(1, 1, BufferedImage.TYPE_INT_ARGB);
        image.setRGB(0, 0, 0x01020304);
        ImageIO.write(image, "png", temp.resolve("clear.png").toFile());
        assertThat(LabelMap.ofSegmentIds(temp.resolve("clear.png")).values()).containsExactly(0x040302);
    }

    /** Every byte changed, and every length: never anything but a message. */
    @Test
    void damagedFilesAreRefused() throws IOException {
        Path file = temp.resolve("labels.png");
        LabelFiles.gray(file, 3, 0, 1, 2, 3, 4, 5);
        byte[] bytes = Files.readAllBytes(file);
        int[] values = LabelMap.ofLabels(file).values();
        Path damaged = temp.resolve("damaged.png");
        for (int i = 0; i < bytes.length; i++) {
            byte[] changed = bytes.clone();
            changed[i] ^= 0x55;
            Files.write(damaged, changed);
            refusedOr(damaged, values);
            Files.write(damaged, Arrays.copyOf(bytes, i));
            refusedOr(damaged, values);
        }
    }

    /** What stands behind the pixels may be damaged. */
    private static void refusedOr(Path file, int[] values) {
        try {
            assertThat(LabelMap.ofLabels(file).values()).containsExactly(values);
        } catch (UnusableInputException e) {
            assertThat(e).hasMessageContaining("damaged.png");
        }
    }

    @Test
    void sizesBeyondAnyPictureAreRefusedBeforeMemoryIsTaken() throws IOException {
        Path file = temp.resolve("labels.png");
        LabelFiles.gray(file, 1, 0);
        byte[] changed = Files.readAllBytes(file);
        Arrays.fill(changed, 16, 24, (byte) 0x70);
        CRC32 crc = new CRC32();
        crc.update(changed, 12, 17);
        for (int i = 0; i < 4; i++) {
            changed[29 + i] = (byte) (crc.getValue() >> 24 - 8 * i);
        }
        Files.write(file, changed);
        assertThatThrownBy(() -> LabelMap.ofLabels(file)).hasMessageContaining("at most 100000000 pixels");
    }

    @Test
    void pairsAreCounted() {
        Random random = new Random(3);
        int[] a = random.ints(2000, 0, 40).map(i -> i * 400_000).toArray();
        int[] b = random.ints(2000, 0, 40).toArray();
        long[] counts = new long[1];
        Overlaps overlaps = Overlaps.of(new LabelMap(40, 50, a), new LabelMap(40, 50, b));
        overlaps.forEach((first, second, pixels) -> {
            long expected = 0;
            for (int i = 0; i < a.length; i++) {
                expected += a[i] == first && b[i] == second ? 1 : 0;
            }
            assertThat(pixels).isEqualTo(expected);
            counts[0] += pixels;
        });
        assertThat(counts[0]).isEqualTo(2000);
        assertThat(overlaps.size()).isGreaterThan(500);
    }
}
