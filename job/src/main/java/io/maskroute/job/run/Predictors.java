package io.maskroute.job.run;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.Segmenter;
import io.maskroute.core.segmenter.SegmenterInfo;
import io.maskroute.core.task.Task;
import io.maskroute.job.config.RuntimeOptions;
import io.maskroute.job.run.ModelRequest.Answer;
import io.maskroute.job.run.ModelRequest.LossObserver;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * A model on all devices of this JVM: one queue, bounded in bytes, and behind it a {@link Predictor} for each device, or several on
 * a CPU where that is faster. Any number of task threads prepare their input themselves and hand it over.
 *
 * <p>A native call cannot be interrupted. One that takes too long therefore costs all of them, for they share a process: the thread
 * is left to itself, who waits for an answer gets a {@link PredictorLostException}, and the thread closes its model should the call
 * return after all.
 */
final class Predictors implements AutoCloseable {
    private static final long CLOSING_SECONDS = 30;

    private final RuntimeOptions options;
    private final ByteBoundedQueue<ModelRequest> queue;
    private final CompletableFuture<OpenModel> opened = new CompletableFuture<>();
    private final ScheduledThreadPoolExecutor alarms;
    private final CallAllowance allowance;
    private final List<Predictor> predictors = new CopyOnWriteArrayList<>();
    private final List<Thread> threads = new CopyOnWriteArrayList<>();
    private final AtomicInteger atWork = new AtomicInteger();
    /** Set once, when the predictors have ended for another reason than {@link #close}. */
    private volatile Throwable broken;

    /**
     * Where a model comes from.
     *
     * @param label of its device, for the rows
     */
    record Source(String label, Supplier<Segmenter> model) {}

    /** @param cores that predictors on a CPU may have together */
    Predictors(List<Source> sources, RuntimeOptions options, int cores) {
        this.options = options;
        queue = new ByteBoundedQueue<>(options.queueBytes());
        allowance = new CallAllowance(options.callTimeout(), options.promptTimeout());
        alarms = new ScheduledThreadPoolExecutor(1, daemon("maskroute-model-alarm"));
        alarms.setRemoveOnCancelPolicy(true);
        alarms.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        for (Source source : sources) {
            Predictor first = predictor();
            alarms.schedule(() -> openingTimedOut(first), options.openTimeout().toNanos(), TimeUnit.NANOSECONDS);
            start(() -> open(first, source, cores));
        }
    }

    private Predictor predictor() {
        Predictor predictor = new Predictor(
                queue,
                alarms,
                new Predictor.Losses() {
                    @Override
                    public void end(Throwable why) {
                        Predictors.this.end(why);
                    }

                    @Override
                    public Throwable ended() {
                        return Predictors.this.ended();
                    }
                },
                allowance);
        predictors.add(predictor);
        return predictor;
    }

    private interface Work {
        void run() throws Exception;
    }

    private void start(Work work) {
        Thread thread = daemon("maskroute-model-" + (threads.size() + 1)).newThread(() -> {
            try {
                work.run();
            } catch (Throwable t) {
                end(t);
            } finally {
                if (atWork.decrementAndGet() == 0) {
                    alarms.shutdown();
                }
            }
        });
        atWork.incrementAndGet();
        threads.add(thread);
        thread.start();
    }

    private static ThreadFactory daemon(String name) {
        return work -> {
            Thread thread = new Thread(work, name);
            thread.setDaemon(true);
            return thread;
        };
    }

    private void open(Predictor first, Source source, int cores) throws InterruptedException {
        Segmenter segmenter = source.model().get();
        OpenModel model = new OpenModel(segmenter, source.label());
        try {
            int together = options.predictors() == RuntimeOptions.BY_DEVICE
                    ? segmenter.suitableThreads(cores)
                    : options.predictors();
            segmenter.shareAmong(together, cores);
            WarmUp.run(segmenter, options.warmUpCalls(), allowance);
            first.ready(model, options);
            opened.complete(model);
            for (int i = 1; i < together; i++) {
                model.enter();
                Predictor next = predictor();
                next.ready(model, options);
                start(() -> work(next, model));
            }
        } catch (Throwable t) {
            model.leave();
            throw t;
        }
        work(first, model);
    }

    private static void work(Predictor predictor, OpenModel model) throws InterruptedException {
        try {
            predictor.work();
        } finally {
            model.leave();
        }
    }

    /**
     * Whether they have to be opened anew. A model that cannot be used as it was handed in would fail the same way again, so it
     * stays, and every task hears the same reason without another attempt at loading.
     */
    boolean isReplaceable() {
        return broken != null && !(broken instanceof UnusableInputException);
    }

    /**
     * Waits until a model is loaded and warm; those on other devices may take longer.
     *
     * @throws RuntimeException or Error: what loading it threw
     */
    SegmenterInfo awaitModel() throws InterruptedException {
        return model().segmenter().info();
    }

    PreparedImage prepare(RgbImage image) throws RowFailure, InterruptedException {
        return model().whileOpen(model -> model.prepare(image)).orElseThrow(() -> rethrown(ended()));
    }

    PreparedPrompt prepare(Task prompt, PreparedImage image) throws RowFailure, InterruptedException {
        return model().whileOpen(model -> model.prepare(prompt, image)).orElseThrow(() -> rethrown(ended()));
    }

    private OpenModel model() throws InterruptedException {
        try {
            return opened.get();
        } catch (ExecutionException e) {
            throw rethrown(e.getCause());
        }
    }

    /**
     * Hands over a picture's prompts; waits while the queue is full. Cancelling the answer takes the request back.
     *
     * @param picture as {@link Suspects#hash} names it
     * @param alone whether they must not share a call with other pictures
     * @return completed with a {@link PredictorLostException} when the predictors end before one answers
     */
    Future<Answer> submit(
            String picture, PreparedImage image, List<PreparedPrompt> asked, boolean alone, LossObserver observer)
            throws InterruptedException {
        ModelRequest request =
                new ModelRequest(picture, image, asked, alone, observer, System.nanoTime(), new CompletableFuture<>());
        if (!queue.put(request, request.bytes())) {
            request.answer().completeExceptionally(ended());
        }
        request.answer().whenComplete((answer, failure) -> {
            if (request.answer().isCancelled()) {
                queue.remove(request);
            }
        });
        return request.answer();
    }

    /** What each predictor has done so far; none before it is ready, and once they have ended. */
    List<ModelStats> stats() {
        if (opened.isCompletedExceptionally() || broken != null) {
            return List.of();
        }
        return IntStream.range(0, predictors.size())
                .mapToObj(i -> i == 0
                        ? predictors.get(i).stats(queue.size(), queue.bytes())
                        : predictors.get(i).stats(0, 0))
                .flatMap(Optional::stream)
                .toList();
    }

    private void openingTimedOut(Predictor predictor) {
        if (!predictor.isReady()) {
            end(new PredictorLostException(
                    "the model was not open and warm within "
                            + options.openTimeout().toSeconds()
                            + " s (runtime.open-timeout); its thread hangs in native code or in reading",
                    null));
        }
    }

    /** Lets nobody wait any longer. @param why null when the model was closed as it should be */
    private synchronized void end(Throwable why) {
        if (broken == null && why != null) {
            broken = why;
        }
        opened.completeExceptionally(ended());
        queue.close().forEach(request -> request.answer().completeExceptionally(ended()));
    }

    /** What loading threw; once a model was ready, its loss. */
    private Throwable ended() {
        if (broken instanceof Error || broken instanceof PredictorLostException) {
            return broken;
        }
        if (broken != null && predictors.stream().noneMatch(Predictor::isReady)) {
            return broken;
        }
        return broken == null
                ? new PredictorLostException("the model is closed", null)
                : new PredictorLostException("the model was lost: " + broken.getMessage(), broken);
    }

    static RuntimeException rethrown(Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException runtime ? runtime : new IllegalStateException(cause);
    }

    /** Waits for the work in hand, unless it hangs; what still waits in the queue fails. */
    @Override
    public void close() {
        boolean hangs = broken instanceof PredictorLostException;
        end(null);
        if (hangs) {
            return;
        }
        try {
            for (Thread thread : threads) {
                thread.join(TimeUnit.SECONDS.toMillis(CLOSING_SECONDS));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
