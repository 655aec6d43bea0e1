package io.maskroute.job.run;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.input.ImageBytes;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.input.PictureOrientation;
import io.maskroute.job.predictions.PredictionSchema;
import io.maskroute.job.report.ReportData;
import io.maskroute.job.report.ReportWriter;
import io.maskroute.job.results.Json;
import io.maskroute.job.results.PredictionFigures;
import io.maskroute.job.results.ReportSource;
import io.maskroute.job.results.RunConditions;
import io.maskroute.job.results.RunFolder;
import io.maskroute.job.results.RunRecord;
import io.maskroute.job.results.RunSummary;
import io.maskroute.job.results.WaveFolders;
import io.maskroute.job.scoring.Scoring;
import java.io.PrintWriter;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.LongAccumulator;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What one process does of a run: all of it, or what an earlier one has left. The run folder exists and is this run's. */
final class RunSession {
    private static final Logger LOG = LoggerFactory.getLogger(RunSession.class);

    private final SparkSession spark;
    private final JobConfig config;
    private final PrintWriter progress;
    private final RunFolder folder;
    private final WaveFolders folders;
    private final InputDataset dataset;
    private final InputDataset.Counts counts;
    private final RunRecord record;
    private final double minScore;
    private final PictureOrientation orientation;
    private final LongAccumulator ok;
    private final LongAccumulator failed;
    private final SegmentPartition task;
    private Outcome sofar = new Outcome(0, 0, 0);
    private Outcome here = new Outcome(0, 0, 0);
    private double seconds;

    /** What became of some prompts, and how many pictures they belong to. */
    private record Outcome(long prompts, long failed, long images) {
        Outcome plus(Outcome other) {
            return new Outcome(prompts + other.prompts, failed + other.failed, images + other.images);
        }
    }

    RunSession(
            SparkSession spark,
            JobConfig config,
            SegmenterFactory factory,
            SegmenterFactory.ModelSummary model,
            boolean scored,
            PrintWriter progress,
            RunFolder folder,
            InputDataset dataset,
            InputDataset.Counts counts,
            RunRecord record) {
        this.spark = spark;
        this.config = config;
        this.progress = progress;
        this.folder = folder;
        this.folders = folder.waves();
        this.dataset = dataset;
        this.counts = counts;
        this.record = record;
        this.minScore = model.minScore();
        this.orientation = PictureOrientation.of(config.orientation(), dataset.manifest());
        ok = spark.sparkContext().longAccumulator("prompts ok");
        failed = spark.sparkContext().longAccumulator("prompts failed");
        task = new SegmentPartition(
                new SegmentTask(
                        factory,
                        config.model(),
                        model,
                        config.runtime(),
                        new Scoring(scored, config.rules().emptyUnion()),
                        record.runId(),
                        orientation,
                        dataset.path(),
                        dataset.reader(),
                        folder.suspects(),
                        JavaSparkContext.fromSparkContext(spark.sparkContext())
                                .broadcast(new SerializableConfiguration(
                                        spark.sessionState().newHadoopConf()))),
                ok,
                failed);
    }

    /** @param notes go into the summary */
    RunSummary run(List<String> notes) {
        folders.deleteReplaced();
        Set<Integer> written = folders.committed().keySet();
        Waves waves =
                new Waves(spark, dataset, record.checkpoint() == null ? folder.checkpoint() : record.checkpoint());
        waves.requireProcessedFiles(folders);
        Optional<RunSummary> finished = folder.summary();
        if (!written.isEmpty()) {
            sofar = step(
                    "count the earlier waves", () -> outcome(folders.committed().values()));
            progress.printf(
                    Locale.ROOT,
                    "continuing %s: %,d of %,d prompts are done, in %,d waves%n",
                    folder,
                    sofar.prompts(),
                    counts.prompts(),
                    written.size());
            progress.flush();
        }
        if (config.retryFailed() && !written.isEmpty()) {
            retry();
        }
        watched(
                counts.prompts() - sofar.prompts(),
                () -> waves.process(config.waves(), (files, wave) -> {
                    if (!written.contains(wave)) {
                        segment(files.get(), wave);
                    }
                    requireFewFailures();
                }));
        // Where no wave was left to do, nobody has asked yet.
        requireFewFailures();
        // A wave whose pictures have no prompts is something new, too.
        if (here.prompts() == 0 && finished.isPresent() && folder.has(RunFolder.SUMMARY)) {
            progress.println("the run in " + folder + " is finished, and its dataset has nothing new");
            progress.flush();
            return finished.get();
        }
        return sumUp(notes);
    }

    private void segment(InputDataset files, int wave) {
        // From here on the folder is no finished run any more, if it was one.
        folder.delete(RunFolder.SUMMARY);
        long start = System.nanoTime();
        WaveFolders.Wave place = folders.wave(wave, 0);
        step("segment wave " + wave, () -> {
            folders.write(
                    spark.createDataFrame(files.pictures().mapPartitions(task::call), PredictionSchema.struct()),
                    place,
                    config.waves().fileBytes());
            return null;
        });
        seconds += (System.nanoTime() - start) / 1e9;
        Outcome outcome = step("count wave " + wave, () -> outcome(List.of(place)));
        LOG.info("Wave {}: {} prompts, {} failed", wave, outcome.prompts(), outcome.failed());
        sofar = sofar.plus(outcome);
        here = here.plus(outcome);
    }

    private void retry() {
        FailedPrompts prompts = new FailedPrompts(spark, folder);
        long count = step("count the failed prompts", prompts::count);
        if (count == 0) {
            return;
        }
        folder.delete(RunFolder.SUMMARY);
        folder.beginRetry();
        long images = step("count the pictures of the failed prompts", prompts::images);
        long start = System.nanoTime();
        watched(count, () -> prompts.retry(dataset, task, config.waves().fileBytes(), count));
        folder.endRetry();
        seconds += (System.nanoTime() - start) / 1e9;
        Outcome before = sofar;
        sofar = step("count the waves", () -> outcome(folders.committed().values()));
        here = here.plus(new Outcome(count, 0, images));
        LOG.info("Of {} failed prompts, {} failed again", before.failed(), sofar.failed());
    }

    private void watched(long prompts, Runnable work) {
        ok.reset();
        failed.reset();
        try (ProgressLine line = new ProgressLine(
                prompts, ok, failed, () -> ClusterStats.current().busyShare(), config.progressInterval(), progress)) {
            spark.sparkContext().addSparkListener(line);
            try {
                work.run();
            } finally {
                spark.sparkContext().removeSparkListener(line);
            }
        }
    }

    private <T> T step(String what, Supplier<T> work) {
        return SparkSteps.named(spark.sparkContext(), what + " of " + dataset.path(), work);
    }

    private void requireFewFailures() {
        if (sofar.failed() > config.waves().maxFailureRate() * sofar.prompts()) {
            throw new UnusableInputException(String.format(
                    Locale.ROOT,
                    "%,d of the first %,d prompts failed, a larger share than --max-failure-rate %s allows; what is done"
                            + " is kept: look at the column error of %s, and when the cause is gone, give the same"
                            + " command with --retry-failed (or with a higher rate)",
                    sofar.failed(),
                    sofar.prompts(),
                    config.waves().maxFailureRate(),
                    folder.predictions()));
        }
    }

    private Outcome outcome(Collection<WaveFolders.Wave> waves) {
        Row row = folders.read(spark, waves)
                .agg(
                        count(lit(1)),
                        coalesce(
                                sum(col("status")
                                        .equalTo(PredictionSchema.FAILED)
                                        .cast("long")),
                                lit(0L)),
                        countDistinct(col("image_id")))
                .first();
        return new Outcome(row.getLong(0), row.getLong(1), row.getLong(2));
    }

    private RunSummary sumUp(List<String> notes) {
        Map<Integer, WaveFolders.Wave> committed = folders.committed();
        Dataset<Row> predictions = folders.read(spark, committed.values());
        RunRecord finished =
                record.finish(SegmentRun.now(), step("list the models", () -> PredictionFigures.models(predictions)));
        RunSummary summary = step(
                "sum up the predictions",
                () -> PredictionFigures.of(
                        predictions,
                        counts,
                        config.rules(),
                        new PredictionFigures.About(
                                record.runId(),
                                notes,
                                RunConditions.of(record.dataset(), config),
                                minScore,
                                here.prompts() == 0
                                        ? null
                                        : new RunSummary.Throughput(
                                                seconds, here.images() / seconds, here.prompts() / seconds))));
        if (summary.prompts() != counts.prompts()) {
            throw new UnusableInputException("the dataset " + dataset.path() + " had " + counts.prompts()
                    + " prompts when the run started, but there are " + summary.prompts()
                    + " predictions; was it changed meanwhile? What is done is kept: give the same command again");
        }
        ImageBytes images = new ImageBytes(
                dataset.path(),
                config.runtime().imageRoots(),
                spark.sessionState().newHadoopConf(),
                config.runtime().maxImageBytes());
        report(new ReportSource(summary, finished, predictions, dataset, images, orientation, folder.calibration()));
        folder.write(RunFolder.RUN, out -> out.write(Json.write(finished)));
        folder.write(RunFolder.SUMMARY, out -> out.write(Json.write(summary)));
        folder.deleteSuspects();
        return summary;
    }

    /** A run is finished without its report, too: pictures that the driver cannot hold must not keep its figures back. */
    private void report(ReportSource source) {
        try {
            ReportData data = step("gather the report", () -> source.gather(config.reportSamples()));
            folder.write(RunFolder.REPORT, out -> ReportWriter.write(data, out));
        } catch (Exception | OutOfMemoryError e) {
            // Not only RuntimeException: Scala declares nothing, and Spark's own exceptions are checked ones.
            LOG.warn("The report of {} could not be made", folder, e);
            progress.printf(
                    Locale.ROOT,
                    "the report could not be made: %s; give report %s, with fewer pictures (-s report.samples=8) if they"
                            + " are large%n",
                    e,
                    folder);
            progress.flush();
        }
    }
}
