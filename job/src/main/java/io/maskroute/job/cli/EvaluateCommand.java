package io.maskroute.job.cli;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.job.config.ConfigurationException;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.results.NamedFolder;
import io.maskroute.job.results.PredictionTable;
import io.maskroute.job.results.Rescoring;
import io.maskroute.job.results.RunFolder;
import io.maskroute.job.results.RunRecord;
import io.maskroute.job.results.RunSummary;
import io.maskroute.job.results.SuiteResult;
import io.maskroute.job.results.SummaryTable;
import io.maskroute.job.run.SegmentRun;
import io.maskroute.job.run.SparkSessions;
import io.maskroute.job.run.SparkSteps;
import io.maskroute.job.storage.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "evaluate",
        mixinStandardHelpOptions = true,
        versionProvider = Cli.VersionProvider.class,
        description = "Masks, metrics and report for a dataset with ground truth; or scores stored predictions.")
final class EvaluateCommand implements Callable<Integer> {
    private final Cli.Environment environment;

    @Mixin
    private RunArguments run;

    @Mixin
    private ConfigArguments configuration;

    @Option(
            names = "--predictions",
            paramLabel = "DIR",
            description = "Score these predictions (a run folder, or their Parquet files) without a model.")
    private String predictions;

    @Option(
            names = "--as-published",
            paramLabel = "MODEL",
            description = "psalm: under the conditions of its published figures (dtype, rounding of weights, answer,"
                    + " metric); refuses a dataset of another protocol or raster.")
    private String asPublished;

    @Mixin
    private JsonArgument json;

    EvaluateCommand(Cli.Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        if (predictions != null && run.firstOfAModel() != null) {
            throw new ConfigurationException(
                    run.firstOfAModel() + " has no meaning with --predictions: nothing runs and no run folder is made");
        }
        if (predictions != null && asPublished != null) {
            throw new ConfigurationException(
                    "--as-published has no meaning with --predictions: how they were made cannot be chosen any more");
        }
        if (predictions != null && run.datasets().size() > 1) {
            throw new ConfigurationException("--predictions are of one dataset: give --dataset once");
        }
        Map<String, Object> options = run.options();
        options.put("metrics.as-published", asPublished);
        JobConfig config = configuration.load(environment.home(), options);
        json.requireWritable();
        if (predictions != null) {
            RunSummary summary = score(config);
            SummaryTable.lines(summary).forEach(environment.out()::println);
            SummaryTable.byMinScore(summary).forEach(environment.out()::println);
            json.write(summary);
            return Cli.DONE;
        }
        if (run.datasets().size() > 1) {
            return suite(options);
        }
        RunSummary summary =
                new SegmentRun("evaluate", config, environment.segmenters(), true, environment.err()).run();
        json.write(summary);
        return new RunEnding(environment)
                .show(summary, config.output(), config.groups().mostLost());
    }

    /** One model over several datasets, a run folder each. */
    private Integer suite(Map<String, Object> options) {
        JobConfig all = configuration.load(environment.home(), options);
        Configuration hadoop = SparkSessions.hadoop(all);
        Map<String, JobConfig> members = new LinkedHashMap<>();
        for (String named : run.datasets()) {
            NamedFolder given = NamedFolder.of(named);
            String dataset = given.path();
            String name = given.name().orElseGet(() -> SuiteResult.name(DatasetManifest.read(dataset, hadoop)));
            Map<String, Object> own = new HashMap<>(options);
            own.put("dataset.path", dataset);
            own.put("output.path", RunFolder.file(all.output(), name));
            if (members.put(name, configuration.load(environment.home(), own)) != null) {
                throw new ConfigurationException(
                        "two datasets are called " + name + ": name them apart, each as --dataset NAME=DIR");
            }
        }
        List<JobConfig> configs = List.copyOf(members.values());
        List<String> names = List.copyOf(members.keySet());
        List<SuiteResult.Member> done = new ArrayList<>();
        SegmentRun.inOneSession(
                all,
                configs.stream()
                        .map(config ->
                                new SegmentRun("evaluate", config, environment.segmenters(), true, environment.err()))
                        .toList(),
                (i, summary) -> {
                    JobConfig config = configs.get(i);
                    environment.out().println(names.get(i));
                    new RunEnding(environment)
                            .show(summary, config.output(), config.groups().mostLost());
                    done.add(SuiteResult.Member.of(
                            names.get(i), config.output(), new RunFolder(config.output(), hadoop).record(), summary));
                });
        SuiteResult suite = SuiteResult.of(done);
        new RunFolder(all.output(), hadoop).write(SuiteResult.FILE, out -> out.write(Json.write(suite)));
        suite.lines().forEach(environment.out()::println);
        environment.out().println(RunFolder.file(all.output(), SuiteResult.FILE));
        json.write(suite);
        return Cli.DONE;
    }

    /** Here no picture is read that could say how its masks are to be turned. */
    private void requireSamePixels(ExifOrientation predicted, ExifOrientation truth) {
        if (predicted != truth) {
            throw new UnusableInputException(
                    "the masks of " + predictions + " are of pictures decoded with orientation "
                            + predicted + ", the truth of the dataset is for " + truth
                            + ": they can only be compared while the model runs, with evaluate --model");
        }
    }

    /** A run's predictions hold the masks that its rule used. */
    private static DatasetManifest.Answer answer(RunRecord run) {
        return run.union() == null ? DatasetManifest.Answer.BEST : DatasetManifest.Answer.union(run.union());
    }

    private RunSummary score(JobConfig config) {
        Configuration hadoop = SparkSessions.hadoop(config);
        DatasetManifest manifest = DatasetManifest.read(config.dataset(), hadoop);
        RunFolder folder = new RunFolder(predictions, hadoop);
        if (folder.has(RunFolder.RUN)) {
            requireSamePixels(folder.record().dataset().orientation(), manifest.orientation());
        }
        double asked = Optional.ofNullable(config.modelOptions().minScore()).orElse(0.0);
        double stored = folder.has(RunFolder.RUN) ? folder.record().minScore() : 0;
        ModelOptions answering = config.modelOptions()
                .answering(folder.has(RunFolder.RUN) ? answer(folder.record()) : manifest.answer());
        List<String> notes = config.modelOptions().minScore() == null || asked >= stored
                ? List.of()
                : List.of("The predictions were made with a least score of " + stored
                        + ": masks that scored less are not stored, so a lower one changes nothing.");
        return SparkSessions.with(
                config,
                spark -> SparkSteps.named(
                        spark.sparkContext(),
                        "score " + predictions + " against " + config.dataset(),
                        () -> new Rescoring(
                                        InputDataset.open(spark, config.dataset(), manifest)
                                                .limited(config.limit()),
                                        PredictionTable.open(spark, folder),
                                        predictions,
                                        config.rules(),
                                        answering.union(),
                                        Math.max(asked, stored))
                                .score(
                                        predictions,
                                        notes,
                                        RunRecord.DatasetRecord.of(
                                                config.dataset(), manifest, manifest.orientation()))));
    }
}
