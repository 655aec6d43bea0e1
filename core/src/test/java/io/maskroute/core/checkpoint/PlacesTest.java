package io.maskroute.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class PlacesTest {
    private static final int CHANNELS = 12;
    private static final int SIDE = 16;

    /** A rotation keeps products: those of two places in one row depend on their columns alone, as sines and cosines do. */
    @Test
    void aPlaceIsToldByItsRowAndItsColumn() {
        float[] places = Places.of(CHANNELS, SIDE, 3);
        assertThat(places).hasSize(CHANNELS * SIDE * SIDE);
        double strength = CHANNELS / 2.0 * 16;
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                assertThat(product(places, y, x, y, x)).isCloseTo(strength, within(1e-3));
                if (x > 0 && x <= SIDE / 2) {
                    // Up to half the picture, the farther two places are from each other, the less alike they are.
                    assertThat(product(places, y, 0, y, x)).isLessThan(product(places, y, 0, y, x - 1));
                    assertThat(product(places, 0, y, x, y)).isLessThan(product(places, 0, y, x - 1, y));
                }
                if (x > SIDE / 2) {
                    assertThat(product(places, y, 0, y, x)).isLessThan(0.9 * strength);
                }
                assertThat(product(places, y, 2, y, x)).isCloseTo(product(places, 5, 2, 5, x), within(1e-3));
            }
        }
    }

    @Test
    void everyChannelTellsOfBothAndTheSeedDecidesHow() {
        float[] places = Places.of(CHANNELS, SIDE, 3);
        for (int c = 0; c < CHANNELS; c++) {
            int start = c * SIDE * SIDE;
            assertThat(places[start]).isNotCloseTo(places[start + SIDE - 1], within(1e-3f));
            assertThat(places[start]).isNotCloseTo(places[start + (SIDE - 1) * SIDE], within(1e-3f));
        }
        assertThat(Places.of(CHANNELS, SIDE, 3)).isEqualTo(places);
        assertThat(Places.of(CHANNELS, SIDE, 4)).isNotEqualTo(places);
    }

    private static double product(float[] values, int y1, int x1, int y2, int x2) {
        double sum = 0;
        for (int c = 0; c < CHANNELS; c++) {
            sum += (double) values[(c * SIDE + y1) * SIDE + x1] * values[(c * SIDE + y2) * SIDE + x2];
        }
        return sum;
    }
}
