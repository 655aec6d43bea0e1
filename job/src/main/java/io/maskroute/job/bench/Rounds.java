package io.maskroute.job.bench;

import java.time.Duration;

/**
 * How many rounds are run.
 *
 * @param least however long they take
 * @param most however quick they are
 * @param limit from the beginning of the warm-up; no round beyond the least is begun that would probably end later
 */
public record Rounds(int least, int most, Duration limit) {
    /**
     * The published size takes 3.5 minutes a round in fp32 on two cores without bf16 units. Warming up, two rounds, and loading
     * end within a quarter of an hour there, and quicker machines get the five.
     */
    public static final Rounds TIMED = new Rounds(2, 5, Duration.ofMinutes(12));

    /** So many, whatever the time. */
    public static Rounds fixed(int rounds) {
        return new Rounds(rounds, rounds, Duration.ZERO);
    }

    /**
     * Whether to begin another one.
     *
     * @param done rounds, the warm-up not counted
     * @param elapsed since the warm-up began
     * @param last what the last one took
     */
    boolean another(int done, Duration elapsed, Duration last) {
        return done < least || done < most && elapsed.plus(last).compareTo(limit) <= 0;
    }
}
