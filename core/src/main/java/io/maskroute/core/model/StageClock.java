package io.maskroute.core.model;

import io.maskroute.core.error.Stage;

/** Knows which stage runs, for its time and for what to say when it fails. */
final class StageClock {
    private Stage stage;
    private long started;

    void start(Stage stage) {
        this.stage = stage;
        this.started = System.nanoTime();
    }

    /** @return milliseconds since {@link #start} */
    double stop() {
        return (System.nanoTime() - started) / 1e6;
    }

    Stage stage() {
        return stage;
    }
}
