package io.maskroute.job.results;

import io.maskroute.core.checkpoint.WeightsRounding;
import io.maskroute.job.config.AsPublished;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.config.ModelOptions;
import java.util.ArrayList;
import java.util.List;

/**
 * What figures depend on beside the masks: those that were made under the same conditions can be compared. Any may be null, where
 * it is not known or there is none.
 *
 * @param dataset its path, as a URI
 * @param model its folder; null where stored predictions were scored, as is the rest of what a model has
 * @param routing {@code dense}, a schedule or an adapter
 * @param dtype what the model computed in
 * @param tf32 whether a GPU could round the factors of fp32 products
 * @param weightsRounding {@code none}, or what the stored weights were rounded to
 * @param protocol of the dataset's referring prompts
 * @param groundTruthRaster of its masks
 * @param asPublished whose published figures it was made to be compared with, or null
 */
public record RunConditions(
        String dataset,
        String model,
        String routing,
        String dtype,
        Boolean tf32,
        String weightsRounding,
        String protocol,
        String groundTruthRaster,
        String asPublished) {

    /** Of a run whose dtype is settled. */
    public static RunConditions of(RunRecord.DatasetRecord dataset, JobConfig config) {
        ModelOptions model = config.model();
        return new RunConditions(
                dataset.path(),
                model.path(),
                model.routing(),
                model.dtype(),
                model.tf32(),
                model.weightsRounding().label(),
                dataset.protocol(),
                dataset.groundTruthRaster(),
                config.asPublished().map(AsPublished::label).orElse(null));
    }

    /** Of predictions that are scored without a model. */
    static RunConditions scored(RunRecord.DatasetRecord dataset) {
        return new RunConditions(
                dataset.path(), null, null, null, null, null, dataset.protocol(), dataset.groundTruthRaster(), null);
    }

    /** For a person, such as {@code joined prompts, truth opencv-like, fp32, weights rounded to fp16}. */
    String line() {
        List<String> parts = new ArrayList<>();
        if (protocol != null) {
            parts.add(protocol + " prompts");
        }
        if (groundTruthRaster != null) {
            parts.add("truth " + groundTruthRaster);
        }
        if (dtype != null) {
            parts.add(dtype + (Boolean.TRUE.equals(tf32) ? " with TF32" : ""));
        }
        if (weightsRounding != null && !weightsRounding.equals(WeightsRounding.NONE.label())) {
            parts.add("weights rounded to " + weightsRounding);
        }
        if (asPublished != null) {
            parts.add("as published for " + asPublished);
        }
        return String.join(", ", parts);
    }
}
