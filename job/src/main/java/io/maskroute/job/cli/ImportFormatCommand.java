package io.maskroute.job.cli;

import io.maskroute.datasets.imports.DatasetImports;
import io.maskroute.datasets.writer.DatasetImport;
import io.maskroute.datasets.writer.ImportOptions;
import io.maskroute.datasets.writer.ImportRun;
import io.maskroute.datasets.writer.ImportSummary;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.input.ImageRoots;
import io.maskroute.job.results.Versions;
import io.maskroute.job.run.SparkSessions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** One {@code import FORMAT}: its options are those that the format says it has. */
@Command(
        mixinStandardHelpOptions = true,
        versionProvider = Cli.VersionProvider.class,
        // Examples are to be copied in one line.
        usageHelpWidth = 160)
final class ImportFormatCommand implements Callable<Integer> {
    private final Cli.Environment environment;
    private final DatasetImport format;

    @Spec
    private CommandSpec spec;

    @Mixin
    private JsonArgument json;

    @Mixin
    private ConfigArguments configuration;

    private ImportFormatCommand(Cli.Environment environment, DatasetImport format) {
        this.environment = environment;
        this.format = format;
    }

    /** All formats, by name. */
    static Map<String, CommandLine> all(Cli.Environment environment) {
        Map<String, CommandLine> commands = new LinkedHashMap<>();
        for (DatasetImport format : DatasetImports.all()) {
            commands.put(format.name(), commandLine(environment, format));
        }
        return commands;
    }

    private static CommandLine commandLine(Cli.Environment environment, DatasetImport format) {
        CommandLine line = new CommandLine(new ImportFormatCommand(environment, format));
        CommandSpec spec = line.getCommandSpec().name(format.name());
        spec.usageMessage().description(format.description()).footer("", "Example:", "  import " + format.example());
        ImportArguments.declare(spec, ImportRun.options(format), true);
        return line;
    }

    @Override
    public Integer call() {
        JobConfig config = configuration.load(environment.home(), Map.of());
        json.requireWritable();
        ImportSummary summary;
        try {
            Map<String, String> given = ImportArguments.given(spec, ImportRun.options(format));
            // What is wrong with the options alone is said before Spark starts.
            ImportOptions.of(ImportRun.options(format), given);
            summary = SparkSessions.with(config, spark -> ImportRun.run(format, given, Versions.maskroute(), spark));
        } catch (ImportOptions.BadOptionException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage());
        }
        summary.lines().forEach(environment.out()::println);
        rootsFor(summary, config.runtime().imageRoots()).forEach(environment.out()::println);
        json.write(summary);
        return Cli.DONE;
    }

    private static List<String> rootsFor(ImportSummary summary, List<String> roots) {
        List<String> lines = new ArrayList<>();
        if (summary.linked() != null && !roots.contains(summary.linked())) {
            lines.add("the pictures stay where they are; commands that read them need "
                    + ImageRoots.setting(roots, summary.linked()) + " (or the same in conf/maskroute.conf)");
        }
        return lines;
    }
}
