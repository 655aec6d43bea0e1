package io.maskroute.datasets.writer;

import java.util.Objects;

/** One entry of an official file (an image, an annotation, a ref) cannot be used; the import goes on without it. */
public final class UnusableEntryException extends Exception {
    private final String reason;

    /**
     * @param reason a short, stable, lower-case name to count by, such as {@code unknown-image}
     * @param message one line that names the entry and what is wrong with it
     */
    public UnusableEntryException(String reason, String message) {
        super(message);
        this.reason = Objects.requireNonNull(reason);
    }

    public String reason() {
        return reason;
    }
}
