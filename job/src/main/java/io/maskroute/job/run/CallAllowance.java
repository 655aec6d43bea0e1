package io.maskroute.job.run;

import java.time.Duration;

/**
 * How long a call of the model may take before it counts as hanging. Until one has been made, so long as was set for each of its
 * prompts. After that, so many times what the quickest call took for its share of work, pictures and prompts counted alike: the
 * quickest, so that a card that gets slower and slower does not earn itself more and more time. A machine whose cores are busy with
 * something else may be some fourteen times slower.
 */
final class CallAllowance {
    private static final double TIMES = 20;

    private final Duration least;
    private final Duration mostPerPrompt;
    private volatile double quickestNanos = Double.POSITIVE_INFINITY;

    /**
     * @param least that any call may take, whatever was learned
     * @param mostPerPrompt that a call may take for each of its prompts; where it is the shorter one, it counts
     */
    CallAllowance(Duration least, Duration mostPerPrompt) {
        this.least = least;
        this.mostPerPrompt = mostPerPrompt;
    }

    Duration of(int pictures, int prompts) {
        Duration most = mostPerPrompt.multipliedBy(prompts);
        double learned = TIMES * quickestNanos * (pictures + prompts);
        if (learned >= most.toNanos()) {
            return most;
        }
        Duration some = Duration.ofNanos((long) learned);
        Duration allowed = some.compareTo(least) > 0 ? some : least;
        return allowed.compareTo(most) < 0 ? allowed : most;
    }

    /** A call that went well. */
    void learn(int pictures, int prompts, long nanos) {
        quickestNanos = Math.min(quickestNanos, (double) nanos / (pictures + prompts));
    }
}
