package io.maskroute.job.cli;

import picocli.CommandLine.Option;

/** How much of a dataset is used: the same option of all commands that read one as runs do. */
final class LimitOption {
    static final String KEY = "dataset.limit";

    @Option(names = "--limit", paramLabel = "N", description = "Use the first N pictures of the dataset alone.")
    private Integer pictures;

    /** Null where it is not given. */
    Integer pictures() {
        return pictures;
    }
}
