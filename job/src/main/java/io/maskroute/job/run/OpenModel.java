package io.maskroute.job.run;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.segmenter.Segmenter;
import java.util.Optional;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** A model that several predictors may share. It closes when the last of them leaves. */
final class OpenModel {
    private final Segmenter segmenter;
    private final String label;
    /** Held for reading while a task thread prepares, for writing while the model closes. */
    private final ReadWriteLock use = new ReentrantReadWriteLock();

    private boolean closed;
    private int users = 1;

    /** @param label of its device, for the rows */
    OpenModel(Segmenter segmenter, String label) {
        this.segmenter = segmenter;
        this.label = label;
    }

    /** Of native code: only for those that {@link #enter entered}, or with {@link #whileOpen}. */
    Segmenter segmenter() {
        return segmenter;
    }

    String label() {
        return label;
    }

    interface Use<T> {
        T with(Segmenter model) throws RowFailure;
    }

    /**
     * The tokenizer is native too: nobody may be in it when the model closes.
     *
     * @return empty when it is closed
     */
    <T> Optional<T> whileOpen(Use<T> preparation) throws RowFailure {
        use.readLock().lock();
        try {
            return closed ? Optional.empty() : Optional.of(preparation.with(segmenter));
        } finally {
            use.readLock().unlock();
        }
    }

    /** One more predictor; whoever opened the model is the first. */
    synchronized void enter() {
        users++;
    }

    synchronized void leave() {
        if (--users > 0) {
            return;
        }
        use.writeLock().lock();
        try {
            closed = true;
            segmenter.close();
        } finally {
            use.writeLock().unlock();
        }
    }
}
