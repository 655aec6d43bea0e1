package io.maskroute.job.cli;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.config.ConfigurationException;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.report.ComparedAnswers;
import io.maskroute.job.results.RunComparison;
import io.maskroute.job.results.RunFolder;
import io.maskroute.job.results.StoredRun;
import io.maskroute.job.run.SparkSessions;
import io.maskroute.job.run.SparkSteps;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "report",
        mixinStandardHelpOptions = true,
        versionProvider = Cli.VersionProvider.class,
        description = {
            "Writes the HTML report of a finished run again.",
            "With --output: compares runs over one dataset, masks side by side and quality against LLM FLOPs, as a page, a"
                    + " figure and a table."
        },
        footer = {
            "",
            "Examples:",
            "  report out/demo/dense",
            "  report dense=out/demo/dense routed=out/demo/routed --output out/comparison"
        })
final class ReportCommand implements Callable<Integer> {
    private final Cli.Environment environment;

    @Parameters(
            paramLabel = "DIR",
            arity = "1..*",
            description = "The run folder; with --output several, each as DIR or NAME=DIR.")
    private List<String> folders;

    @Option(names = "--output", paramLabel = "DIR", description = "Folder for the comparison of the runs.")
    private String output;

    @Option(
            names = "--dataset",
            paramLabel = "DIR",
            description = "Where the dataset of the runs is now; default: where it was.")
    private String dataset;

    @Mixin
    private ConfigArguments configuration;

    ReportCommand(Cli.Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        JobConfig config = configuration.load(environment.home(), Map.of());
        if (output != null) {
            return compare(config);
        }
        if (folders.size() > 1) {
            throw new ConfigurationException("several runs are compared: name a folder for that with --output");
        }
        String folder = folders.get(0);
        StoredRun run = StoredRun.open(
                new RunFolder(folder, SparkSessions.hadoop(config)), Optional.ofNullable(dataset), config);
        SparkSessions.with(
                config,
                spark -> SparkSteps.named(spark.sparkContext(), "gather the report of " + folder, () -> {
                    run.writeReport(spark);
                    return null;
                }));
        environment.out().println(RunFolder.file(folder, RunFolder.REPORT));
        return Cli.DONE;
    }

    private int compare(JobConfig config) {
        Configuration hadoop = SparkSessions.hadoop(config);
        RunComparison comparison = RunComparison.of(folders, hadoop);
        ComparedAnswers answers = SparkSessions.with(
                config,
                spark -> SparkSteps.named(
                        spark.sparkContext(), "compare the answers of " + String.join(", ", folders), () -> {
                            try {
                                return comparison.answers(spark, Optional.ofNullable(dataset), config);
                            } catch (UnusableInputException e) {
                                environment
                                        .err()
                                        .println("without pictures: " + e.getMessage()
                                                + " (--dataset says where the dataset is now)");
                                return null;
                            }
                        }));
        comparison.write(output, answers, hadoop);
        environment.out().println(RunFolder.file(output, RunComparison.PAGE));
        return Cli.DONE;
    }
}
