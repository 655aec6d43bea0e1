package io.maskroute.job.run;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.parquet.RowSlice;
import io.maskroute.job.commit.Lease;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.input.ImageBytes;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.input.PictureOrientation;
import io.maskroute.job.input.Prompts;
import io.maskroute.job.report.ReportData;
import io.maskroute.job.report.ReportWriter;
import io.maskroute.job.results.DatasetScores;
import io.maskroute.job.results.PredictionFigures;
import io.maskroute.job.results.PredictionTable;
import io.maskroute.job.results.ReportSource;
import io.maskroute.job.results.RunConditions;
import io.maskroute.job.results.RunFolder;
import io.maskroute.job.results.RunRecord;
import io.maskroute.job.results.RunSummary;
import io.maskroute.job.scoring.Scoring;
import io.maskroute.job.storage.Json;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
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
    private final Committing done;
    private final InputDataset dataset;
    private final InputDataset.Counts counts;
    private final RunRecord record;
    private final double minScore;
    private final PictureOrientation orientation;
    private final LongAccumulator ok;
    private final LongAccumulator failed;
    private final SegmentPartition task;
    private final PredictionWriting writing;
    private final LostRows lost;
    private final boolean begun;
    private long promptsHere;
    private long picturesHere;
    private boolean changed;
    private double seconds;

    /** @param lease of the folder */
    RunSession(
            SparkSession spark,
            JobConfig config,
            SegmenterFactory factory,
            SegmenterFactory.ModelSummary model,
            boolean scored,
            PrintWriter progress,
            RunFolder folder,
            Lease lease,
            InputDataset dataset,
            InputDataset.Counts counts,
            RunRecord record) {
        this.spark = spark;
        this.config = config;
        this.progress = progress;
        this.folder = folder;
        this.done = new Committing(
                folder, lease, record.runId(), record.fingerprint().digest());
        this.dataset = dataset;
        this.counts = counts;
        this.record = record;
        this.minScore = model.minScore();
        this.orientation = PictureOrientation.of(config.orientation(), dataset.manifest());
        ok = spark.sparkContext().longAccumulator("prompts ok");
        failed = spark.sparkContext().longAccumulator("prompts failed");
        Broadcast<SerializableConfiguration> hadoop = JavaSparkContext.fromSparkContext(spark.sparkContext())
                .broadcast(new SerializableConfiguration(spark.sessionState().newHadoopConf()));
        task = new SegmentPartition(
                new SegmentTask(
                        factory,
                        config.model(),
                        model,
                        config.runtime(),
                        Prompts.of(dataset.manifest()),
                        new Scoring(scored, config.rules().emptyUnion()),
                        record.runId(),
                        orientation,
                        dataset.path(),
                        dataset.reader(),
                        folder.suspects(),
                        hadoop),
                ok,
                failed);
        // Names of files must differ from those of any other driver.
        writing = new PredictionWriting(
                folder.predictionFiles().hidden(),
                String.format(
                        Locale.ROOT,
                        "%06d-%s",
                        lease.epoch(),
                        UUID.randomUUID().toString().substring(0, 8)),
                hadoop);
        lost = new LostRows(spark.sparkContext());
        done.refresh();
        begun = !done.isEmpty();
    }

    /**
     * @param notes go into the summary
     * @throws UnusableInputException when the dataset cannot be gone on with, too much has failed, or another driver has taken over
     */
    RunSummary run(List<String> notes) {
        try {
            return work(notes);
        } catch (Ending.EndedException e) {
            throw e;
        } catch (Exception e) {
            // A driver that took over has tidied up, which shows here in many ways. Scala declares nothing, and Spark's
            // own
            // exceptions are checked ones.
            done.requireHeld();
            throw e;
        }
    }

    private RunSummary work(List<String> notes) {
        Optional<RunSummary> finished = folder.summary();
        List<RowSlice> left = done.left(dataset);
        if (begun) {
            progress.printf(
                    Locale.ROOT,
                    "continuing %s: %,d of %,d prompts are done, in %,d groups%n",
                    folder,
                    done.prompts(),
                    counts.prompts(),
                    done.entries().size());
            progress.flush();
            if (config.retryFailed()) {
                retry();
            }
        }
        requireFewFailures();
        long start = System.nanoTime();
        while (!left.isEmpty()) {
            try {
                segment(left);
                left = List.of();
            } catch (Ending.EndedException e) {
                throw new Ending.EndedException(String.format(
                        Locale.ROOT,
                        "ended by a signal: %,d of %,d prompts are done and stay; the same command goes on",
                        done.prompts(),
                        counts.prompts()));
            } catch (Committing.OvertakenException e) {
                LOG.warn("{}; going on with what is left", e.getMessage());
                done.refresh();
                left = done.left(dataset);
            }
        }
        seconds += (System.nanoTime() - start) / 1e9;
        if (done.isEmpty()) {
            throw new UnusableInputException("not one picture of the dataset " + dataset.path() + " can be read: "
                    + lost.all().get(0).reason());
        }
        if (!changed && finished.isPresent()) {
            progress.println("the run in " + folder + " is finished, and its dataset has nothing new");
            progress.flush();
            return finished.get();
        }
        return sumUp(notes);
    }

    private void segment(List<RowSlice> left) {
        GroupWork work = new GroupWork(spark.sparkContext(), dataset, task, writing, config.groups(), lost);
        watched(
                counts.prompts() - done.prompts(),
                () -> work.process(left, (files, units) -> {
                    commit("group", files, joined -> done.add(joined, units));
                    promptsHere += files.stream().mapToLong(WrittenFile::rows).sum();
                    picturesHere += units.stream().mapToLong(RowSlice::count).sum();
                    LOG.info(
                            "Group {}: {} prompts are done, {} of them failed",
                            done.entries().size(),
                            done.prompts(),
                            done.failed());
                    requireFewFailures();
                }));
    }

    /** Commits what tasks have written, joined into files of a good size. */
    private void commit(String what, List<WrittenFile> written, Consumer<List<WrittenFile>> commit) {
        List<WrittenFile> files = joined(what, written);
        commit.accept(files);
        changed = true;
        folder.predictionFiles()
                .discard(written.stream()
                        .filter(file -> !files.contains(file))
                        .map(WrittenFile::name)
                        .toList());
    }

    private List<WrittenFile> joined(String what, List<WrittenFile> files) {
        if (Ending.hasBegun()) {
            // Spark runs no more tasks then. Small files are better than none.
            return files;
        }
        String number =
                String.format(Locale.ROOT, "%s-%06d", what, done.entries().size() + 1);
        return step(
                "join the files of group " + (done.entries().size() + 1),
                () -> SmallFiles.join(
                        spark.sparkContext(),
                        files,
                        writing.named(number),
                        config.groups().fileBytes()));
    }

    private void retry() {
        FailedPrompts prompts = new FailedPrompts(spark, folder.predictionFiles(), done.entries());
        FailedPrompts.Counts count = step("count the failed prompts", prompts::count);
        if (count.prompts() == 0) {
            return;
        }
        folder.beginRetry();
        long before = done.failed();
        long start = System.nanoTime();
        watched(
                count.prompts(),
                () -> prompts.retry(
                        dataset,
                        task,
                        writing,
                        (files, replaced) -> commit("retried", files, joined -> done.replace(joined, replaced))));
        folder.endRetry();
        seconds += (System.nanoTime() - start) / 1e9;
        promptsHere += count.prompts();
        picturesHere += count.images();
        LOG.info("Of {} failed prompts, {} failed again", before, done.failed());
    }

    private void watched(long prompts, Runnable work) {
        ok.reset();
        failed.reset();
        try (ProgressLine line = new ProgressLine(
                prompts,
                ok,
                failed,
                () -> ClusterStats.current().busyShare(),
                config.progressInterval(),
                LiveLine.to(progress))) {
            LostExecutors losses = new LostExecutors(
                    folder.suspects(), spark.sessionState().newHadoopConf(), ClusterStats.current()::inHand);
            spark.sparkContext().addSparkListener(line);
            spark.sparkContext().addSparkListener(losses);
            try {
                work.run();
            } finally {
                spark.sparkContext().removeSparkListener(losses);
                spark.sparkContext().removeSparkListener(line);
            }
        }
    }

    private <T> T step(String what, Supplier<T> work) {
        return SparkSteps.named(spark.sparkContext(), what + " of " + dataset.path(), work);
    }

    private void requireFewFailures() {
        if (done.failed() > config.groups().maxFailureRate() * done.prompts()) {
            throw new UnusableInputException(String.format(
                    Locale.ROOT,
                    "%,d of the first %,d prompts failed, a larger share than --max-failure-rate %s allows; what is done"
                            + " is kept: look at the column error of %s, and when the cause is gone, give the same"
                            + " command with --retry-failed (or with a higher rate)",
                    done.failed(),
                    done.prompts(),
                    config.groups().maxFailureRate(),
                    folder.predictions()));
        }
    }

    private RunSummary sumUp(List<String> notes) {
        done.finish();
        List<RunSummary.Lost> lost = step("count what is lost", this::lost);
        PredictionTable table = PredictionTable.open(spark, folder);
        Dataset<Row> predictions = table.rows();
        // Masks and truth of pictures that are turned differently can only be compared with the pictures at hand.
        DatasetScores scores = orientation.decoded() == orientation.truth()
                ? step(
                        "score the predictions",
                        () -> DatasetScores.of(
                                dataset, table, minScore, config.model().union()))
                : DatasetScores.NONE;
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
                                config.model().union(),
                                lost,
                                promptsHere == 0
                                        ? null
                                        : new RunSummary.Throughput(
                                                seconds, picturesHere / seconds, promptsHere / seconds),
                                scores)));
        if (lost.isEmpty() && summary.prompts() != counts.prompts()) {
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

    private List<RunSummary.Lost> lost() {
        List<RunSummary.Lost> all = new ArrayList<>();
        dataset.unreadable()
                .forEach((file, reason) -> all.add(new RunSummary.Lost(file.path(), null, reason, null, null)));
        for (LostRows.Loss loss : lost.all()) {
            long pictures = loss.rows().count();
            // The names of the prompts may be readable where the pictures are not.
            InputDataset.Counts known = dataset.counts(List.of(loss.rows()));
            all.add(new RunSummary.Lost(
                    loss.rows().file().path(),
                    loss.rows().rowGroup(),
                    loss.reason(),
                    pictures,
                    known.images() == pictures ? known.prompts() : null));
        }
        return all;
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
