package io.maskroute.job.cli;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.results.RunFolder;
import io.maskroute.job.results.RunSummary;
import io.maskroute.job.results.SummaryTable;

/** What a run shows when it is over, and what it says by its exit code. */
record RunEnding(Cli.Environment environment) {

    /** @throws UnusableInputException if not one prompt went well */
    int show(RunSummary summary, String output) {
        SummaryTable.lines(summary).forEach(environment.out()::println);
        environment.out().printf("%-14s%s%n", "run folder", output);
        environment.out().printf("%-14s%s%n", "report", RunFolder.file(output, RunFolder.REPORT));
        if (summary.ok() == 0) {
            RunSummary.Failure commonest = summary.failures().get(0);
            throw new UnusableInputException("all " + summary.prompts() + " prompts failed, " + commonest.prompts()
                    + " of them with " + commonest.stage() + "/" + commonest.kind() + ", such as "
                    + commonest.examplePromptId() + ": " + commonest.exampleMessage());
        }
        return Cli.DONE;
    }
}
