package io.maskroute.job.cli;

import io.maskroute.job.config.ConfigurationException;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.export.ExportFormat;
import io.maskroute.job.export.ExportFormats;
import io.maskroute.job.export.ExportRun;
import io.maskroute.job.export.ExportSummary;
import io.maskroute.job.export.PictureReader;
import io.maskroute.job.results.NamedFolder;
import io.maskroute.job.results.RunFolder;
import io.maskroute.job.run.SparkSessions;
import io.maskroute.job.run.SparkSteps;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        versionProvider = Cli.VersionProvider.class,
        synopsisSubcommandLabel = "FORMAT",
        description = "Writes the predictions of finished runs as files that other tools read.",
        usageHelpWidth = 132,
        commandListHeading = "%nFormats (FORMAT --help has the options):%n")
final class ExportCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "no format given: "
                        + String.join(", ", spec.commandLine().getSubcommands().keySet()));
    }

    /** With its formats. */
    static CommandLine line(Cli.Environment environment) {
        CommandLine line = new CommandLine(new ExportCommand());
        for (ExportFormat format : ExportFormats.all()) {
            CommandLine each = new CommandLine(new Format(environment, format));
            CommandSpec spec = each.getCommandSpec().name(format.name());
            spec.usageMessage().description(format.description(), "Beside it index.csv (all prompts) and failed.csv.");
            format.choice()
                    .ifPresent(choice -> spec.addOption(OptionSpec.builder(choice.option())
                            .description(choice.description() + "; default: " + choice.fallback() + ".")
                            .type(String.class)
                            .arity("1")
                            .paramLabel(String.join("|", choice.values()))
                            .build()));
            line.addSubcommand(each);
        }
        return line;
    }

    @Command(mixinStandardHelpOptions = true, versionProvider = Cli.VersionProvider.class)
    private static final class Format implements Callable<Integer> {
        private final Cli.Environment environment;
        private final ExportFormat format;

        @Spec
        private CommandSpec spec;

        @Parameters(
                paramLabel = "RUN",
                arity = "1..*",
                description = "The folder of a finished run; several, each as DIR or NAME=DIR, go to OUTPUT/NAME each.")
        private List<String> runs;

        @Option(
                names = "--output",
                required = true,
                paramLabel = "DIR",
                description = "Folder to be made; it must not be there yet, or be empty.")
        private String output;

        @Option(
                names = "--dataset",
                paramLabel = "DIR",
                description = "Where the run's dataset is now; default: where it was.")
        private String dataset;

        @Mixin
        private JsonArgument json;

        @Mixin
        private ConfigArguments configuration;

        Format(Cli.Environment environment, ExportFormat format) {
            this.environment = environment;
            this.format = format;
        }

        @Override
        public Integer call() {
            String chosen = chosen();
            if (dataset != null && runs.size() > 1) {
                throw new ParameterException(spec.commandLine(), "--dataset is for one run: export them one by one");
            }
            JobConfig config = configuration.load(environment.home(), Map.of());
            json.requireWritable();
            Map<String, String> named = named();
            // What is no run is said before Spark starts.
            named.values().forEach(run -> new RunFolder(run, SparkSessions.hadoop(config)).record());
            PictureReader.Options pictures = new PictureReader.Options(
                    config.runtime().imageRoots(), config.runtime().maxImageBytes());
            List<ExportSummary> summaries = SparkSessions.with(config, spark -> {
                List<ExportSummary> made = new ArrayList<>();
                named.forEach((name, run) -> made.add(SparkSteps.named(
                        spark.sparkContext(), "export " + format.name() + " of " + run, () -> new ExportRun(
                                        format, chosen, run, Optional.ofNullable(dataset), pictures)
                                .to(named.size() == 1 ? output : RunFolder.file(output, name), spark))));
                return made;
            });
            summaries.stream()
                    .flatMap(summary -> summary.lines().stream())
                    .forEach((json.isStandardOutput() ? environment.err() : environment.out())::println);
            json.write(summaries.size() == 1 ? summaries.get(0) : summaries, environment.out());
            return Cli.DONE;
        }

        private String chosen() {
            if (format.choice().isEmpty()) {
                return null;
            }
            ExportFormat.Choice choice = format.choice().get();
            String given = spec.findOption(choice.option()).getValue();
            if (given != null && !choice.values().contains(given)) {
                throw new ParameterException(
                        spec.commandLine(),
                        choice.option() + " must be one of " + String.join(", ", choice.values()) + ", not '" + given
                                + "'");
            }
            return given == null ? choice.fallback() : given;
        }

        private Map<String, String> named() {
            Map<String, String> named = new LinkedHashMap<>();
            for (String run : runs) {
                NamedFolder folder = NamedFolder.of(run);
                String name = folder.name().orElseGet(() -> new Path(folder.path()).getName());
                if (named.put(name, folder.path()) != null) {
                    throw new ConfigurationException(
                            "two runs are called " + name + ": name them apart, each as NAME=DIR");
                }
            }
            return named;
        }
    }
}
