package io.maskroute.job.cli;

import io.maskroute.job.config.JobConfig;
import io.maskroute.job.results.RunFolder;
import io.maskroute.job.results.StoredRun;
import io.maskroute.job.run.SparkSessions;
import io.maskroute.job.run.SparkSteps;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "report",
        mixinStandardHelpOptions = true,
        versionProvider = Cli.VersionProvider.class,
        description = "Writes the HTML report of a finished run again.")
final class ReportCommand implements Callable<Integer> {
    private final Cli.Environment environment;

    @Parameters(paramLabel = "DIR", description = "The run folder.")
    private String folder;

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
        Map<String, Object> options = new HashMap<>();
        options.put("dataset.path", dataset);
        JobConfig config = configuration.load(environment.home(), options);
        StoredRun run = StoredRun.open(new RunFolder(folder, SparkSessions.hadoop(config)), config);
        SparkSessions.with(
                config,
                spark -> SparkSteps.named(spark.sparkContext(), "gather the report of " + folder, () -> {
                    run.writeReport(spark);
                    return null;
                }));
        environment.out().println(RunFolder.file(folder, RunFolder.REPORT));
        return Cli.DONE;
    }
}
