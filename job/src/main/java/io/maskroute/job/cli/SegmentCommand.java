package io.maskroute.job.cli;

import io.maskroute.job.config.JobConfig;
import io.maskroute.job.run.SegmentRun;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "segment",
        mixinStandardHelpOptions = true,
        versionProvider = Cli.VersionProvider.class,
        description = "Masks for every prompt of a dataset; needs no ground truth.")
final class SegmentCommand implements Callable<Integer> {
    private final Cli.Environment environment;

    @Mixin
    private RunArguments run;

    @Mixin
    private ConfigArguments configuration;

    SegmentCommand(Cli.Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        JobConfig config = configuration.load(environment.home(), run.options());
        RunEnding ending = new RunEnding(environment);
        return ending.show(
                new SegmentRun("segment", config, environment.segmenters(), false, environment.err()).run(),
                config.output(),
                config.groups().mostLost());
    }
}
