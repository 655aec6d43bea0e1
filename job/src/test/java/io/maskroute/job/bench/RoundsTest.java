package io.maskroute.job.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RoundsTest {
    /** Seconds a round, the warm-up among them, and how many are run. */
    @ParameterizedTest
    @CsvSource({"0.1, 5", "119, 5", "120, 5", "121, 4", "144, 4", "145, 3", "180, 3", "181, 2", "210, 2", "5000, 2"})
    void asManyAsFitBetweenTwoAndFive(double seconds, int rounds) {
        assertThat(count(Rounds.TIMED, seconds)).isEqualTo(rounds);
    }

    @ParameterizedTest
    @CsvSource({"0.1, 1", "5000, 1", "5000, 9"})
    void aFixedNumberAsksForNoTime(double seconds, int rounds) {
        assertThat(count(Rounds.fixed(rounds), seconds)).isEqualTo(rounds);
    }

    private static int count(Rounds rounds, double seconds) {
        Duration each = Duration.ofMillis(Math.round(seconds * 1000));
        int done = 0;
        while (rounds.another(done, each.multipliedBy(done + 1L), each)) {
            done++;
        }
        return done;
    }
}
