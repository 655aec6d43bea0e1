package io.maskroute.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.mask.BinaryMask;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TargetGridTest {
    private static PreparedImage image(int size, int contentHeight, int contentWidth, int height, int width) {
        return new PreparedImage(new byte[3 * size * size], size, contentHeight, contentWidth, height, width);
    }

    private static BinaryMask random(int height, int width, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] pixels = new byte[height * width];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) random.nextInt(2);
        }
        return new BinaryMask(height, width, pixels);
    }

    @ParameterizedTest
    @CsvSource({"64, 64, 64, 64, 64, 16", "64, 48, 64, 37, 50, 16", "32, 32, 20, 200, 123, 8", "96, 96, 96, 5, 5, 24"})
    void eachCellHoldsTheShareOfItsAreaThatTheMaskCovers(
            int size, int contentHeight, int contentWidth, int height, int width, int cells) {
        BinaryMask mask = random(height, width, 5);
        float[] grid = new TargetGrid(cells).of(mask, image(size, contentHeight, contentWidth, height, width));
        // Many samples of each cell, looked up one by one.
        int samples = 200;
        for (int y = 0; y < cells; y += 3) {
            for (int x = 0; x < cells; x += 3) {
                int hits = 0;
                for (int i = 0; i < samples; i++) {
                    for (int j = 0; j < samples; j++) {
                        double row = (y + (i + 0.5) / samples) * size / cells * height / contentHeight;
                        double column = (x + (j + 0.5) / samples) * size / cells * width / contentWidth;
                        if (row < height && column < width && mask.at((int) row, (int) column)) {
                            hits++;
                        }
                    }
                }
                assertThat((double) grid[y * cells + x]).isCloseTo(hits / (double) (samples * samples), within(0.03));
            }
        }
    }

    @Test
    void besideThePictureNothingIsCovered() {
        byte[] all = new byte[30 * 60];
        java.util.Arrays.fill(all, (byte) 1);
        float[] grid = new TargetGrid(8).of(new BinaryMask(30, 60, all), image(64, 32, 64, 30, 60));
        for (int y = 0; y < 8; y++) {
            for (int x = 0; x < 8; x++) {
                assertThat(grid[y * 8 + x]).isEqualTo(y < 4 ? 1f : 0f);
            }
        }
    }

    @Test
    void masksOfAnotherPictureAreRefused() {
        assertThatThrownBy(() -> new TargetGrid(8).of(random(10, 10, 1), image(64, 64, 64, 10, 11)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("10x10")
                .hasMessageContaining("10x11");
    }
}
