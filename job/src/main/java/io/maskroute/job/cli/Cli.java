package io.maskroute.job.cli;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.config.ConfigurationException;
import io.maskroute.job.results.Versions;
import io.maskroute.job.run.Ending;
import io.maskroute.job.run.NamelessUser;
import io.maskroute.job.run.SegmenterFactory;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The whole command line as a function: arguments in, exit code out. */
public final class Cli {
    /** Done. */
    public static final int DONE = 0;
    /** The command line or the configuration is wrong. */
    public static final int BAD_USAGE = 1;
    /** The input cannot be used. */
    public static final int UNUSABLE_INPUT = 2;
    /** Anything else; the stack trace is in the log. */
    public static final int BROKEN = 3;

    private static final Logger LOG = LoggerFactory.getLogger(Cli.class);

    private final Environment environment;

    /**
     * @param home folder that holds {@code conf}
     * @param segmenters where models come from
     * @param out for results
     * @param err for messages and progress
     */
    record Environment(Path home, SegmenterFactory segmenters, PrintWriter out, PrintWriter err) {}

    public Cli(Path home, SegmenterFactory segmenters, PrintWriter out, PrintWriter err) {
        environment = new Environment(home, segmenters, out, err);
    }

    public int run(String... arguments) {
        NamelessUser.settle();
        CommandLine line = line();
        int code;
        try {
            code = line.execute(arguments);
        } catch (Error e) {
            // The line's own handler gets exceptions alone.
            code = broken(e);
        }
        environment.out().flush();
        environment.err().flush();
        return code;
    }

    /** All commands, to be executed or only parsed. */
    CommandLine line() {
        return new CommandLine(new Root())
                .addSubcommand(new DemoCommand(environment))
                .addSubcommand(SegmentCommand.of(environment))
                .addSubcommand(new EvaluateCommand(environment))
                .addSubcommand(imports())
                .addSubcommand(new CommandLine(new ModelCommand())
                        .addSubcommand(new ModelCommand.Inspect(environment))
                        .addSubcommand(new ModelCommand.Convert(environment)))
                .addSubcommand(ScoreCommand.line(environment))
                .addSubcommand(ExportCommand.line(environment))
                .addSubcommand(new ReportCommand(environment))
                .addSubcommand(new PlanCommand(environment))
                .addSubcommand(new BenchCommand(environment))
                .addSubcommand(new CalibrateCommand(environment))
                .addSubcommand(new TraceCommand(environment))
                .addSubcommand(new TrainCommand(environment))
                .addSubcommand(new CommandLine.HelpCommand())
                .setOut(environment.out())
                .setErr(environment.err())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((e, args) -> badUsage(e))
                .setExecutionExceptionHandler((e, commandLine, parsed) -> failed(e));
    }

    private CommandLine imports() {
        CommandLine line = new CommandLine(new ImportCommand());
        ImportFormatCommand.all(environment).forEach(line::addSubcommand);
        return line;
    }

    private int badUsage(ParameterException e) {
        StringBuilder message = new StringBuilder(e.getMessage());
        if (e instanceof UnmatchedArgumentException unmatched) {
            unmatched.getSuggestions().stream()
                    .findFirst()
                    .ifPresent(s -> message.append("; did you mean ").append(s).append('?'));
        }
        return say(message + " (see " + e.getCommandLine().getCommandSpec().qualifiedName() + " --help)", BAD_USAGE);
    }

    private int failed(Exception e) {
        if (e instanceof ConfigurationException) {
            return say(e.getMessage(), BAD_USAGE);
        }
        if (e instanceof UnusableInputException) {
            LOG.debug("The input cannot be used", e);
            return say(e.getMessage(), UNUSABLE_INPUT);
        }
        Optional<String> system = Reason.ofSystem(e);
        if (system.isPresent()) {
            LOG.debug("What files or hosts answered", e);
            return say(system.get(), UNUSABLE_INPUT);
        }
        return broken(e);
    }

    private int broken(Throwable e) {
        if (Ending.hasBegun()) {
            // Whatever stopped because the process ends is no fault of it.
            return say("ended by a signal; the same command goes on", BROKEN);
        }
        LOG.error("maskroute failed", e);
        return say("failed: " + e.toString().lines().findFirst().orElse("") + " (the log has the stack trace)", BROKEN);
    }

    private int say(String message, int code) {
        environment.err().println("maskroute: " + message.replaceAll("\\R\\s*", " "));
        return code;
    }

    static final class VersionProvider implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"maskroute " + Versions.maskroute()};
        }
    }

    @Command(
            name = "maskroute",
            mixinStandardHelpOptions = true,
            versionProvider = VersionProvider.class,
            synopsisSubcommandLabel = "COMMAND",
            description = "Token-routed segmentation MLLMs over datasets of images and prompts, on Spark.",
            footer = {
                "",
                "Exit codes: 0 done; 1 bad command line or configuration; 2 input or output cannot be used; 3 anything else;",
                "130 and 143 ended by a signal."
            })
    private static final class Root implements Runnable {
        @Spec
        private CommandSpec spec;

        @Override
        public void run() {
            throw new ParameterException(spec.commandLine(), "no command given");
        }
    }

    @Command(
            name = "import",
            mixinStandardHelpOptions = true,
            versionProvider = VersionProvider.class,
            synopsisSubcommandLabel = "FORMAT",
            description =
                    "Makes a maskroute dataset (Parquet) from pictures with a list, from official dataset files or from Parquet"
                            + " of a dataset hub.",
            // A line for each format.
            usageHelpWidth = 132,
            commandListHeading = "%nFormats (FORMAT --help has the options and an example):%n")
    private static final class ImportCommand implements Runnable {
        @Spec
        private CommandSpec spec;

        @Override
        public void run() {
            throw new ParameterException(spec.commandLine(), "no format given");
        }
    }
}
