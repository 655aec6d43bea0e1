package io.maskroute.job.run;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.config.Redaction;
import io.maskroute.job.input.ImageBytes;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.predictions.PredictionSchema;
import io.maskroute.job.report.ReportData;
import io.maskroute.job.report.ReportWriter;
import io.maskroute.job.results.Json;
import io.maskroute.job.results.PredictionFigures;
import io.maskroute.job.results.ReportSource;
import io.maskroute.job.results.RunFolder;
import io.maskroute.job.results.RunRecord;
import io.maskroute.job.results.RunSummary;
import io.maskroute.job.results.Versions;
import io.maskroute.job.scoring.Scoring;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.LongAccumulator;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One run of the model over a dataset, from the checks that come before Spark to the report. */
public final class SegmentRun {
    private static final Logger LOG = LoggerFactory.getLogger(SegmentRun.class);

    private final String command;
    private final JobConfig config;
    private final SegmenterFactory factory;
    private final boolean scored;
    private final PrintWriter progress;

    /**
     * @param command for the record
     * @param scored whether scores are what the run is for: then a ground truth that cannot be used fails its row
     * @param progress takes the progress line
     */
    public SegmentRun(
            String command, JobConfig config, SegmenterFactory factory, boolean scored, PrintWriter progress) {
        this.command = command;
        this.config = config;
        this.factory = factory;
        this.scored = scored;
        this.progress = progress;
    }

    /**
     * Checks everything that can be checked without Spark, then runs.
     *
     * @throws UnusableInputException when the dataset, the model or the output cannot be used; nothing is left in the output
     */
    public RunSummary run() {
        Configuration hadoop = SparkSessions.hadoop(config);
        DatasetManifest manifest = DatasetManifest.read(config.dataset(), hadoop);
        RunFolder folder = new RunFolder(config.output(), hadoop);
        folder.requireApart(config.dataset());
        folder.requireUsable(config.overwrite());
        SegmenterFactory.ModelSummary model = factory.inspect(config.model());
        try {
            return SparkSessions.with(config, spark -> {
                InputDataset dataset = InputDataset.open(spark, config.dataset(), manifest);
                InputDataset.Counts counts = dataset.counts();
                if (counts.prompts() == 0) {
                    throw new UnusableInputException("the dataset " + config.dataset() + " has no prompts ("
                            + counts.images() + " images): there is nothing to do");
                }
                loadIfLocal(spark);
                return run(spark, folder, dataset, counts, model);
            });
        } finally {
            ExecutorModels.closeAll();
        }
    }

    /** Where driver and executor are one JVM, a model that does not load is known before anything is written. */
    private void loadIfLocal(SparkSession spark) {
        if (!spark.sparkContext().isLocal() || config.model().isAssignedDevice()) {
            return;
        }
        try {
            ExecutorModels.get(factory, config.model(), config.runtime().queue())
                    .awaitModel();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the model was loading", e);
        }
    }

    private RunSummary run(
            SparkSession spark,
            RunFolder folder,
            InputDataset dataset,
            InputDataset.Counts counts,
            SegmenterFactory.ModelSummary model) {
        RunRecord record = new RunRecord(
                UUID.randomUUID().toString(),
                command,
                now(),
                null,
                RunRecord.DatasetRecord.of(
                        located(dataset.path(), spark.sessionState().newHadoopConf()), dataset.manifest()),
                null,
                Versions.all(spark.version()),
                config.resolved());
        boolean done = false;
        folder.create();
        try {
            folder.write(RunFolder.RUN, out -> out.write(Json.write(record)));
            RunSummary summary = predictAndSumUp(spark, folder, dataset, counts, model, record);
            done = true;
            return summary;
        } finally {
            if (!done) {
                remove(folder);
            }
        }
    }

    private RunSummary predictAndSumUp(
            SparkSession spark,
            RunFolder folder,
            InputDataset dataset,
            InputDataset.Counts counts,
            SegmenterFactory.ModelSummary model,
            RunRecord record) {
        double seconds = predict(spark, folder, dataset, counts.prompts(), record.runId());
        Dataset<Row> predictions =
                spark.read().schema(PredictionSchema.struct()).parquet(folder.predictions());
        RunRecord finished = record.finish(now(), PredictionFigures.models(predictions));
        RunSummary summary = PredictionFigures.of(
                predictions,
                counts,
                config.rules(),
                new PredictionFigures.About(
                        record.runId(),
                        notes(model),
                        new RunSummary.Throughput(seconds, counts.images() / seconds, counts.prompts() / seconds)));
        if (summary.prompts() != counts.prompts()) {
            throw new IllegalStateException("the dataset has " + counts.prompts() + " prompts, but " + summary.prompts()
                    + " predictions were written; was the dataset changed during the run?");
        }
        ImageBytes images = new ImageBytes(
                dataset.path(),
                spark.sessionState().newHadoopConf(),
                config.runtime().maxImageBytes());
        ReportData report =
                new ReportSource(summary, finished, predictions, dataset, images).gather(config.reportSamples());
        folder.write(RunFolder.REPORT, out -> ReportWriter.write(report, out));
        folder.write(RunFolder.RUN, out -> out.write(Json.write(finished)));
        folder.write(RunFolder.SUMMARY, out -> out.write(Json.write(summary)));
        return summary;
    }

    /** @return seconds it took */
    private double predict(SparkSession spark, RunFolder folder, InputDataset dataset, long prompts, String runId) {
        LongAccumulator ok = spark.sparkContext().longAccumulator("prompts ok");
        LongAccumulator failed = spark.sparkContext().longAccumulator("prompts failed");
        Broadcast<SerializableConfiguration> hadoop = JavaSparkContext.fromSparkContext(spark.sparkContext())
                .broadcast(new SerializableConfiguration(spark.sessionState().newHadoopConf()));
        SegmentPartition task = new SegmentPartition(
                factory,
                config.model(),
                config.runtime(),
                new Scoring(scored, config.rules().emptyUnion()),
                runId,
                dataset.path(),
                dataset.reader(),
                hadoop,
                ok,
                failed);
        spark.sparkContext().setJobDescription("segment " + dataset.path());
        LOG.info("Segmenting {} prompts of {} into {}", prompts, dataset.path(), folder);
        long start = System.nanoTime();
        try (ProgressLine line = new ProgressLine(prompts, ok, failed, config.progressInterval(), progress)) {
            spark.sparkContext().addSparkListener(line);
            dataset.rows()
                    .mapPartitions(task, Encoders.row(PredictionSchema.struct()))
                    .write()
                    .parquet(folder.predictions());
            spark.sparkContext().removeSparkListener(line);
        } finally {
            spark.sparkContext().setJobDescription(null);
        }
        return (System.nanoTime() - start) / 1e9;
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

    private static String now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
