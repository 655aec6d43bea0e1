package io.maskroute.datasets.parquet;

import io.maskroute.core.error.UnusableInputException;

/**
 * A Parquet file that no further attempt reads: damaged, of a kind that this program does not know, or without what is wanted. It
 * says all there is to say in one line, so it has no stack trace: Spark prints those of tasks wherever it logs.
 */
public final class UnreadableFileException extends UnusableInputException {
    public UnreadableFileException(String message) {
        super(message);
    }

    @Override
    public Throwable fillInStackTrace() {
        return this;
    }
}
