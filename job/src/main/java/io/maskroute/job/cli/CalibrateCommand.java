package io.maskroute.job.cli;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigMemorySize;
import com.typesafe.config.ConfigValueFactory;
import io.maskroute.core.calibration.ProjectorSolver;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.routing.RoutingSchedule.ProjectorKind;
import io.maskroute.core.routing.RoutingScheduleReader;
import io.maskroute.job.calibrate.Calibration;
import io.maskroute.job.calibrate.CalibrationOptions;
import io.maskroute.job.config.ConfigurationException;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.results.CalibrationResult;
import io.maskroute.job.results.CalibrationTable;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "calibrate",
        mixinStandardHelpOptions = true,
        versionProvider = Cli.VersionProvider.class,
        description =
                "A routing adapter from a dense model and a dataset: projectors in closed form, and a schedule under a"
                        + " budget of FLOPs.")
final class CalibrateCommand implements Callable<Integer> {
    private static final String BUDGET = "0.56";

    private final Cli.Environment environment;

    @Mixin
    private JsonArgument json;

    @Mixin
    private ConfigArguments configuration;

    @Option(names = "--model", paramLabel = "DIR", description = "Model folder.")
    private String model;

    @Option(names = "--dataset", paramLabel = "DIR", description = "Dataset folder (Parquet with _maskroute.json).")
    private String dataset;

    @Option(
            names = "--output",
            paramLabel = "DIR",
            description =
                    "Adapter folder to be made, on this machine; or to be continued, if it holds the same calibration"
                            + " unfinished.")
    private String output;

    @Option(names = "--fresh", description = "Start over, and replace an adapter that is there.")
    private Boolean fresh;

    @Option(
            names = "--flops-budget",
            paramLabel = "SHARE",
            description = "Choose the schedule: the LLM FLOPs of a prompt alone may be this share of dense; default: "
                    + BUDGET + ".")
    private Double flopsBudget;

    @Option(
            names = "--schedule",
            paramLabel = "FILE",
            description = "Fit the projectors of this routing.json instead of choosing a schedule.")
    private Path schedule;

    @Option(
            names = "--strides",
            paramLabel = "K",
            split = ",",
            description = "Strides of the proxies' grid to choose from; default: 2,3,4.")
    private List<Integer> strides;

    @Option(
            names = "--kind",
            paramLabel = "KIND",
            defaultValue = "linear",
            converter = KindConverter.class,
            description = "Of the projectors: linear. An mlp has no closed form. Default: ${DEFAULT-VALUE}.")
    private ProjectorKind kind;

    @Option(
            names = "--rank",
            paramLabel = "R",
            description = "Of the projectors; default: a sixteenth of the LLM's width.")
    private Integer rank;

    @Option(
            names = "--delta-rank",
            paramLabel = "Q",
            description =
                    "Of the projectors' delta term, 0 for none; default: that of the schedule, or a sixteenth of the"
                            + " LLM's width.")
    private Integer deltaRank;

    @Option(
            names = "--ridge",
            paramLabel = "SHARE",
            description =
                    "Added to the diagonals of the second moments, as a share of them; default: the LLM's width over"
                            + " the number of tokens fitted to.")
    private Double ridge;

    @Option(
            names = "--held-out",
            paramLabel = "SHARE",
            defaultValue = "0.1",
            description = "Of the pictures, to measure errors on; default: ${DEFAULT-VALUE}.")
    private double heldOut;

    @Option(names = "--limit", paramLabel = "N", description = "Use this many pictures, chosen by hash; default: all.")
    private Long limit;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            defaultValue = "2g",
            description =
                    "What the sums of a task may take, such as 512m: fewer projectors are fitted in a pass, and more"
                            + " passes made. Default: ${DEFAULT-VALUE}.")
    private String memory;

    @Option(
            names = "--work",
            paramLabel = "DIR",
            description =
                    "Keep all projectors here. The same folder with another budget reads no data again. Default: a"
                            + " folder in the output that is removed in the end.")
    private Path work;

    @Option(
            names = "--tasks",
            paramLabel = "N",
            description = "That read the dataset at once, each with sums of its own; default: one per executor.")
    private Integer tasks;

    @Option(names = "--dtype", paramLabel = "TYPE", description = DtypeOption.DESCRIPTION)
    private String dtype;

    @Option(names = "--device", paramLabel = "DEVICE", description = DeviceOption.OF_RUNS)
    private String device;

    @Option(
            names = "--allow-partial",
            description = "Go on with weights that are missing or have another shape, as zeros.")
    private Boolean allowPartial;

    CalibrateCommand(Cli.Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        CalibrationOptions options = options();
        JobConfig config = configuration.load(environment.home(), settings());
        json.requireWritable();
        config.dataset();
        LocalPaths.require(
                "calibrate",
                Map.of(
                        "--model",
                        config.model().path(),
                        "--output",
                        config.output(),
                        "--work",
                        options.work().map(Path::toString).orElse("")));
        CalibrationResult result = new Calibration(config, options, environment.segmenters(), environment.err()).run();
        CalibrationTable.lines(result).forEach(environment.out()::println);
        environment.out().println();
        environment.out().println("adapter       " + config.output());
        environment.out().println("page          " + Path.of(config.output()).resolve(Calibration.PAGE));
        json.write(result);
        return Cli.DONE;
    }

    private CalibrationOptions options() {
        if (kind != ProjectorKind.LINEAR) {
            throw new ConfigurationException(
                    "--kind mlp has no closed form; calibrate makes linear projectors, so leave --kind out");
        }
        if (schedule != null) {
            refuseWithSchedule("--flops-budget", flopsBudget);
            refuseWithSchedule("--strides", strides);
            refuseWithSchedule("--rank", rank);
        }
        List<Integer> candidates = strides == null ? List.of(2, 3, 4) : strides;
        if (candidates.isEmpty() || candidates.stream().anyMatch(stride -> stride < 2)) {
            throw new ConfigurationException("--strides must be 2 or more each, not " + candidates);
        }
        require("--flops-budget", flopsBudget == null || flopsBudget > 0 && flopsBudget <= 1, "above 0, at most 1");
        require("--rank", rank == null || rank >= 1, "at least 1");
        require("--delta-rank", deltaRank == null || deltaRank >= 0, "at least 0");
        require("--ridge", ridge == null || ridge > 0 && Double.isFinite(ridge), "above 0");
        require("--held-out", heldOut > 0 && heldOut < 1, "above 0, below 1");
        require("--limit", limit == null || limit >= 2, "at least 2");
        require("--tasks", tasks == null || tasks >= 1, "at least 1");
        Optional<RoutingSchedule> given = Optional.ofNullable(schedule).map(RoutingScheduleReader::read);
        return new CalibrationOptions(
                flopsBudget == null ? Double.parseDouble(BUDGET) : flopsBudget,
                given,
                candidates.stream().distinct().sorted().toList(),
                optional(rank),
                optional(deltaRank),
                ridge == null ? ProjectorSolver.Options.BY_SAMPLES : ridge,
                heldOut,
                limit == null ? OptionalLong.empty() : OptionalLong.of(limit),
                memory(),
                Optional.ofNullable(work),
                optional(tasks));
    }

    private static OptionalInt optional(Integer value) {
        return value == null ? OptionalInt.empty() : OptionalInt.of(value);
    }

    private static void refuseWithSchedule(String option, Object value) {
        if (value != null) {
            throw new ConfigurationException(option + " has no meaning with --schedule, which says all of it");
        }
    }

    private static void require(String option, boolean holds, String form) {
        if (!holds) {
            throw new ConfigurationException(option + " must be " + form);
        }
    }

    /** As sizes are written in the configuration. */
    private long memory() {
        try {
            ConfigMemorySize size =
                    ConfigValueFactory.fromAnyRef(memory).atKey("memory").getMemorySize("memory");
            require("--memory", size.toBytes() > 0, "more than nothing");
            return size.toBytes();
        } catch (ConfigException e) {
            throw new ConfigurationException("--memory cannot be \"" + memory + "\"; write a size such as 512m or 2g");
        }
    }

    private Map<String, Object> settings() {
        Map<String, Object> settings = new HashMap<>();
        settings.put("model.path", model);
        settings.put("dataset.path", dataset);
        settings.put("output.path", output);
        settings.put("output.fresh", fresh);
        settings.put("model.dtype", dtype);
        settings.put("model.device", device);
        settings.put("model.allow-partial", allowPartial);
        return settings;
    }

    private static final class KindConverter extends LabelConverter<ProjectorKind> {
        KindConverter() {
            super(ProjectorKind.values(), ProjectorKind::label);
        }
    }
}
