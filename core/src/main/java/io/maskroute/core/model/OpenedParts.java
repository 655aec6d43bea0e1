package io.maskroute.core.model;

import java.util.ArrayDeque;
import java.util.Deque;

/** What a model is put together from, to be closed again, the last first, when the rest cannot be opened. */
public final class OpenedParts {
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();

    public <T extends AutoCloseable> T add(T part) {
        parts.push(part);
        return part;
    }

    /**
     * Closes the parts.
     *
     * @param failure of the next part
     * @param device where the model was to be
     * @return what to throw, see {@link EngineFailure#whileLoading}
     */
    public RuntimeException closedAfter(RuntimeException failure, String device) {
        for (AutoCloseable part : parts) {
            try {
                part.close();
            } catch (Exception e) {
                failure.addSuppressed(e);
            }
        }
        return EngineFailure.whileLoading(device, failure);
    }
}
