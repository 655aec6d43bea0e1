package io.maskroute.job.run;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.segmenter.DeviceOutOfMemoryException;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.Segmenter;
import io.maskroute.core.task.ReferringTask;
import java.util.Arrays;
import java.util.List;

/**
 * The first calls of a TorchScript method are several times slower than the rest, while PyTorch looks at what it runs; made with
 * a grey picture here, they are in no row's latency. Other shapes need no warm-up of their own.
 */
final class WarmUp {
    private static final int SIDE = 64;
    private static final byte GREY = (byte) 128;

    private WarmUp() {}

    /**
     * @param allowance learns how long a call takes
     * @throws UnusableInputException when the model loads but does not run
     */
    static void run(Segmenter segmenter, int calls, CallAllowance allowance) {
        byte[] pixels = new byte[SIDE * SIDE * 3];
        Arrays.fill(pixels, GREY);
        try {
            PreparedImage image = segmenter.prepare(new RgbImage(SIDE, SIDE, pixels));
            PreparedPrompt prompt = segmenter.prepare(new ReferringTask(List.of("the grey square")), image);
            for (int i = 0; i < calls; i++) {
                long start = System.nanoTime();
                segmenter.segment(image, List.of(prompt));
                allowance.learn(1, 1, System.nanoTime() - start);
            }
        } catch (RowFailure | DeviceOutOfMemoryException e) {
            throw new UnusableInputException(
                    "the model loads on " + segmenter.info().device() + " but does not run: " + e.getMessage(), e);
        }
    }
}
