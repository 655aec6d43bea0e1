package io.maskroute.job.run;

import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.segmenter.PreparedPrompt;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A picture with prompts that one call is to answer, and where the answer goes.
 *
 * @param picture as {@link Suspects#hash} names it
 * @param alone whether it must not share a call with other pictures
 * @param observer hears that the model was lost over it
 */
record ModelRequest(
        String picture,
        PreparedImage image,
        List<PreparedPrompt> prompts,
        boolean alone,
        LossObserver observer,
        long submittedNanos,
        CompletableFuture<Answer> answer) {
    /** What a request holds beside its pixels, roughly. */
    private static final long OWN_BYTES = 512;

    /** Hears that the model was lost over a call, before anyone who waits does. */
    interface LossObserver {
        /** @param kind {@link Suspects.Loss#TIMEOUT} or {@link Suspects.Loss#DEVICE} */
        void lost(Suspects.Loss kind);
    }

    /**
     * @param results one per prompt, in order
     * @param device that gave it, for the rows
     * @param queueMillis from handing over to the start of the work
     */
    record Answer(List<PromptResult> results, String device, double queueMillis) {}

    /** Whether both may share a call. */
    boolean fits(ModelRequest first, int room) {
        return !alone && prompts.size() <= room && image.size() == first.image().size();
    }

    long bytes() {
        long numbers = 0;
        for (PreparedPrompt prompt : prompts) {
            numbers += prompt.prefix().length + prompt.text().length;
            for (float[] points : prompt.regions()) {
                numbers += points.length;
            }
        }
        return OWN_BYTES + image.pixels().length + image.stretched().length + Integer.BYTES * numbers;
    }
}
