package io.maskroute.job.training;

import io.maskroute.job.training.Examples.Example;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.apache.spark.sql.Row;

/** Batches prepared ahead on a thread of their own, so that the model need not wait for pictures. */
final class Batches implements AutoCloseable {
    private static final int AHEAD = 4;
    /** Unusable rows one after the other before it is not worth going on. */
    private static final int PATIENCE = 10_000;

    private final BlockingQueue<Object> ready = new ArrayBlockingQueue<>(AHEAD);
    private final Thread thread;

    /**
     * @param rows position of the next row
     * @param skip rows to pass over, which an earlier run used
     */
    Batches(Iterator<Row> rows, Examples examples, int size, long skip, String dataset) {
        thread = new Thread(() -> prepare(rows, examples, size, skip, dataset), "maskroute-batches");
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * @param examples of one step
     * @param rows read so far, those left out included
     */
    record Batch(List<Example> examples, long rows) {}

    private void prepare(Iterator<Row> rows, Examples examples, int size, long skip, String dataset) {
        try {
            for (long i = 0; i < skip; i++) {
                rows.next();
            }
            long position = skip;
            int failures = 0;
            while (true) {
                List<Example> batch = new ArrayList<>(size);
                while (batch.size() < size) {
                    Optional<Example> example = examples.of(rows.next(), position++);
                    example.ifPresent(batch::add);
                    failures = example.isPresent() ? 0 : failures + 1;
                    if (failures > PATIENCE) {
                        throw examples.nothingUsable(dataset);
                    }
                }
                ready.put(new Batch(batch, position));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Throwable e) {
            // Whatever it is, such as Spark's checked exceptions that Scala does not declare: the other thread waits.
            Failure failure = new Failure(e);
            ready.offer(failure);
            ready.clear();
            ready.offer(failure);
        }
    }

    private record Failure(Throwable cause) {}

    /** @throws RuntimeException what ended the preparation, or with that as its cause */
    Batch next() throws InterruptedException {
        Object next = ready.take();
        if (!(next instanceof Failure failure)) {
            return (Batch) next;
        }
        Throwable cause = failure.cause();
        if (cause instanceof RuntimeException e) {
            throw e;
        }
        if (cause instanceof Error e) {
            throw e;
        }
        throw new IllegalStateException(cause.getMessage(), cause);
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
