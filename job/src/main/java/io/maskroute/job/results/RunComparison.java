package io.maskroute.job.results;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.job.report.ComparedRun;
import io.maskroute.job.report.ComparisonPage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Finished runs side by side. */
public final class RunComparison {
    public static final String PAGE = "comparison.html";
    public static final String FIGURE = "comparison.svg";
    public static final String TABLE = "comparison.md";

    private final List<ComparedRun> runs;
    private final List<String> notes;

    private RunComparison(List<ComparedRun> runs, List<String> notes) {
        this.runs = runs;
        this.notes = notes;
    }

    /**
     * @param folders run folders; {@code NAME=DIR} names a run, otherwise its folder's name does
     * @throws UnusableInputException when one is no finished run with ground truth, or the runs are over different datasets
     */
    public static RunComparison of(List<String> folders, Configuration hadoop) {
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
            runs.add(run(name, summary));
            notes.addAll(summary.notes());
        }
        return new RunComparison(runs, List.copyOf(notes));
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

    /** Writes page, figure and table into a folder, which is made when absent. */
    public void write(String output, Configuration hadoop) {
        try {
            Path folder = HadoopFiles.path(output);
            HadoopFiles.fileSystem(folder, hadoop).mkdirs(folder);
        } catch (IOException e) {
            throw new UnusableInputException("the output " + output + " cannot be made: " + Reason.of(e), e);
        }
        RunFolder folder = new RunFolder(output, hadoop);
        folder.write(PAGE, out -> ComparisonPage.write(runs, notes, out));
        folder.write(FIGURE, out -> ComparisonPage.writeFigure(runs, out));
        folder.write(TABLE, out -> ComparisonPage.writeTable(runs, out));
    }
}
