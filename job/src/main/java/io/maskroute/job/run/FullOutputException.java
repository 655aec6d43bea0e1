package io.maskroute.job.run;

import io.maskroute.core.error.UnusableInputException;

/** A task has something to write, and the output takes no more. */
final class FullOutputException extends UnusableInputException {
    private static final long serialVersionUID = 1;

    FullOutputException(String message, Throwable cause) {
        super(message, cause);
    }
}
