package io.maskroute.job.run;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.segmenter.DeviceLostException;
import io.maskroute.core.segmenter.DeviceOutOfMemoryException;
import io.maskroute.core.segmenter.PicturePrompts;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.Segmentation;
import io.maskroute.core.segmenter.Segmenter;
import java.util.ArrayList;
import java.util.List;

/**
 * Gets an answer for every prompt: several pictures with all their prompts together where that works, fewer where the device's
 * memory does not suffice, one by one where one of them fails. Belongs to the model's thread, but for the counters.
 */
final class ModelCalls {
    private final Segmenter segmenter;
    private final Watch watch;
    private final Together promptsPerCall;
    private final Together imagesPerCall;
    private volatile long outOfMemory;

    /** How many go together: fewer when the memory ran out, and after a while more again, for others may have had it. */
    private static final class Together {
        private static final int FIRST_WAIT = 64;
        private static final int LONGEST_WAIT = 1 << 16;

        private final int most;
        private volatile int now;
        private int wait = FIRST_WAIT;
        private int went;
        private boolean hasShrunk;

        Together(int most) {
            this.most = most;
            this.now = most;
        }

        void shrink(int fewer) {
            if (hasShrunk) {
                // More was tried again, and did not last.
                wait = Math.min(LONGEST_WAIT, 2 * wait);
            }
            hasShrunk = true;
            now = fewer;
            went = 0;
        }

        void went() {
            if (now < most && ++went >= wait) {
                now = Math.min(most, 2 * now);
                went = 0;
            }
        }
    }

    /** Looks on while the model is at work, each time that it is. */
    interface Watch {
        <T> T during(int pictures, int prompts, Call<T> call) throws RowFailure;
    }

    /** Of the model. */
    interface Call<T> {
        T make() throws RowFailure;
    }

    ModelCalls(Segmenter segmenter, Watch watch, int promptsPerCall, int imagesPerCall) {
        this.segmenter = segmenter;
        this.watch = watch;
        this.promptsPerCall = new Together(promptsPerCall);
        this.imagesPerCall = new Together(imagesPerCall);
    }

    /** Prompts that go together; fewer for some time when the memory ran out and less was enough. */
    int promptsPerCall() {
        return promptsPerCall.now;
    }

    /** Pictures that go together; fewer as with {@link #promptsPerCall}. */
    int imagesPerCall() {
        return imagesPerCall.now;
    }

    long outOfMemory() {
        return outOfMemory;
    }

    /**
     * @return per picture one result per prompt, in order
     * @throws DeviceLostException when this process can do nothing more on the device
     * @throws Error when the JVM is in trouble
     */
    List<List<PromptResult>> segment(List<PicturePrompts> pictures) {
        List<List<PromptResult>> results = new ArrayList<>(pictures.size());
        int size = pictures.size();
        boolean outgrown = false;
        while (results.size() < pictures.size()) {
            List<PicturePrompts> batch =
                    pictures.subList(results.size(), Math.min(results.size() + size, pictures.size()));
            if (batch.size() == 1) {
                results.add(segment(batch.get(0).image(), batch.get(0).prompts()));
                continue;
            }
            try {
                results.addAll(answered(batch));
                if (outgrown) {
                    imagesPerCall.shrink(size);
                    outgrown = false;
                } else {
                    imagesPerCall.went();
                }
            } catch (DeviceOutOfMemoryException e) {
                outOfMemory++;
                outgrown = true;
                size = (batch.size() + 1) / 2;
                if (size == 1) {
                    imagesPerCall.shrink(1);
                }
            }
        }
        return results;
    }

    /** All pictures together; when that fails, one by one, so that a bad picture fails alone. */
    private List<List<PromptResult>> answered(List<PicturePrompts> pictures) {
        List<List<PromptResult>> results = new ArrayList<>(pictures.size());
        try {
            int prompts = pictures.stream().mapToInt(p -> p.prompts().size()).sum();
            List<List<Segmentation>> found = watch.during(pictures.size(), prompts, () -> segmenter.segment(pictures));
            for (int i = 0; i < pictures.size(); i++) {
                results.add(all(found.get(i), pictures.get(i).prompts().size()));
            }
            return results;
        } catch (DeviceOutOfMemoryException | DeviceLostException e) {
            throw e;
        } catch (Throwable t) {
            Failures.requireOfARow(t);
            results.clear();
            for (PicturePrompts picture : pictures) {
                results.add(segment(picture.image(), picture.prompts()));
            }
            return results;
        }
    }

    private static List<PromptResult> all(List<Segmentation> found, int prompts) {
        if (found.size() != prompts) {
            throw new IllegalStateException(prompts + " prompts gave " + found.size() + " results");
        }
        return found.stream().map(PromptResult::of).toList();
    }

    /**
     * @return one result per prompt, in order
     * @throws DeviceLostException when this process can do nothing more on the device
     * @throws Error when the JVM is in trouble
     */
    List<PromptResult> segment(PreparedImage image, List<PreparedPrompt> prompts) {
        List<PromptResult> results = new ArrayList<>(prompts.size());
        int size = Math.min(promptsPerCall.now, prompts.size());
        Stage shortAt = null;
        while (results.size() < prompts.size()) {
            List<PreparedPrompt> batch =
                    prompts.subList(results.size(), Math.min(results.size() + size, prompts.size()));
            try {
                results.addAll(answered(image, batch));
                if (shortAt != null && growsWithPrompts(shortAt)) {
                    promptsPerCall.shrink(size);
                    shortAt = null;
                } else if (shortAt == null) {
                    promptsPerCall.went();
                }
            } catch (DeviceOutOfMemoryException e) {
                outOfMemory++;
                if (batch.size() == 1) {
                    results.add(PromptResult.of(new RowFailure(e.stage(), "device-out-of-memory", e.getMessage(), e)));
                } else {
                    size = (batch.size() + 1) / 2;
                    shortAt = e.stage();
                }
            }
        }
        return results;
    }

    /** A picture too large for the device says nothing about the next one's prompts. */
    private static boolean growsWithPrompts(Stage stage) {
        return stage == Stage.PROMPT || stage == Stage.DECODER;
    }

    /** All prompts together; when that fails, one by one, so that a bad prompt fails alone. */
    private List<PromptResult> answered(PreparedImage image, List<PreparedPrompt> prompts) {
        try {
            return all(watch.during(1, prompts.size(), () -> segmenter.segment(image, prompts)), prompts.size());
        } catch (DeviceOutOfMemoryException | DeviceLostException e) {
            throw e;
        } catch (Throwable t) {
            RowFailure failure = Failures.of(Stage.PROMPT, t);
            boolean ofTheImage = t instanceof RowFailure && failure.stage().compareTo(Stage.PREFIX) <= 0;
            if (ofTheImage || prompts.size() == 1) {
                return prompts.stream().map(prompt -> PromptResult.of(failure)).toList();
            }
            List<PromptResult> results = new ArrayList<>(prompts.size());
            for (PreparedPrompt prompt : prompts) {
                results.addAll(segment(image, List.of(prompt)));
            }
            return results;
        }
    }
}
