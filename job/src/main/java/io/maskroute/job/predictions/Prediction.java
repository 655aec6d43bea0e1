package io.maskroute.job.predictions;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.segmenter.Segmentation.FlopCounts;
import io.maskroute.core.segmenter.Segmentation.TokenCounts;
import io.maskroute.core.task.Category;
import io.maskroute.core.task.ScoredMask;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.job.config.Redaction;
import java.util.List;

/**
 * What became of one prompt: masks with their cost, or an error.
 *
 * @param question what was asked
 * @param picture its size as decoded; null where it was not
 * @param error why there are no masks, or null when the prompt is ok
 * @param masks best first; empty when it failed, and when the model says that there is nothing
 * @param tokens null when it failed, as {@code flops} and {@code latency}
 * @param truth agreement with the ground truth; null where there is none
 * @param device that answered; null where none did
 */
public record Prediction(
        Question question,
        Size picture,
        RowFailure error,
        List<Mask> masks,
        TokenCounts tokens,
        FlopCounts flops,
        Latency latency,
        Overlap truth,
        String device) {
    public Prediction {
        masks = List.copyOf(masks);
    }

    public static Prediction failed(Question question, Size picture, RowFailure error, Overlap truth) {
        return new Prediction(question, picture, error, List.of(), null, null, null, truth, null);
    }

    /** @param label of the device that gave the answer */
    public Prediction on(String label) {
        return new Prediction(question, picture, error, masks, tokens, flops, latency, truth, label);
    }

    /**
     * A prompt and its picture as the dataset has them, so that a prediction can be used without it. Any may be null: the row says so in
     * its error and is not dropped.
     *
     * @param imageName file name or URI, without user, password and query, which may be a signature
     * @param texts referring: the sentences; else empty
     * @param classSet of panoptic, instance and semantic prompts
     */
    public record Question(
            String imageId, String imageName, String promptId, String task, List<String> texts, String classSet) {
        public Question {
            imageName = imageName == null ? null : Redaction.uri(imageName);
        }

        public static Question of(ImageRow image, PromptRow prompt) {
            return new Question(
                    image.imageId(), image.name(), prompt.promptId(), prompt.task(), prompt.texts(), prompt.classSet());
        }
    }

    /** In pixels. */
    public record Size(int height, int width) {}

    /**
     * One mask, at the picture's size as decoded.
     *
     * @param score of the model, 0..1
     * @param category null where the prompt names no classes
     * @param region index into the prompt's regions, or null
     */
    public record Mask(Rle rle, float score, Category category, Integer region) {
        public static Mask of(ScoredMask found) {
            return new Mask(Rle.of(found.mask()), found.score(), found.category(), found.region());
        }

        /** The same with other pixels. */
        public Mask with(Rle other) {
            return new Mask(other, score, category, region);
        }
    }

    /**
     * Wall-clock milliseconds. The stages from decode to prefix are done once for a picture and divided evenly over its
     * prompts.
     *
     * @param queue how long the prepared picture waited for the model; not divided, for every prompt waited that long
     */
    public record Latency(
            double decode,
            double preprocess,
            double vision,
            double prefix,
            double prompt,
            double decoder,
            double postprocess,
            double queue) {
        public double total() {
            return decode + preprocess + vision + prefix + prompt + decoder + postprocess + queue;
        }
    }
}
