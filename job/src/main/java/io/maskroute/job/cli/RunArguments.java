package io.maskroute.job.cli;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options of the commands that run a model; what is not given comes from the configuration. */
final class RunArguments {
    @Option(names = "--model", paramLabel = "DIR", description = "Model folder.")
    private String model;

    @Option(
            names = "--dataset",
            paramLabel = "DIR",
            description = "Dataset folder (Parquet with _maskroute.json); evaluate takes several.")
    private List<String> datasets = new ArrayList<>();

    @Option(
            names = "--output",
            paramLabel = "DIR",
            description = "Run folder to be made; or to be continued, if it holds the same run unfinished.")
    private String output;

    @Option(names = "--fresh", description = "Start over if there is a run folder already.")
    private Boolean fresh;

    @Option(
            names = "--retry-failed",
            description = "Run the failed prompts of the run folder again, replace their rows, then continue.")
    private Boolean retryFailed;

    @Option(
            names = "--take-over",
            description = "Do not wait to see whether the driver that holds the output is still at work.")
    private Boolean takeOver;

    @Option(
            names = "--max-failure-rate",
            paramLabel = "RATE",
            description = "Stop with exit code 2 when more than this share of the prompts has failed (0 to 1).")
    private Double maxFailureRate;

    @Option(
            names = "--max-lost",
            paramLabel = "N",
            description = "End with exit code 2 when more than N files or row groups of the dataset cannot be read.")
    private Integer maxLost;

    @Mixin
    private LimitOption limit;

    @Option(
            names = "--routing",
            paramLabel = "SCHEDULE",
            description = "dense, a routing.json, or a folder with routing.json and routing.safetensors.")
    private String routing;

    @Option(names = "--dtype", paramLabel = "TYPE", description = DtypeOption.DESCRIPTION)
    private String dtype;

    @Option(
            names = "--weights-rounding",
            paramLabel = "TYPE",
            description = "none, or fp16: round the stored weights first, as published evaluations did.")
    private String weightsRounding;

    @Option(names = "--device", paramLabel = "DEVICE", description = DeviceOption.OF_RUNS)
    private String device;

    @Option(
            names = "--allow-partial",
            description = "Go on with weights that are missing or have another shape, as zeros.")
    private Boolean allowPartial;

    @Option(
            names = "--answer",
            paramLabel = "RULE",
            description =
                    "What answers a referring prompt: best (the best mask) or union (all masks that score more than"
                            + " --answer-threshold, the best one where none does); default: the dataset's.")
    private String answer;

    @Option(
            names = "--answer-threshold",
            paramLabel = "SCORE",
            description = "For --answer union, 0 to 1; default: the dataset's, or PSALM's 0.6.")
    private Double answerThreshold;

    @Option(
            names = "--min-score",
            paramLabel = "SCORE",
            description = "Masks that score less than this (0 to 1) are left out; default: the model's.")
    private Double minScore;

    @Option(
            names = "--max-masks",
            paramLabel = "N",
            description = "At most so many masks of a prompt, the best ones; default: all that its task gives.")
    private Integer maxMasks;

    /** As given, more than one where a command runs over several. */
    List<String> datasets() {
        return List.copyOf(datasets);
    }

    Map<String, Object> options() {
        Map<String, Object> options = new HashMap<>();
        options.put("model.path", model);
        options.put("dataset.path", datasets.isEmpty() ? null : datasets.get(0));
        options.put(LimitOption.KEY, limit.pictures());
        options.put("output.path", output);
        options.put("output.fresh", fresh);
        options.put("output.retry-failed", retryFailed);
        options.put("output.take-over", takeOver);
        options.put("output.max-failure-rate", maxFailureRate);
        options.put("output.max-lost", maxLost);
        options.put("model.routing", routing);
        options.put("model.dtype", dtype);
        options.put("model.weights-rounding", weightsRounding);
        options.put("model.device", device);
        options.put("model.allow-partial", allowPartial);
        options.put("model.answer", answer);
        options.put("model.answer-threshold", answerThreshold);
        options.put("model.min-score", minScore);
        options.put("model.max-masks", maxMasks);
        return options;
    }

    /** The first option given that has no meaning when nothing runs; null if there is none. */
    String firstOfAModel() {
        Map<String, Object> given = new LinkedHashMap<>();
        given.put("--model", model);
        given.put("--output", output);
        given.put("--fresh", fresh);
        given.put("--retry-failed", retryFailed);
        given.put("--take-over", takeOver);
        given.put("--max-failure-rate", maxFailureRate);
        given.put("--max-lost", maxLost);
        given.put("--routing", routing);
        given.put("--dtype", dtype);
        given.put("--weights-rounding", weightsRounding);
        given.put("--device", device);
        given.put("--allow-partial", allowPartial);
        return given.entrySet().stream()
                .filter(e -> e.getValue() != null)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(null);
    }
}
