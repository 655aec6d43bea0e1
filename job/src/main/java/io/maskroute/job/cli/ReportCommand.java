package io.maskroute.job.cli;

import io.maskroute.job.config.ConfigurationException;
import io.maskroute.job.config.JobConfig;
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
            "With --output: compares runs over one dataset, quality against LLM FLOPs, as a page, a figure and a table."
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
            description = "Where the run's dataset is now; default: where it was.")
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
            if (dataset != null) {
                throw new ConfigurationException(
                        "--dataset is for the report of one run: a comparison reads no dataset");
            }
            return compare(SparkSessions.hadoop(config));
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

    private int compare(Configuration hadoop) {
        RunComparison.of(folders, hadoop).write(output, hadoop);
        environment.out().println(RunFolder.file(output, RunComparison.PAGE));
        return Cli.DONE;
    }
}
