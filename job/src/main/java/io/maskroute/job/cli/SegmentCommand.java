package io.maskroute.job.cli;

import io.maskroute.datasets.imports.ImagesImport;
import io.maskroute.datasets.writer.ImportOptions;
import io.maskroute.job.config.ConfigurationException;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.results.RunSummary;
import io.maskroute.job.run.SegmentRun;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "segment",
        mixinStandardHelpOptions = true,
        versionProvider = Cli.VersionProvider.class,
        description = "Masks for every prompt of a dataset, or for a folder of pictures; needs no ground truth.",
        footer = {
            "",
            "Examples:",
            "  segment --model MODEL --dataset data/photos --output out/photos",
            "  segment --model MODEL --images photos --prompt \"the red car\" --output out/cars",
            "  segment --model MODEL --images photos --prompt-file list.csv --output out/a"
        })
final class SegmentCommand implements Callable<Integer> {
    private static final String DATASET = "dataset.path";

    private final Cli.Environment environment;

    @Spec
    private CommandSpec spec;

    @Mixin
    private RunArguments run;

    @Mixin
    private JsonArgument json;

    @Mixin
    private ConfigArguments configuration;

    private SegmentCommand(Cli.Environment environment) {
        this.environment = environment;
    }

    static CommandLine of(Cli.Environment environment) {
        CommandLine line = new CommandLine(new SegmentCommand(environment));
        ImportArguments.declare(line.getCommandSpec(), PicturesDataset.OPTIONS, false);
        return line;
    }

    @Override
    public Integer call() {
        if (run.datasets().size() > 1) {
            throw new ConfigurationException("segment runs over one dataset: give --dataset once");
        }
        Map<String, Object> options = run.options();
        Map<String, String> pictures = ImportArguments.given(spec, PicturesDataset.OPTIONS);
        if (!pictures.isEmpty()) {
            options.put(DATASET, dataset(options, pictures));
        }
        JobConfig config = configuration.load(environment.home(), options);
        json.requireWritable();
        RunSummary summary =
                new SegmentRun("segment", config, environment.segmenters(), false, environment.err()).run();
        json.write(summary);
        return new RunEnding(environment)
                .show(summary, config.output(), config.groups().mostLost());
    }

    private String dataset(Map<String, Object> options, Map<String, String> pictures) {
        String images = ImagesImport.IMAGES.name();
        if (!pictures.containsKey(images)) {
            throw new ConfigurationException(
                    pictures.keySet().stream().sorted().findFirst().orElseThrow() + " has a meaning with " + images
                            + " alone");
        }
        if (options.get(DATASET) != null) {
            throw new ConfigurationException("give one of --dataset and " + images + ", not both");
        }
        try {
            return new PicturesDataset(configuration.load(environment.home(), options), pictures)
                    .make(environment.out());
        } catch (ImportOptions.BadOptionException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage());
        }
    }
}
