package io.maskroute.job.results;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What {@code calibration.json} holds. Shares and errors are fractions of 1; {@code docs/calibration.md} defines them.
 *
 * @param format {@value #FORMAT}
 * @param passes over the dataset, of this command alone
 * @param search null when the schedule was given
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.ALWAYS)
public record CalibrationResult(
        int format,
        Model model,
        Dataset dataset,
        Projectors projectors,
        int passes,
        List<Layer> layers,
        Schedule schedule,
        Search search) {
    public static final int FORMAT = 1;
    /** In the adapter's folder, and in the folders of runs that used it. */
    public static final String FILE = "calibration.json";

    /** @throws IllegalArgumentException when parts are missing or do not fit together, as in a file that somebody edited */
    public CalibrationResult {
        if (format != FORMAT) {
            throw new IllegalArgumentException("format is " + format + ", this version reads " + FORMAT);
        }
        if (model == null || dataset == null || projectors == null || layers == null || schedule == null) {
            throw new IllegalArgumentException("model, dataset, projectors, layers or schedule is missing");
        }
        layers = List.copyOf(layers);
        for (int i = 0; i < layers.size(); i++) {
            if (layers.get(i).layer() != i
                    || layers.size() != schedule.strides().size()) {
                throw new IllegalArgumentException("layers and schedule.strides are not those of one LLM");
            }
        }
    }

    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Model(String path, String fingerprint, String dtype, int layers, int imageTokens, int maskTokens) {}

    /**
     * @param pictures that were fitted to
     * @param heldOut that errors were measured on
     * @param skippedPictures stage and reason -> how many could not be used
     * @param meanOwnText text tokens of a prompt's own
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Dataset(
            String path,
            long pictures,
            long heldOut,
            Map<String, Long> skippedPictures,
            long prompts,
            Map<String, Long> skippedPrompts,
            double meanOwnText) {
        public Dataset {
            skippedPictures = new TreeMap<>(skippedPictures);
            skippedPrompts = new TreeMap<>(skippedPrompts);
        }
    }

    /**
     * @param ridge 0: by the number of samples
     * @param sumsBytes that the sums of a task took at most
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Projectors(String kind, double ridge, long sumsBytes) {}

    /**
     * @param attention share of the mask tokens' attention that falls on image tokens; null without prompts
     * @param maskTokenDamage of mask tokens that skip the layer; null without prompts
     * @param fits by stride, those that were made
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Layer(int layer, Double attention, Double maskTokenDamage, List<Fit> fits) {
        public Layer {
            fits = List.copyOf(fits);
        }
    }

    /** Of one layer and stride: {@code FittedProjector.Errors}. */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Fit(
            int stride,
            double untrained,
            double projector,
            double fitted,
            double fittedOnTraining,
            double damage,
            long followers,
            long heldOutFollowers) {}

    /**
     * What was written to {@code routing.json}.
     *
     * @param strides per layer; 1 = dense
     * @param flopsRatio LLM FLOPs of a prompt of mean length alone, of dense; null without prompts
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Schedule(int maskTokenLayer, List<Integer> strides, Double flopsRatio) {
        public Schedule {
            strides = List.copyOf(strides);
        }
    }

    /**
     * @param floor least share of the dense FLOPs that could have been asked for
     * @param uniform the best schedule of one stride within the budget; null if there is none
     * @param candidates the best schedule for each mask-token layer that is within the budget
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Search(
            double flopsBudget, double floor, Candidate chosen, Candidate uniform, List<Candidate> candidates) {}

    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Candidate(
            int maskTokenLayer, List<Integer> strides, double flopsRatio, double imageDamage, double maskTokenDamage) {}
}
