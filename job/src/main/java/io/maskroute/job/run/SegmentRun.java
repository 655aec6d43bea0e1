package io.maskroute.job.run;

import io.maskroute.core.checkpoint.WeightsRounding;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.job.commit.Lease;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.config.Redaction;
import io.maskroute.job.fetch.ModelFiles;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.input.PictureOrientation;
import io.maskroute.job.results.AdapterCalibration;
import io.maskroute.job.results.CalibrationResult;
import io.maskroute.job.results.RunFingerprint;
import io.maskroute.job.results.RunFolder;
import io.maskroute.job.results.RunRecord;
import io.maskroute.job.results.RunSummary;
import io.maskroute.job.results.Versions;
import io.maskroute.job.storage.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One run of the model over a dataset: the checks that come before anything is written, then a {@link RunSession}. */
public final class SegmentRun {
    private static final Logger LOG = LoggerFactory.getLogger(SegmentRun.class);
    /** Tensors in a line of the log. */
    private static final int NAMED = 10;

    private final String command;
    private final JobConfig config;
    private final FetchingSegmenters factory;
    private final boolean scored;
    private final PrintWriter progress;

    /**
     * @param command for the record
     * @param scored whether scores are what the run is for: then a ground truth that cannot be used fails its row
     * @param progress takes the progress line
     */
    public SegmentRun(
            String command, JobConfig config, SegmenterFactory factory, boolean scored, PrintWriter progress) {
        this(
                command,
                config,
                new FetchingSegmenters(
                        factory, new ModelFiles(config.modelCache().orElse(null))),
                scored,
                progress);
    }

    private SegmentRun(
            String command, JobConfig config, FetchingSegmenters factory, boolean scored, PrintWriter progress) {
        this.command = command;
        this.config = config;
        this.factory = factory;
        this.scored = scored;
        this.progress = progress;
    }

    /**
     * Checks everything that can be checked without Spark, then runs; or continues the run that the output folder holds.
     *
     * @throws UnusableInputException when the dataset, the model or the output cannot be used, or the output holds another
     *     run, or too many prompts fail; a run that did not get as far as its first group leaves nothing in the output
     *     but what it learned of pictures that end executors, for the same command to go on with
     */
    public RunSummary run() {
        try {
            return runAmongOthers();
        } finally {
            ExecutorModels.closeAll();
        }
    }

    /** As {@link #run}, but the model stays open for the next run. */
    private RunSummary runAmongOthers() {
        Configuration hadoop = SparkSessions.hadoop(config);
        DatasetManifest manifest = DatasetManifest.read(config.dataset(), hadoop);
        config.asPublished().ifPresent(published -> published.require(config.dataset(), manifest));
        return withConfig(config.answering(manifest.answer())).run(hadoop, manifest);
    }

    private RunSummary run(Configuration hadoop, DatasetManifest manifest) {
        RunFolder folder = new RunFolder(config.output(), hadoop);
        folder.requireApart(config.dataset());
        boolean held = folder.holdsRun();
        RunRecord.DatasetRecord source = RunRecord.DatasetRecord.of(
                located(config.dataset(), hadoop),
                manifest,
                PictureOrientation.of(config.orientation(), manifest).decoded());
        Optional<SegmenterFactory.ModelSummary> here =
                ModelFiles.isRemote(config.model()) ? Optional.empty() : Optional.of(factory.inspect(config.model()));
        Lease lease = folder.lease(config.groups().lease(), config.groups().takeOver(), line -> {
            progress.println(line);
            progress.flush();
        });
        try {
            folder.doubt().ifPresent(what -> LOG.warn("Nothing but the lease keeps two drivers apart here: {}", what));
            return run(manifest, folder, held, lease, source, here);
        } finally {
            lease.close();
        }
    }

    /**
     * Runs of one model, one after the other, in one Spark session.
     *
     * @param config of one of them: what Spark needs is the same for all
     * @param each hears of each run that has ended
     */
    public static void inOneSession(JobConfig config, List<SegmentRun> runs, BiConsumer<Integer, RunSummary> each) {
        try {
            SparkSessions.with(config, spark -> {
                for (int i = 0; i < runs.size(); i++) {
                    each.accept(i, runs.get(i).runAmongOthers());
                }
                return null;
            });
        } finally {
            ExecutorModels.closeAll();
        }
    }

    private RunSummary run(
            DatasetManifest manifest,
            RunFolder folder,
            boolean held,
            Lease lease,
            RunRecord.DatasetRecord source,
            Optional<SegmenterFactory.ModelSummary> here) {
        Optional<RunRecord> earlier =
                folder.has(RunFolder.RUN) && !config.fresh() ? Optional.of(folder.record()) : Optional.empty();
        if (earlier.isPresent() && folder.isOfBeforeGroups()) {
            throw new UnusableInputException("the output " + config.output() + " holds the run of an older maskroute,"
                    + " which this one can report and score, but not continue: name another folder with --output, or"
                    + " start over with --fresh");
        }
        Optional<SegmentRun> settled = DtypeChoice.known(
                        config.model(), config.runtime(), earlier, SparkSessions.isLocal(config))
                .map(model -> withConfig(config.withDtype(model.dtype())));
        // What cannot be continued is refused before Spark starts, where that can be known.
        earlier.ifPresent(record -> here.ifPresent(
                model -> settled.ifPresent(run -> run.requireSame(record, run.fingerprint(source, model)))));
        AtomicBoolean begun = new AtomicBoolean(!held);
        boolean done = false;
        try {
            RunSummary summary = SparkSessions.with(config, spark -> settled.orElseGet(() ->
                            withConfig(config.withDtype(DtypeChoice.settle(spark, config.model(), config.runtime())
                                    .dtype())))
                    .run(spark, manifest, folder, lease, source, earlier, here, begun));
            done = true;
            return summary;
        } finally {
            if (!done && begun.get() && earlier.isEmpty() && !worthKeeping(folder)) {
                lease.close();
                remove(folder);
            }
        }
    }

    /** What has been committed, and what is known of pictures that end executors, is for the same command to go on with. */
    private static boolean worthKeeping(RunFolder folder) {
        try {
            return !folder.groups().refresh().isEmpty() || folder.hasSuspects();
        } catch (UnusableInputException e) {
            return true;
        }
    }

    private SegmentRun withConfig(JobConfig other) {
        return new SegmentRun(command, other, factory, scored, progress);
    }

    private RunSummary run(
            SparkSession spark,
            DatasetManifest manifest,
            RunFolder folder,
            Lease lease,
            RunRecord.DatasetRecord source,
            Optional<RunRecord> earlier,
            Optional<SegmenterFactory.ModelSummary> here,
            AtomicBoolean begun) {
        InputDataset dataset =
                SparkSteps.named(spark.sparkContext(), "open " + config.dataset(), () -> InputDataset.openReadable(
                                spark, config.dataset(), manifest)
                        .limited(config.limit()));
        dataset.unreadable().values().forEach(reason -> LOG.warn("Going on without a file: {}", reason));
        InputDataset.Counts counts = SparkSteps.named(
                spark.sparkContext(), "count the images and prompts of " + config.dataset(), dataset::counts);
        if (counts.prompts() == 0) {
            dataset.requirePrompts();
            dataset.unreadable().values().stream().findFirst().ifPresent(reason -> {
                throw new UnusableInputException(reason);
            });
            throw new UnusableInputException("the dataset " + config.dataset() + " has no prompts (" + counts.images()
                    + " images): there is nothing to do");
        }
        SegmenterFactory.ModelSummary model =
                here.orElseGet(() -> RemoteInspection.run(spark, factory, config.model()));
        RunFingerprint fingerprint = fingerprint(source, model);
        earlier.ifPresent(record -> requireSame(record, fingerprint));
        say(model);
        loadIfLocal(spark);
        RunRecord record = earlier.orElseGet(() -> {
            begun.set(true);
            return begin(spark, folder, source, fingerprint, model.unknownWeights());
        });
        lease.describe(record.runId(), spark.sparkContext().applicationId());
        return new RunSession(spark, config, factory, model, scored, progress, folder, lease, dataset, counts, record)
                .run(notes(model));
    }

    /** What is passed over must be known to whoever reads the figures. */
    private void say(SegmenterFactory.ModelSummary model) {
        model.notes().forEach(LOG::warn);
        List<String> unknown = model.unknownWeights();
        if (!unknown.isEmpty()) {
            LOG.warn(
                    "Passing over {} tensors of {} that no part of the model has ({}{}); {} lists them",
                    unknown.size(),
                    config.model().path(),
                    String.join(", ", unknown.subList(0, Math.min(NAMED, unknown.size()))),
                    unknown.size() > NAMED ? ", …" : "",
                    RunFolder.RUN);
        }
    }

    private RunFingerprint fingerprint(RunRecord.DatasetRecord source, SegmenterFactory.ModelSummary model) {
        Map<String, String> parts = new LinkedHashMap<>();
        parts.put("the dataset's path", source.path());
        parts.put("the dataset's name", source.name());
        parts.put("the dataset's split", source.split());
        parts.put("the protocol", source.protocol());
        parts.put("the ground truth's raster", source.groundTruthRaster());
        parts.put(RunFingerprint.ORIENTATION, source.orientation().label());
        parts.put(
                RunFingerprint.LIMIT,
                config.limit().isPresent() ? String.valueOf(config.limit().getAsLong()) : null);
        parts.put("the model", model.fingerprint());
        parts.put("the routing", model.routingFingerprint());
        parts.put(RunFingerprint.DTYPE, config.model().dtype());
        parts.put(
                "model.weights-rounding",
                config.model().weightsRounding() == WeightsRounding.NONE
                        ? null
                        : config.model().weightsRounding().label());
        // On a CPU there is none, and where it is off runs of older versions can be continued.
        parts.put("runtime.tf32", config.model().tf32() ? "true" : null);
        parts.put("model.allow-partial", String.valueOf(config.model().allowPartial()));
        parts.put(
                RunFingerprint.UNION,
                config.model().union() == null
                        ? null
                        : String.valueOf(config.model().union()));
        parts.put(RunFingerprint.MIN_SCORE, model.minScore() == 0 ? null : String.valueOf(model.minScore()));
        parts.put(
                "model.max-masks",
                config.model().maxMasks() == Integer.MAX_VALUE
                        ? null
                        : String.valueOf(config.model().maxMasks()));
        parts.put("the command", command);
        parts.put("metrics.empty-union", config.rules().emptyUnion().name().toLowerCase(Locale.ROOT));
        return new RunFingerprint(parts);
    }

    private void requireSame(RunRecord earlier, RunFingerprint now) {
        String otherwise = ": name another folder with --output, or start over with --fresh";
        if (earlier.fingerprint() == null) {
            throw new UnusableInputException("the output " + config.output()
                    + " holds the run of a maskroute that could not continue runs" + otherwise);
        }
        List<String> differences = earlier.fingerprint().differencesTo(now);
        if (!differences.isEmpty()) {
            throw new UnusableInputException("the output " + config.output() + " holds another run ("
                    + String.join("; ", differences) + ")" + otherwise);
        }
    }

    private RunRecord begin(
            SparkSession spark,
            RunFolder folder,
            RunRecord.DatasetRecord source,
            RunFingerprint fingerprint,
            List<String> unknownWeights) {
        folder.clear();
        String id = UUID.randomUUID().toString();
        RunRecord record = new RunRecord(
                id,
                command,
                now(),
                null,
                source,
                fingerprint,
                null,
                Versions.all(spark.version()),
                unknownWeights,
                config.resolved());
        folder.write(RunFolder.RUN, out -> out.write(Json.write(record)));
        if (!config.model().routing().equals(ModelOptions.DENSE)) {
            // A report may be written when the adapter is gone.
            AdapterCalibration.read(
                            config.model().routing(), spark.sessionState().newHadoopConf())
                    .ifPresent(made -> folder.write(CalibrationResult.FILE, out -> out.write(Json.write(made))));
        }
        return record;
    }

    /** Where driver and executor are one JVM, a model that does not load is known before anything is written. */
    private void loadIfLocal(SparkSession spark) {
        if (!spark.sparkContext().isLocal()) {
            return;
        }
        AssignedDevices devices = AssignedDevices.ofThisJvm(config.model(), config.runtime());
        try {
            ExecutorModels.get(factory, devices, config.runtime()).awaitModel();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the model was loading", e);
        }
    }

    private static List<String> notes(SegmenterFactory.ModelSummary model) {
        List<String> notes = new ArrayList<>();
        if (model.randomWeights()) {
            notes.add("The model's weights are random numbers: it shows that everything runs, and its masks and metrics"
                    + " mean nothing.");
        }
        return notes;
    }

    /** Absolute, so that a report can be made from anywhere. */
    private static String located(String dataset, Configuration hadoop) {
        Path path = HadoopFiles.path(dataset);
        try {
            return Redaction.uri(
                    HadoopFiles.fileSystem(path, hadoop).makeQualified(path).toString());
        } catch (IOException e) {
            throw new UnusableInputException("the dataset " + dataset + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static void remove(RunFolder folder) {
        try {
            folder.remove();
        } catch (IOException e) {
            LOG.warn("{} is incomplete and could not be removed: {}", folder, e.getMessage());
        }
    }

    static String now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
