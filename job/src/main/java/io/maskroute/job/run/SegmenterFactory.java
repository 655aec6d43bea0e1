package io.maskroute.job.run;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.segmenter.Segmenter;
import io.maskroute.job.config.ModelOptions;
import java.io.Serializable;
import java.util.List;

/** Where models come from. It travels to the executors, so it holds no model itself. */
public interface SegmenterFactory extends Serializable {
    /**
     * Looks at the model, on the driver or, when it has to be fetched, where it will run; without loading it onto a device, so that an unusable one is refused before anything
     * starts.
     *
     * @throws UnusableInputException when the model or the routing cannot be used
     */
    ModelSummary inspect(ModelOptions options);

    /**
     * Loads the model. Called once per executor JVM, on the thread that will run it.
     *
     * @param options with a device of this machine: {@code cpu} or {@code cuda:N}
     * @throws UnusableInputException when the model or the routing cannot be used
     */
    Segmenter open(ModelOptions options);

    /**
     * What is known of a model before it is loaded.
     *
     * @param fingerprint as {@code SegmenterInfo.modelFingerprint}
     * @param routingFingerprint as in {@code SegmenterInfo}
     * @param minScore of a mask, 0 to 1, below which the answer is empty; the model's own, or what the options say instead
     * @param randomWeights whether its model card says that the weights are random numbers, so that its masks mean nothing
     * @param unknownWeights tensors of its files that no part of the model has
     * @param notes what else a user should know of its folder
     */
    record ModelSummary(
            String fingerprint,
            String routingFingerprint,
            double minScore,
            boolean randomWeights,
            List<String> unknownWeights,
            List<String> notes)
            implements Serializable {
        public ModelSummary {
            unknownWeights = List.copyOf(unknownWeights);
            notes = List.copyOf(notes);
        }

        /** Of a folder of which there is nothing else to say. */
        public ModelSummary(String fingerprint, String routingFingerprint, double minScore, boolean randomWeights) {
            this(fingerprint, routingFingerprint, minScore, randomWeights, List.of(), List.of());
        }
    }
}
