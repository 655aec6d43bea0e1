package io.maskroute.datasets.mask;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.core.mask.BinaryMask;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OutlinesTest {
    /** Rows of a picture; # is foreground. */
    private static Rle mask(String... rows) {
        byte[] pixels = new byte[rows.length * rows[0].length()];
        for (int y = 0; y < rows.length; y++) {
            for (int x = 0; x < rows[0].length(); x++) {
                pixels[x * rows.length + y] = (byte) (rows[y].charAt(x) == '#' ? 1 : 0);
            }
        }
        return Rle.of(new BinaryMask(rows.length, rows[0].length(), pixels));
    }

    private static Rle again(Rle mask, Outlines outlines) {
        return Polygons.rasterize(outlines.parts(), mask.height(), mask.width());
    }

    @Test
    void aRectangleHasFourCorners() {
        Outlines outlines = Outlines.of(mask("....", ".##.", ".##.", ".##."));

        assertThat(outlines.parts()).containsExactly(new double[] {3, 1, 3, 4, 1, 4, 1, 1});
        assertThat(outlines.holes()).isZero();
    }

    @Test
    void piecesAreOnesThatSharePixelsSides() {
        Rle mask = mask("#..#", ".#..", "..##");

        Outlines outlines = Outlines.of(mask);

        assertThat(outlines.parts()).hasSize(4);
        assertThat(again(mask, outlines)).isEqualTo(mask);
    }

    @Test
    void holesAreFilledAndCounted() {
        Rle ring = mask("#######", "#.....#", "#.###.#", "#.#.#.#", "#.###.#", "#.....#", "#######");

        Outlines outlines = Outlines.of(ring);

        assertThat(outlines.parts()).hasSize(2);
        assertThat(outlines.holes()).isEqualTo(2);
        assertThat(outlines.filled()).isEqualTo(17);
        assertThat(again(ring, outlines).area()).isEqualTo(49);
    }

    @Test
    void anEmptyMaskHasNone() {
        assertThat(Outlines.of(mask("..", "..")).parts()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void polygonsMakeTheSamePixelsButForHoles(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 50; round++) {
            int height = 1 + random.nextInt(14);
            int width = 1 + random.nextInt(14);
            byte[] pixels = new byte[height * width];
            double share = random.nextDouble();
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] = (byte) (random.nextDouble() < share ? 1 : 0);
            }
            Rle mask = Rle.of(new BinaryMask(height, width, pixels));
            Outlines outlines = Outlines.of(mask);
            if (mask.area() == 0) {
                continue;
            }

            Rle again = again(mask, outlines);

            assertThat(mask.minus(again).area()).isZero();
            assertThat(again.minus(mask).area()).isEqualTo(outlines.filled());
            assertThat(outlines.filled() > 0).isEqualTo(outlines.holes() > 0);
        }
    }
}
