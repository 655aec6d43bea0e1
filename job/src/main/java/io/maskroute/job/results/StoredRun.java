package io.maskroute.job.results;

import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.input.ImageBytes;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.input.PictureOrientation;
import io.maskroute.job.report.ReportData;
import io.maskroute.job.report.ReportWriter;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** A finished run, read back from its folder. */
public final class StoredRun {
    private final RunFolder folder;
    private final RunSummary summary;
    private final RunRecord record;
    private final String dataset;
    private final DatasetManifest manifest;
    private final JobConfig config;

    private StoredRun(
            RunFolder folder,
            RunSummary summary,
            RunRecord record,
            String dataset,
            DatasetManifest manifest,
            JobConfig config) {
        this.folder = folder;
        this.summary = summary;
        this.record = record;
        this.dataset = dataset;
        this.manifest = manifest;
        this.config = config;
    }

    /**
     * @param moved where the dataset is now, if it has moved since
     * @throws io.maskroute.core.error.UnusableInputException if the run is not finished or its dataset is gone
     */
    public static StoredRun open(RunFolder folder, Optional<String> moved, JobConfig config) {
        RunSummary summary = RunSummary.read(folder);
        RunRecord record = folder.record();
        String dataset = moved.orElse(record.dataset().path());
        return new StoredRun(folder, summary, record, dataset, DatasetManifest.read(dataset, folder.hadoop()), config);
    }

    /** Writes {@code report.html} into the run folder, in place of the one that is there. */
    public void writeReport(SparkSession spark) {
        Configuration hadoop = spark.sessionState().newHadoopConf();
        Dataset<Row> predictions = PredictionTable.open(spark, folder).rows();
        InputDataset input = InputDataset.open(spark, dataset, manifest);
        ImageBytes images = new ImageBytes(
                dataset, config.runtime().imageRoots(), hadoop, config.runtime().maxImageBytes());
        PictureOrientation orientation =
                PictureOrientation.of(Optional.of(record.dataset().orientation()), manifest);
        ReportData report = new ReportSource(
                        summary, record, predictions, input, images, orientation, folder.calibration())
                .gather(config.reportSamples());
        folder.write(RunFolder.REPORT, out -> ReportWriter.write(report, out));
    }
}
