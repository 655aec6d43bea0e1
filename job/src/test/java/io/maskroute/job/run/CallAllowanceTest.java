package io.maskroute.job.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class CallAllowanceTest {
    private static final Duration LEAST = Duration.ofSeconds(120);
    private static final Duration PER_PROMPT = Duration.ofMinutes(10);

    private final CallAllowance allowance = new CallAllowance(LEAST, PER_PROMPT);

    @Test
    void untilACallWasTimedEachPromptHasItsTime() {
        assertThat(allowance.of(8, 56)).isEqualTo(Duration.ofMinutes(560));
    }

    @Test
    void afterThatACallHasTwentyTimesWhatItShouldTake() {
        allowance.learn(1, 1, Duration.ofSeconds(20).toNanos());

        assertThat(allowance.of(1, 1)).isEqualTo(Duration.ofSeconds(400));
        assertThat(allowance.of(1, 7)).isEqualTo(Duration.ofSeconds(1600));
    }

    @Test
    void aQuickModelHasTheLeastTime() {
        allowance.learn(8, 56, Duration.ofSeconds(1).toNanos());

        assertThat(allowance.of(8, 56)).isEqualTo(LEAST);
        assertThat(allowance.of(1, 1)).isEqualTo(LEAST);
    }

    @Test
    void aCardThatGetsSlowerDoesNotEarnMoreTime() {
        allowance.learn(1, 9, Duration.ofSeconds(10).toNanos());
        Duration before = allowance.of(1, 9);
        for (int i = 1; i < 100; i++) {
            allowance.learn(1, 9, Duration.ofSeconds(10L * i).toNanos());
        }

        assertThat(allowance.of(1, 9)).isEqualTo(before);
    }

    @Test
    void nothingIsLongerThanWhatWasSetForEachPrompt() {
        CallAllowance strict = new CallAllowance(LEAST, Duration.ofSeconds(1));
        assertThat(strict.of(1, 3)).isEqualTo(Duration.ofSeconds(3));
        strict.learn(1, 1, Duration.ofSeconds(20).toNanos());
        assertThat(strict.of(1, 3)).isEqualTo(Duration.ofSeconds(3));
    }
}
