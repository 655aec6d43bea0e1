package io.maskroute.job.cli;

import io.maskroute.datasets.shapesref.Level;
import io.maskroute.datasets.shapesref.ShapesRef;
import io.maskroute.datasets.shapesref.ShapesRefImport;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.results.Versions;
import io.maskroute.job.run.SparkSessions;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

@Command(
        name = "shapesref",
        mixinStandardHelpOptions = true,
        versionProvider = Cli.VersionProvider.class,
        description =
                "ShapesRef: generated pictures of shapes with exact masks and referring expressions. The same options"
                        + " give the same rows.")
final class ImportShapesRefCommand implements Callable<Integer> {
    private final Cli.Environment environment;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--split",
            required = true,
            paramLabel = "NAME",
            description = "train, val, test, …; each name gives other pictures.")
    private String split;

    @Option(names = "--pictures", required = true, paramLabel = "N", description = "How many pictures.")
    private long pictures;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "Dataset folder to be made.")
    private String output;

    @Option(
            names = "--level",
            paramLabel = "LEVEL",
            defaultValue = "standard",
            converter = LevelConverter.class,
            description = "words, easy, relations, standard or hard; default: ${DEFAULT-VALUE}.")
    private Level level;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--size",
            paramLabel = "PIXELS",
            defaultValue = "" + ShapesRef.DEFAULT_SIDE,
            converter = SizeConverter.class,
            description = "Side of the pictures, or WIDTHxHEIGHT; default: ${DEFAULT-VALUE}.")
    private Size size;

    @Option(
            names = "--prompts",
            paramLabel = "N",
            defaultValue = "" + ShapesRef.DEFAULT_PROMPTS,
            description = "Prompts per picture; default: ${DEFAULT-VALUE}.")
    private int prompts;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "Name of the dataset; default: shapesref-LEVEL. Ids start with it.")
    private String name;

    @Mixin
    private ConfigArguments configuration;

    ImportShapesRefCommand(Cli.Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        JobConfig config = configuration.load(environment.home(), Map.of());
        ShapesRefImport work = work();
        SparkSessions.with(config, work::run).forEach(environment.out()::println);
        return Cli.DONE;
    }

    private ShapesRefImport work() {
        try {
            return new ShapesRefImport(
                    new ShapesRef(seed, split, level, size.width(), size.height(), prompts),
                    pictures,
                    name != null ? name : "shapesref-" + level.label(),
                    output,
                    Versions.maskroute());
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage());
        }
    }

    record Size(int width, int height) {}

    static final class SizeConverter implements ITypeConverter<Size> {
        private static final Pattern SIZE = Pattern.compile("(\\d{1,6})(?:x(\\d{1,6}))?");

        @Override
        public Size convert(String text) {
            Matcher matcher = SIZE.matcher(text);
            if (!matcher.matches()) {
                throw new TypeConversionException("must be like 256 or 320x240, not '" + text + "'");
            }
            int width = Integer.parseInt(matcher.group(1));
            return new Size(width, matcher.group(2) == null ? width : Integer.parseInt(matcher.group(2)));
        }
    }

    static final class LevelConverter extends LabelConverter<Level> {
        LevelConverter() {
            super(Level.values(), Level::label);
        }
    }
}
