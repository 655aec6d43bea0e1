package io.maskroute.core.error;

import java.util.Objects;

/**
 * One image or one prompt cannot be processed; the others go on. It becomes the {@code error} struct of a {@code failed}
 * row.
 */
public final class RowFailure extends Exception {
    private final Stage stage;
    private final String kind;

    /**
     * @param stage where the row stopped
     * @param kind a short, stable, lower-case name to count failures by, such as {@code unreadable-image}
     * @param message one line for a person: what is wrong with this row
     */
    public RowFailure(Stage stage, String kind, String message) {
        this(stage, kind, message, null);
    }

    public RowFailure(Stage stage, String kind, String message, Throwable cause) {
        super(message, cause);
        this.stage = Objects.requireNonNull(stage);
        this.kind = Objects.requireNonNull(kind);
    }

    public Stage stage() {
        return stage;
    }

    public String kind() {
        return kind;
    }
}
