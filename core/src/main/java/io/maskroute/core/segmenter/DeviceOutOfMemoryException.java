package io.maskroute.core.segmenter;

import io.maskroute.core.error.Stage;
import java.util.Objects;

/** The device's memory did not suffice for a call. The model is intact: the same prompts may pass in smaller batches. */
public final class DeviceOutOfMemoryException extends RuntimeException {
    private final Stage stage;

    /** @param stage where the memory ran out */
    public DeviceOutOfMemoryException(Stage stage, String message, Throwable cause) {
        super(message, cause);
        this.stage = Objects.requireNonNull(stage);
    }

    public Stage stage() {
        return stage;
    }
}
