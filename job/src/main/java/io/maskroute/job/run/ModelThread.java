package io.maskroute.job.run;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.segmenter.PreparedImage;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.ReferringPrompt;
import io.maskroute.core.segmenter.Segmentation;
import io.maskroute.core.segmenter.Segmenter;
import io.maskroute.core.segmenter.SegmenterInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * One model and the one thread that opens, runs and closes it. Any number of task threads prepare their input themselves and
 * hand it over through a bounded queue.
 */
final class ModelThread implements AutoCloseable {
    private static final long LOOK_UP_MILLIS = 200;

    private final BlockingQueue<Request> queue;
    private final CompletableFuture<Segmenter> opened = new CompletableFuture<>();
    private final Thread thread;
    private volatile boolean closing;
    /** Set once, when the thread has ended by an error that no row explains. */
    private volatile Throwable broken;

    /** What one call is asked for, and where the answer goes. */
    private record Request(
            PreparedImage image, List<PreparedPrompt> prompts, long submittedNanos, CompletableFuture<Answer> answer) {}

    /**
     * @param results one per prompt, in order
     * @param queueMillis from handing over to the start of the work
     */
    record Answer(List<PromptResult> results, double queueMillis) {}

    ModelThread(Supplier<Segmenter> model, int queueLength) {
        queue = new ArrayBlockingQueue<>(queueLength);
        thread = new Thread(() -> run(model), "maskroute-model");
        thread.setDaemon(true);
        thread.start();
    }

    /** Whether loading or running the model ended in an error, after which a new one is needed. */
    boolean isBroken() {
        return broken != null;
    }

    /**
     * Waits until the model is loaded.
     *
     * @throws RuntimeException or Error: what loading it threw
     */
    SegmenterInfo awaitModel() throws InterruptedException {
        return model().info();
    }

    PreparedImage prepare(RgbImage image) throws RowFailure, InterruptedException {
        return model().prepare(image);
    }

    PreparedPrompt prepare(ReferringPrompt prompt) throws RowFailure, InterruptedException {
        return model().prepare(prompt);
    }

    private Segmenter model() throws InterruptedException {
        try {
            return opened.get();
        } catch (ExecutionException e) {
            throw rethrown(e.getCause());
        }
    }

    /** Hands over a picture's prompts; waits while the queue is full. Cancelling the answer takes the request back. */
    CompletableFuture<Answer> submit(PreparedImage image, List<PreparedPrompt> prompts) throws InterruptedException {
        Request request = new Request(image, prompts, System.nanoTime(), new CompletableFuture<>());
        while (!queue.offer(request, LOOK_UP_MILLIS, TimeUnit.MILLISECONDS)) {
            requireAlive();
        }
        // The thread may have ended between the offer and now, after it had emptied the queue.
        if (broken != null || closing) {
            failWaiting();
        }
        return request.answer();
    }

    private void requireAlive() {
        if (broken != null) {
            throw new IllegalStateException("the model's thread has ended", broken);
        }
        if (closing) {
            throw new IllegalStateException("the model is closed");
        }
    }

    private void run(Supplier<Segmenter> source) {
        try (Segmenter segmenter = source.get()) {
            opened.complete(segmenter);
            while (!closing) {
                Request request = queue.poll(LOOK_UP_MILLIS, TimeUnit.MILLISECONDS);
                if (request != null && !request.answer().isDone()) {
                    answer(segmenter, request);
                }
            }
        } catch (InterruptedException e) {
            closing = true;
        } catch (Throwable t) {
            broken = t;
            opened.completeExceptionally(t);
        } finally {
            closing = true;
            failWaiting();
        }
    }

    private static void answer(Segmenter segmenter, Request request) {
        double waited = (System.nanoTime() - request.submittedNanos()) / 1e6;
        try {
            request.answer().complete(new Answer(segment(segmenter, request.image(), request.prompts()), waited));
        } catch (Throwable t) {
            request.answer().completeExceptionally(t);
            throw t;
        }
    }

    /** All prompts together; when that fails, one by one, so that a bad prompt fails alone. */
    private static List<PromptResult> segment(Segmenter segmenter, PreparedImage image, List<PreparedPrompt> prompts) {
        try {
            List<Segmentation> found = segmenter.segment(image, prompts);
            if (found.size() != prompts.size()) {
                throw new IllegalStateException(prompts.size() + " prompts gave " + found.size() + " results");
            }
            return found.stream().map(PromptResult::of).toList();
        } catch (Throwable t) {
            RowFailure failure = Failures.of(Stage.PROMPT, t);
            boolean ofTheImage = t instanceof RowFailure && failure.stage().compareTo(Stage.PREFIX) <= 0;
            List<PromptResult> results = new ArrayList<>(prompts.size());
            for (PreparedPrompt prompt : prompts) {
                if (ofTheImage || prompts.size() == 1) {
                    results.add(PromptResult.of(failure));
                } else {
                    results.addAll(segment(segmenter, image, List.of(prompt)));
                }
            }
            return results;
        }
    }

    private void failWaiting() {
        Throwable why = broken != null ? broken : new IllegalStateException("the model is closed");
        for (Request request = queue.poll(); request != null; request = queue.poll()) {
            request.answer().completeExceptionally(why);
        }
    }

    static RuntimeException rethrown(Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException runtime ? runtime : new IllegalStateException(cause);
    }

    /** Waits for the work in hand; what still waits in the queue fails. */
    @Override
    public void close() {
        closing = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
