package io.maskroute.job.cli;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.results.RunFolder;
import io.maskroute.job.results.RunSummary;
import io.maskroute.job.results.SummaryTable;
import java.util.Locale;

/** What a run shows when it is over, and what it says by its exit code. */
record RunEnding(Cli.Environment environment) {

    /**
     * @param mostLost parts of the dataset that may be lost
     * @throws UnusableInputException if not one prompt went well, or more is lost
     */
    int show(RunSummary summary, String output, int mostLost) {
        SummaryTable.lines(summary).forEach(environment.out()::println);
        environment.out().printf("%-14s%s%n", "run folder", output);
        environment.out().printf("%-14s%s%n", "report", RunFolder.file(output, RunFolder.REPORT));
        if (summary.failed() > 0) {
            environment
                    .out()
                    .printf(
                            "%-14s%s%n",
                            "failed ones",
                            "the report lists their kinds; the same command with --retry-failed runs them again");
        }
        if (summary.lost().size() > mostLost) {
            throw new UnusableInputException(String.format(
                    Locale.ROOT,
                    "%,d part%s of the dataset could not be read, more than --max-lost %,d allows, and %s prompts have no"
                            + " rows; all else is done. %s; %s lists what is lost: when it is restored, the same command"
                            + " goes on",
                    summary.lost().size(),
                    summary.lost().size() == 1 ? "" : "s",
                    mostLost,
                    summary.lost().size() == 1 ? "its" : "their",
                    summary.lost().get(0).reason(),
                    RunFolder.file(output, RunFolder.SUMMARY)));
        }
        if (summary.ok() == 0 && summary.failed() > 0) {
            RunSummary.Failure commonest = summary.failures().get(0);
            throw new UnusableInputException("all " + summary.prompts() + " prompts failed, " + commonest.prompts()
                    + " of them with " + commonest.stage() + "/" + commonest.kind() + ", such as "
                    + commonest.examplePromptId() + ": " + commonest.exampleMessage());
        }
        return Cli.DONE;
    }
}
