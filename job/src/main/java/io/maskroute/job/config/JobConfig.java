package io.maskroute.job.config;

import io.maskroute.core.image.ExifOrientation;
import io.maskroute.datasets.metrics.ReferringRules;
import io.maskroute.datasets.schema.DatasetManifest;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The resolved configuration of a command.
 *
 * @param modelPath model folder, if one was named; {@link #model()} insists on it
 * @param modelCache folder on each machine for models that are fetched; empty for one in {@code java.io.tmpdir}
 * @param orientation of pictures, instead of what the dataset says
 * @param limit how many pictures of the dataset are used, the first ones; empty for all
 * @param fresh start over instead of continuing what the output folder holds
 * @param retryFailed run failed prompts again before continuing
 * @param rules of the metrics
 * @param asPublished whose published figures those of this run shall be comparable with; the settings above are theirs then
 * @param reportSamples pictures in the report's gallery
 * @param spark Spark properties ({@code spark.…}) from configuration files
 * @param sparkOverrides Spark properties from the command line; they win over what spark-submit was given
 * @param resolved every key with its value as text, secrets blanked, for {@code run.json}
 */
public record JobConfig(
        Optional<String> modelPath,
        ModelOptions modelOptions,
        Optional<String> modelCache,
        Optional<String> datasetPath,
        Optional<ExifOrientation> orientation,
        OptionalLong limit,
        Optional<String> outputPath,
        boolean fresh,
        boolean retryFailed,
        GroupOptions groups,
        RuntimeOptions runtime,
        ReferringRules rules,
        Optional<AsPublished> asPublished,
        int reportSamples,
        Duration progressInterval,
        Map<String, String> spark,
        Map<String, String> sparkOverrides,
        Map<String, String> resolved) {

    public ModelOptions model() {
        required(modelPath, "model", "--model DIR", "model.path");
        return modelOptions;
    }

    public String dataset() {
        return required(datasetPath, "dataset", "--dataset DIR", "dataset.path");
    }

    public String output() {
        return required(outputPath, "output folder", "--output DIR", "output.path");
    }

    private static String required(Optional<String> value, String what, String option, String key) {
        return value.orElseThrow(() -> new ConfigurationException(
                "no " + what + " named: give " + option + " or set " + key + " in conf/maskroute.conf"));
    }

    /** The same with the dtype that {@code auto} stands for, also where it is recorded. */
    public JobConfig withDtype(String settled) {
        return with(modelOptions.withDtype(settled), Map.of("model.dtype", settled));
    }

    /** The same with the answer rule of a dataset where none is asked for, also where it is recorded. */
    public JobConfig answering(DatasetManifest.Answer ofDataset) {
        ModelOptions settled = modelOptions.answering(ofDataset);
        return with(
                settled,
                settled.union() == null
                        ? Map.of("model.answer", settled.answer())
                        : Map.of(
                                "model.answer",
                                settled.answer(),
                                "model.answer-threshold",
                                String.valueOf(settled.union())));
    }

    private JobConfig with(ModelOptions settled, Map<String, String> values) {
        Map<String, String> recorded = new LinkedHashMap<>(resolved);
        recorded.putAll(values);
        return new JobConfig(
                modelPath,
                settled,
                modelCache,
                datasetPath,
                orientation,
                limit,
                outputPath,
                fresh,
                retryFailed,
                groups,
                runtime,
                rules,
                asPublished,
                reportSamples,
                progressInterval,
                spark,
                sparkOverrides,
                recorded);
    }
}
