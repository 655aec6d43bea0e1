package io.maskroute.core.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpreadScoresTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 4, 16, 100, 130})
    void theyFall(int queries) {
        float[] logits = SpreadScores.logits(queries);

        assertThat(logits).hasSize(queries);
        for (int q = 1; q < Math.min(queries, 100); q++) {
            assertThat(logits[q]).isLessThan(logits[q - 1]);
        }
    }

    @Test
    void theyGoThroughWhatWasMeasured() {
        float[] logits = SpreadScores.logits(130);

        assertThat(new float[] {logits[0], logits[1], logits[4], logits[6], logits[99], logits[129]})
                .containsExactly(4.3f, 3.0f, -1.7f, -3.0f, -6.9f, -6.9f);
    }

    /**
     * Every mask with a pixel has a quality of at least a half, and no bound exceeds the score's sigmoid. So once one of the
     * first three masks has a pixel, none behind the fourth is resized, whatever the masks are.
     */
    @Test
    void theFourthIsTheLastThatCanWin() {
        float[] logits = SpreadScores.logits(100);

        assertThat(sigmoid(logits[4])).isLessThan(sigmoid(logits[2]) / 2);
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }
}
