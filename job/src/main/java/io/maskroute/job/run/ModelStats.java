package io.maskroute.job.run;

import java.io.Serializable;

/**
 * What the model of an executor has done since it was ready. Pictures and prompts are counted when the model is done with
 * them.
 *
 * @param device as the model names it
 * @param images pictures, counted again for each part of a picture with many prompts
 * @param calls of the model, each for one or several pictures
 * @param prompts answered, failed ones included
 * @param failedPrompts of these, what the model failed
 * @param outOfMemory how often the device's memory did not suffice and a smaller batch was tried
 * @param promptsPerCall prompts of a picture that go together now; less than configured after the memory ran out
 * @param imagesPerCall pictures that go together now, likewise
 * @param busyNanos time in the model, with the call in hand
 * @param waitNanos time that pictures waited in the queue, summed over pictures
 * @param readyNanos time since the model was ready
 * @param openNanos what loading and warming up took
 * @param queuedImages pictures that wait now
 * @param queuedBytes what they hold
 */
public record ModelStats(
        String device,
        long images,
        long calls,
        long prompts,
        long failedPrompts,
        long outOfMemory,
        int promptsPerCall,
        int imagesPerCall,
        long busyNanos,
        long waitNanos,
        long readyNanos,
        long openNanos,
        int queuedImages,
        long queuedBytes)
        implements Serializable {

    /** Share of its time, 0 to 1, that the model was at work. */
    public double busyShare() {
        return readyNanos <= 0 ? 0 : Math.min(1, (double) busyNanos / readyNanos);
    }
}
