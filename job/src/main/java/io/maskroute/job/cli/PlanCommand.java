package io.maskroute.job.cli;

import io.maskroute.job.bench.BenchResult;
import io.maskroute.job.config.ConfigurationException;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.plan.Fleet;
import io.maskroute.job.plan.Plan;
import io.maskroute.job.plan.PlanResult;
import io.maskroute.job.plan.PlanTable;
import io.maskroute.job.storage.Json;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "plan",
        mixinStandardHelpOptions = true,
        versionProvider = Cli.VersionProvider.class,
        description =
                "Tokens, FLOPs, memory and time of a dataset under a model and a routing; loads no weights and reads no"
                        + " images.")
final class PlanCommand implements Callable<Integer> {
    private final Cli.Environment environment;

    @Mixin
    private JsonArgument json;

    @Mixin
    private ConfigArguments configuration;

    @Option(names = "--model", paramLabel = "DIR", description = "Model folder.")
    private String model;

    @Option(names = "--dataset", paramLabel = "DIR", description = "Dataset folder (Parquet with _maskroute.json).")
    private String dataset;

    @Mixin
    private LimitOption limit;

    @Option(
            names = "--routing",
            paramLabel = "SCHEDULE",
            description = "dense, a routing.json, or a folder with routing.json and routing.safetensors.")
    private String routing;

    @Option(names = "--dtype", paramLabel = "TYPE", description = DtypeOption.DESCRIPTION)
    private String dtype;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            description =
                    "auto (that of --bench, else this machine's), cpu, or cuda:N or gpu, where more prompts and pictures go through the model together.")
    private String device;

    @Option(
            names = "--bench",
            paramLabel = "FILE",
            description = "What bench --json measured of this model on such an executor; gives the time.")
    private Path bench;

    @Option(names = "--executors", paramLabel = "N", description = "Executors that share the work; default: 1.")
    private Integer executors;

    @Option(
            names = "--hours",
            paramLabel = "H",
            description = "Instead of --executors: the time the run may take; gives the executors needed.")
    private Double hours;

    @Option(
            names = "--measured-run",
            paramLabel = "DIR",
            description =
                    "Run folder of a finished run on such executors and pictures: says how many cores must prepare"
                            + " pictures to keep a model busy.")
    private String measuredRun;

    @Option(
            names = "--cores",
            paramLabel = "N",
            defaultValue = "8",
            description = "Cores of an executor, for --measured-run; default: ${DEFAULT-VALUE}.")
    private int cores;

    PlanCommand(Cli.Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        Fleet fleet = new Fleet(Optional.ofNullable(executors), Optional.ofNullable(hours), cores);
        if (bench == null && (hours != null || measuredRun != null)) {
            throw new ConfigurationException((hours != null ? "--hours" : "--measured-run")
                    + " needs --bench FILE, which says how fast an executor is");
        }
        JobConfig config = configuration.load(environment.home(), options());
        json.requireWritable();
        Optional<BenchResult> measured = Optional.ofNullable(bench).map(file -> Json.read(file, BenchResult.class));
        PlanResult plan =
                new Plan(config, measured, String.valueOf(bench), fleet, Optional.ofNullable(measuredRun)).run();
        PlanTable.lines(plan).forEach(environment.out()::println);
        json.write(plan);
        return Cli.DONE;
    }

    private Map<String, Object> options() {
        Map<String, Object> options = new HashMap<>();
        options.put("model.path", model);
        options.put("dataset.path", dataset);
        options.put(LimitOption.KEY, limit.pictures());
        options.put("model.routing", routing);
        options.put("model.dtype", dtype);
        options.put("model.device", device);
        return options;
    }
}
