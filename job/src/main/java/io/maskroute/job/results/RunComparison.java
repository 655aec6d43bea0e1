package io.maskroute.job.results;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.input.ImageBytes;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.input.PictureOrientation;
import io.maskroute.job.report.ComparedAnswers;
import io.maskroute.job.report.ComparedRun;
import io.maskroute.job.report.ComparisonPage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/** Finished runs side by side. */
public final class RunComparison {
    public static final String PAGE = "comparison.html";
    public static final String FIGURE = "comparison.svg";
    public static final String TABLE = "comparison.md";

    private final List<RunFolder> folders;
    private final RunRecord.DatasetRecord dataset;
    private final List<ComparedRun> runs;
    private final List<String> notes;

    private RunComparison(
            List<RunFolder> folders, RunRecord.DatasetRecord dataset, List<ComparedRun> runs, List<String> notes) {
        this.folders = folders;
        this.dataset = dataset;
        this.runs = runs;
        this.notes = notes;
    }

    /**
     * @param folders run folders; {@code NAME=DIR} names a run, otherwise its folder's name does
     * @throws UnusableInputException when one is no finished run with ground truth, or the runs are over different datasets
     */
    public static RunComparison of(List<String> folders, Configuration hadoop) {
        List<RunFolder> opened = new ArrayList<>();
        List<ComparedRun> runs = new ArrayList<>();
        Set<String> notes = new LinkedHashSet<>();
        RunRecord.DatasetRecord dataset = null;
        long samples = 0;
        for (String named : folders) {
            NamedFolder given = NamedFolder.of(named);
            String path = given.path();
            String name = given.name().orElseGet(() -> new Path(path).getName());
            RunFolder folder = new RunFolder(path, hadoop);
            RunSummary summary = RunSummary.read(folder);
            if (summary.metrics() == null || summary.flops() == null) {
                throw new UnusableInputException(
                        path
                                + " has nothing to compare: no prompt that is ok with ground truth; run evaluate on such a dataset");
            }
            RunRecord.DatasetRecord over = folder.record().dataset();
            if (dataset == null) {
                dataset = over;
                samples = summary.metrics().samples();
            } else if (!sameData(dataset, over) || samples != summary.metrics().samples()) {
                throw new UnusableInputException(
                        path + " is over " + summary.metrics().samples() + " prompts of "
                                + over.path() + ", the first run over " + samples + " of " + dataset.path()
                                + ": compare runs over one dataset");
            }
            opened.add(folder);
            runs.add(run(name, summary));
            notes.addAll(summary.notes());
        }
        return new RunComparison(opened, dataset, runs, List.copyOf(notes));
    }

    /** The same wherever it lies. */
    private static boolean sameData(RunRecord.DatasetRecord a, RunRecord.DatasetRecord b) {
        return Objects.equals(a.name(), b.name())
                && Objects.equals(a.split(), b.split())
                && Objects.equals(a.protocol(), b.protocol())
                && Objects.equals(a.groundTruthRaster(), b.groundTruthRaster());
    }

    private static ComparedRun run(String name, RunSummary summary) {
        return new ComparedRun(
                name,
                summary.metrics().samples(),
                summary.metrics().cIoU(),
                summary.metrics().gIoU(),
                summary.metrics().pr70(),
                // Runs of before it was counted have none.
                summary.flops().llmAlone() > 0 ? summary.flops().llmAloneRatio() : Double.NaN,
                summary.flops().llmRatio(),
                mean(summary, "prefix") + mean(summary, "prompt"));
    }

    private static double mean(RunSummary summary, String stage) {
        RunSummary.Latency latency = summary.latencyMs().get(stage);
        return latency == null ? Double.NaN : latency.mean();
    }

    public List<ComparedRun> runs() {
        return runs;
    }

    /**
     * What the runs answered to the same prompts.
     *
     * @param moved where the dataset is now, if it has moved since
     * @throws UnusableInputException when the dataset, or the predictions of a run, are gone
     */
    public ComparedAnswers answers(SparkSession spark, Optional<String> moved, JobConfig config) {
        Configuration hadoop = spark.sessionState().newHadoopConf();
        String path = moved.orElse(dataset.path());
        DatasetManifest manifest = DatasetManifest.read(path, hadoop);
        return new AnswerComparison(
                        runs.stream().map(ComparedRun::name).toList(),
                        folders.stream()
                                .map(folder ->
                                        PredictionTable.open(spark, folder).rows())
                                .toList(),
                        new SampledPictures(
                                InputDataset.open(spark, path, manifest),
                                new ImageBytes(
                                        path,
                                        config.runtime().imageRoots(),
                                        hadoop,
                                        config.runtime().maxImageBytes()),
                                PictureOrientation.of(Optional.of(dataset.orientation()), manifest)))
                .gather();
    }

    /**
     * Writes page, figure and table into a folder, which is made when absent.
     *
     * @param answers for the page; null for a page without them
     */
    public void write(String output, ComparedAnswers answers, Configuration hadoop) {
        try {
            Path folder = HadoopFiles.path(output);
            HadoopFiles.fileSystem(folder, hadoop).mkdirs(folder);
        } catch (IOException e) {
            throw new UnusableInputException("the output " + output + " cannot be made: " + Reason.of(e), e);
        }
        String title = dataset.split() == null ? dataset.name() : dataset.name() + " " + dataset.split();
        RunFolder folder = new RunFolder(output, hadoop);
        folder.write(PAGE, out -> ComparisonPage.write(title, runs, notes, answers, out));
        folder.write(FIGURE, out -> ComparisonPage.writeFigure(runs, out));
        folder.write(TABLE, out -> ComparisonPage.writeTable(runs, out));
    }
}
