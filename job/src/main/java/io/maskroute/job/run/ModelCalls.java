package io.maskroute.job.run;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.segmenter.DeviceLostException;
import io.maskroute.core.segmenter.DeviceOutOfMemoryException;
import io.maskroute.core.segmenter.PicturePrompts;
import io.maskroute.core.segmenter.PreparedImage;
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
    private volatile int promptsPerCall;
    private volatile int imagesPerCall;
    private volatile long outOfMemory;

    ModelCalls(Segmenter segmenter, int promptsPerCall, int imagesPerCall) {
        this.segmenter = segmenter;
        this.promptsPerCall = promptsPerCall;
        this.imagesPerCall = imagesPerCall;
    }

    /** Prompts that go together; shrinks for good when the memory ran out and less was enough. */
    int promptsPerCall() {
        return promptsPerCall;
    }

    /** Pictures that go together; shrinks as {@link #promptsPerCall} does. */
    int imagesPerCall() {
        return imagesPerCall;
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
                    imagesPerCall = size;
                }
            } catch (DeviceOutOfMemoryException e) {
                outOfMemory++;
                outgrown = true;
                size = (batch.size() + 1) / 2;
                if (size == 1) {
                    imagesPerCall = 1;
                }
            }
        }
        return results;
    }

    /** All pictures together; when that fails, one by one, so that a bad picture fails alone. */
    private List<List<PromptResult>> answered(List<PicturePrompts> pictures) {
        List<List<PromptResult>> results = new ArrayList<>(pictures.size());
        try {
            List<List<Segmentation>> found = segmenter.segment(pictures);
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
        int size = Math.min(promptsPerCall, prompts.size());
        Stage shortAt = null;
        while (results.size() < prompts.size()) {
            List<PreparedPrompt> batch =
                    prompts.subList(results.size(), Math.min(results.size() + size, prompts.size()));
            try {
                results.addAll(answered(image, batch));
                if (shortAt != null && growsWithPrompts(shortAt)) {
                    promptsPerCall = size;
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
            return all(segmenter.segment(image, prompts), prompts.size());
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
