package io.maskroute.job.cli;

import io.maskroute.datasets.metrics.Score;
import io.maskroute.datasets.score.CocoScoring;
import io.maskroute.datasets.score.DavisScoring;
import io.maskroute.datasets.score.PanopticScoring;
import io.maskroute.datasets.score.ReferringScoring;
import io.maskroute.datasets.score.ScoreReport;
import io.maskroute.datasets.score.SemanticScoring;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

@Command(
        name = "score",
        mixinStandardHelpOptions = true,
        versionProvider = Cli.VersionProvider.class,
        synopsisSubcommandLabel = "FORMAT",
        description =
                "Scores any tool's results in the official formats, as the reference programs do; needs no model and"
                        + " no Spark. Truth and predictions that do not belong together are refused (exit code 2).")
final class ScoreCommand implements Runnable {
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
        return new CommandLine(new ScoreCommand())
                .addSubcommand(new Coco(environment))
                .addSubcommand(new Panoptic(environment))
                .addSubcommand(new Semantic(environment))
                .addSubcommand(new Referring(environment))
                .addSubcommand(new Davis(environment));
    }

    /** What all formats share. */
    static class Files {
        @Option(names = "--truth", required = true, paramLabel = "PATH", description = "What should have come out.")
        private Path truth;

        @Option(names = "--predictions", required = true, paramLabel = "PATH", description = "What came out.")
        private Path predictions;

        @Mixin
        private JsonArgument json;

        /** @param others further paths by option, null where not given */
        Integer score(
                Cli.Environment environment, Map<String, Path> others, BiFunction<Path, Path, ScoreReport> scoring) {
            Map<String, Path> paths = new LinkedHashMap<>(others);
            paths.put("--truth", truth);
            paths.put("--predictions", predictions);
            LocalPaths.require("score", paths);
            json.requireWritable();
            ScoreReport report = scoring.apply(truth, predictions);
            lines(report).forEach((json.isStandardOutput() ? environment.err() : environment.out())::println);
            json.write(report, environment.out());
            return Cli.DONE;
        }
    }

    /** A line a figure, each formula's together. */
    private static List<String> lines(ScoreReport report) {
        List<String> lines = new ArrayList<>();
        String formula = null;
        for (Score score : report.scores()) {
            if (!score.formula().equals(formula)) {
                formula = score.formula();
                lines.add(String.format(Locale.ROOT, "%s (%,d samples)", formula, score.samples()));
            }
            lines.add(
                    score.value() == null
                            ? String.format("  %-12snot available", score.name())
                            : String.format(Locale.ROOT, "  %-12s%7.2f %%", score.name(), 100 * score.value()));
        }
        report.notes().forEach(note -> lines.add("note: " + note));
        return lines;
    }

    @Command(
            name = "coco",
            mixinStandardHelpOptions = true,
            versionProvider = Cli.VersionProvider.class,
            description = "Average precision of masks: results.json against instances.json, as pycocotools.")
    static final class Coco implements Callable<Integer> {
        private final Cli.Environment environment;

        @Mixin
        private Files files;

        @Option(
                names = "--box-areas",
                description = "Take the areas of results from their bbox, as pycocotools does when the first result has"
                        + " one; default: from their masks, as detectron2 evaluates.")
        private boolean boxAreas;

        Coco(Cli.Environment environment) {
            this.environment = environment;
        }

        @Override
        public Integer call() {
            return files.score(
                    environment, Map.of(), (truth, predictions) -> CocoScoring.score(truth, predictions, boxAreas));
        }
    }

    @Command(
            name = "panoptic",
            mixinStandardHelpOptions = true,
            versionProvider = Cli.VersionProvider.class,
            description = "PQ, SQ and RQ: COCO's panoptic JSON files and PNG folders, as panopticapi.")
    static final class Panoptic implements Callable<Integer> {
        private final Cli.Environment environment;

        @Mixin
        private Files files;

        @Option(
                names = "--truth-masks",
                paramLabel = "DIR",
                description = "The truth's PNG files; default: the folder named as its file without .json.")
        private Path truthMasks;

        @Option(
                names = "--prediction-masks",
                paramLabel = "DIR",
                description = "The predictions' PNG files; default: as for the truth.")
        private Path predictionMasks;

        Panoptic(Cli.Environment environment) {
            this.environment = environment;
        }

        @Override
        public Integer call() {
            Map<String, Path> folders = new LinkedHashMap<>();
            folders.put("--truth-masks", truthMasks);
            folders.put("--prediction-masks", predictionMasks);
            return files.score(
                    environment,
                    folders,
                    (truth, predictions) -> PanopticScoring.score(truth, truthMasks, predictions, predictionMasks));
        }
    }

    @Command(
            name = "referring",
            mixinStandardHelpOptions = true,
            versionProvider = Cli.VersionProvider.class,
            description = {
                "cIoU, gIoU, Pr@X, N_acc and T_acc by the formulas of LISA, PSALM, LAVT, Sa2VA, ReLA and GSVA.",
                "Lines of JSON; truth: id, mask, ignore, no_target, group; predictions: id, mask, no_target."
            })
    static final class Referring implements Callable<Integer> {
        private final Cli.Environment environment;

        @Mixin
        private Files files;

        @Option(
                names = "--by-group",
                description = "Score the first expression of each group alone, such as one per object.")
        private boolean byGroup;

        Referring(Cli.Environment environment) {
            this.environment = environment;
        }

        @Override
        public Integer call() {
            return files.score(
                    environment, Map.of(), (truth, predictions) -> ReferringScoring.score(truth, predictions, byGroup));
        }
    }

    @Command(
            name = "semantic",
            mixinStandardHelpOptions = true,
            versionProvider = Cli.VersionProvider.class,
            description =
                    "mIoU by detectron2's and mmsegmentation's rules: folders of label maps (PNG, TIFF) of the same"
                            + " names.")
    static final class Semantic implements Callable<Integer> {
        private final Cli.Environment environment;

        @Mixin
        private Files files;

        @Option(
                names = "--classes",
                required = true,
                paramLabel = "N",
                converter = ClassCount.class,
                description = "Number of classes; predictions are 0 to N - 1.")
        private int classes;

        @Option(
                names = "--ignore",
                paramLabel = "VALUE",
                defaultValue = "255",
                description = "Pixels of the truth with this value count nowhere; default: ${DEFAULT-VALUE}.")
        private int ignore;

        @Option(
                names = "--zero-is-ignore",
                description = "The truth is as in ADE20K's files: 0 counts nowhere, other values are a class plus 1.")
        private boolean zeroIsIgnore;

        Semantic(Cli.Environment environment) {
            this.environment = environment;
        }

        @Override
        public Integer call() {
            return files.score(
                    environment,
                    Map.of(),
                    (truth, predictions) -> SemanticScoring.score(
                            truth, predictions, new SemanticScoring.Labels(classes, ignore, zeroIsIgnore)));
        }
    }

    private static final class ClassCount implements ITypeConverter<Integer> {
        /** More than any dataset has; the counts of all pairs are held in memory. */
        private static final int MOST = 1 << 12;

        @Override
        public Integer convert(String text) {
            try {
                int classes = Integer.parseInt(text);
                if (classes >= 1 && classes <= MOST) {
                    return classes;
                }
            } catch (NumberFormatException e) {
                // Said below.
            }
            throw new TypeConversionException("must be a number from 1 to " + MOST + ", not '" + text + "'");
        }
    }

    @Command(
            name = "davis",
            mixinStandardHelpOptions = true,
            versionProvider = Cli.VersionProvider.class,
            description = "J&F of DAVIS 2017 (semi-supervised): folders of palette PNG files, SEQUENCE/FRAME.png, as"
                    + " davis2017-evaluation. --truth is the folder with Annotations and ImageSets.")
    static final class Davis implements Callable<Integer> {
        private final Cli.Environment environment;

        @Mixin
        private Files files;

        @Option(
                names = "--set",
                paramLabel = "NAME",
                defaultValue = "val",
                description = "Which sequences: those of ImageSets/2017/NAME.txt; default: ${DEFAULT-VALUE}.")
        private String set;

        Davis(Cli.Environment environment) {
            this.environment = environment;
        }

        @Override
        public Integer call() {
            return files.score(
                    environment, Map.of(), (truth, predictions) -> DavisScoring.score(truth, predictions, set));
        }
    }
}
