package io.maskroute.job.calibrate;

import io.maskroute.core.calibration.FollowerSums;
import io.maskroute.core.calibration.ProjectorSolver;
import io.maskroute.core.calibration.ProjectorUnit;
import io.maskroute.core.checkpoint.ModelFolder;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.routing.AdapterFolder;
import io.maskroute.core.routing.RoutingAdapter;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.job.calibrate.WorkFolder.State;
import io.maskroute.job.calibrate.WorkFolder.Totals;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.input.PictureOrientation;
import io.maskroute.job.report.CalibrationPage;
import io.maskroute.job.results.CalibrationResult;
import io.maskroute.job.results.CalibrationTable;
import io.maskroute.job.results.Versions;
import io.maskroute.job.run.DtypeChoice;
import io.maskroute.job.run.SegmenterFactory;
import io.maskroute.job.run.SparkSessions;
import io.maskroute.job.storage.Json;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Makes a routing adapter. The dataset is read in passes, each of which fits as many projectors as the sums' memory allows; what
 * a pass has fitted is kept, so that a calibration that was stopped goes on behind it.
 */
public final class Calibration {
    public static final String PAGE = "calibration.html";
    private static final String WORK = "work";
    /** Of an adapter, in the order in which they are removed: without its schedule it is none. */
    private static final List<String> FILES =
            List.of(RoutingAdapter.SCHEDULE_FILE, RoutingAdapter.TENSORS_FILE, CalibrationResult.FILE, PAGE);

    private final JobConfig config;
    private final CalibrationOptions options;
    private final SegmenterFactory segmenters;
    private final PrintWriter progress;
    /** Dense; its dtype may be open still. */
    private final ModelOptions given;

    private final ModelFolder folder;
    private final ModelConfig network;
    private final CalibrationPlan plan;
    private final Path output;

    /** @throws UnusableInputException when the model, the schedule or the output cannot be used */
    public Calibration(
            JobConfig config, CalibrationOptions options, SegmenterFactory segmenters, PrintWriter progress) {
        this.config = config;
        this.options = options;
        this.segmenters = segmenters;
        this.progress = progress;
        this.given = config.model().withRouting(ModelOptions.DENSE);
        this.folder = ModelFolder.open(Path.of(given.path())).withRounding(given.weightsRounding());
        this.network = folder.config();
        this.plan = CalibrationPlan.of(options, network);
        this.output = Path.of(config.output());
        if (!config.fresh() && Files.exists(output.resolve(RoutingAdapter.SCHEDULE_FILE))) {
            throw new UnusableInputException(output + " holds a routing adapter already; give "
                    + (options.work().isEmpty()
                            ? "--fresh to replace it, or another folder"
                            : "another folder: --fresh would replace it, but delete the work in "
                                    + options.work().get() + " too"));
        }
    }

    /** @throws UnusableInputException when the dataset cannot be used or the budget is out of reach */
    public CalibrationResult run() {
        DatasetManifest manifest = DatasetManifest.read(config.dataset(), SparkSessions.hadoop(config));
        String fingerprint = segmenters.inspect(given).fingerprint();
        try {
            return SparkSessions.with(
                    config,
                    spark -> run(
                            InputDataset.open(spark, config.dataset(), manifest),
                            spark,
                            DtypeChoice.settle(spark, given, config.runtime()),
                            fingerprint));
        } finally {
            CalibrationModels.closeAll();
        }
    }

    private CalibrationResult run(InputDataset dataset, SparkSession spark, ModelOptions model, String fingerprint) {
        PictureSample sample = PictureSample.of(dataset, options.limit(), options.heldOut());
        State state = new State(
                State.FORMAT,
                fingerprint,
                model.dtype(),
                config.dataset(),
                orientation(dataset).decoded(),
                sample.identity(),
                sample.pictures(),
                sample.heldOut(),
                plan.projectors(),
                options.ridge());
        Path workPath = options.work().orElse(output.resolve(WORK));
        WorkFolder work = WorkFolder.open(workPath, state, config.fresh());
        try {
            if (config.fresh()) {
                removeAdapter();
            }
            Passes passes = new Passes(dataset, spark, model, sample, work);
            int count = passes.run();
            Totals totals = work.totals().orElseThrow();
            CalibrationOutcome outcome = new CalibrationOutcome(folder, plan, totals, unit -> work.errors(unit));
            RoutingSchedule schedule = outcome.schedule(options.flopsBudget());
            CalibrationResult result = outcome.result(
                    new CalibrationResult.Model(
                            model.path(),
                            fingerprint,
                            model.dtype(),
                            network.llm().layers(),
                            network.imageTokenSide() * network.imageTokenSide(),
                            network.maskDecoder().queries()),
                    config.dataset(),
                    new CalibrationResult.Projectors(plan.projectors(), options.ridge(), passes.sumsBytes()),
                    count);
            write(work, schedule, result);
            if (options.work().isEmpty()) {
                work.delete();
            }
            return result;
        } catch (IOException e) {
            throw new UnusableInputException(output + " cannot be written: " + Reason.of(e), e);
        }
    }

    private PictureOrientation orientation(InputDataset dataset) {
        return PictureOrientation.of(config.orientation(), dataset.manifest());
    }

    /** At the start, so that a calibration that replaces an adapter and is stopped can go on without {@code --fresh}. */
    private void removeAdapter() throws IOException {
        for (String file : FILES) {
            Files.deleteIfExists(output.resolve(file));
        }
    }

    /** The schedule last: a folder that has it is complete, and one that lacks it is finished by the same command. */
    private void write(WorkFolder work, RoutingSchedule schedule, CalibrationResult result) throws IOException {
        Map<String, float[]> projectors = new LinkedHashMap<>();
        for (int layer = 0; layer < network.llm().layers(); layer++) {
            if (schedule.projects(layer)) {
                projectors.putAll(work.get(
                                new ProjectorUnit(layer, schedule.proxies(layer).stride()))
                        .tensors());
            }
        }
        Files.createDirectories(output);
        Files.write(output.resolve(CalibrationResult.FILE), Json.write(result));
        try (OutputStream page = Files.newOutputStream(output.resolve(PAGE))) {
            CalibrationPage.write(CalibrationTable.figures(result), page);
        }
        AdapterFolder.write(
                output,
                schedule,
                network.llm(),
                projectors,
                Map.of(
                        "maskroute",
                        Versions.maskroute(),
                        "model_fingerprint",
                        result.model().fingerprint()));
    }

    /** The dataset, as often as it must be read. */
    private final class Passes {
        private final InputDataset dataset;
        private final ModelOptions model;
        private final JavaSparkContext context;
        private final PictureSample sample;
        private final WorkFolder work;
        private final Broadcast<SerializableConfiguration> hadoop;

        Passes(InputDataset dataset, SparkSession spark, ModelOptions model, PictureSample sample, WorkFolder work) {
            this.dataset = dataset;
            this.model = model;
            this.context = new JavaSparkContext(spark.sparkContext());
            this.sample = sample;
            this.work = work;
            this.hadoop = context.broadcast(
                    new SerializableConfiguration(spark.sessionState().newHadoopConf()));
        }

        /** Bytes of a projector's sums, held-out ones included. */
        private long unitBytes() {
            return 2 * FollowerSums.bytes(network.llm().hidden());
        }

        long sumsBytes() {
            return unitBytes() * Math.min(plan.units().size(), unitsPerPass());
        }

        private int unitsPerPass() {
            return (int) Math.max(1, Math.min(plan.units().size(), options.memory() / unitBytes()));
        }

        /** @return the number of passes that were left to do */
        int run() throws IOException {
            List<ProjectorUnit> left =
                    plan.units().stream().filter(unit -> !work.has(unit)).toList();
            List<List<ProjectorUnit>> groups = new ArrayList<>();
            for (int from = 0; from < left.size(); from += unitsPerPass()) {
                groups.add(left.subList(from, Math.min(left.size(), from + unitsPerPass())));
            }
            if (groups.isEmpty() && work.totals().isEmpty()) {
                groups.add(List.of());
            }
            if (left.size() < plan.units().size()) {
                say(
                        "%d of %d projectors are fitted already",
                        plan.units().size() - left.size(), plan.units().size());
            }
            for (int pass = 0; pass < groups.size(); pass++) {
                say(
                        "pass %d of %d over %d pictures: %d projectors, %.2f GB of sums",
                        pass + 1,
                        groups.size(),
                        sample.pictures(),
                        groups.get(pass).size(),
                        unitBytes() * groups.get(pass).size() / 1e9);
                run(groups.get(pass), work.totals().isEmpty());
            }
            return groups.size();
        }

        private void run(List<ProjectorUnit> units, boolean first) throws IOException {
            List<ProjectorUnit> group = List.copyOf(units);
            CalibrationPartition task = new CalibrationPartition(
                    model,
                    config.runtime(),
                    group,
                    first,
                    orientation(dataset),
                    sample.lastHeldOut(),
                    config.dataset(),
                    dataset.reader(),
                    hadoop);
            List<ProjectorSolver.Options> solvers = group.stream()
                    .map(unit -> plan.solver(unit, options.ridge()))
                    .toList();
            List<SumReduction.Result> results = rows().mapPartitionsToPair(task)
                    .repartitionAndSortWithinPartitions(new SumReduction.ByUnit(group.size()))
                    .mapPartitions(new SumReduction(group, solvers))
                    .collect();
            // The totals first: a projector's file says that its pass is over.
            for (SumReduction.Result result : results) {
                if (result.projector() == null && first) {
                    work.put(new Totals(result.totals()));
                }
            }
            for (SumReduction.Result result : results) {
                if (result.projector() != null) {
                    work.put(result.projector());
                }
            }
        }

        /** As many partitions as tasks: each holds sums of its own. */
        private JavaRDD<Row> rows() {
            Dataset<Row> rows = sample.rows(dataset);
            int executors = context.sc().isLocal()
                    ? 1
                    : Math.max(1, context.sc().getExecutorMemoryStatus().size() - 1);
            int tasks = options.tasks().orElse(executors);
            return (rows.rdd().getNumPartitions() < tasks ? rows.repartition(tasks) : rows.coalesce(tasks)).toJavaRDD();
        }

        private void say(String format, Object... values) {
            progress.println("calibrate: " + String.format(Locale.ROOT, format, values));
            progress.flush();
        }
    }
}
