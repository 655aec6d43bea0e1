package io.maskroute.core.error;

/**
 * Something a user handed in (a file, a folder, a dataset, a model) cannot be used, and the command cannot go on. The
 * command line prints the message alone, in one line, and exits with code 2; so the message names what is wrong, where,
 * and what to do about it.
 */
public class UnusableInputException extends RuntimeException {
    public UnusableInputException(String message) {
        super(message);
    }

    public UnusableInputException(String message, Throwable cause) {
        super(message, cause);
    }
}
