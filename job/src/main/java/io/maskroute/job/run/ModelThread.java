package io.maskroute.job.run;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.segmenter.DeviceLostException;
import io.maskroute.core.segmenter.PicturePrompts;
import io.maskroute.core.segmenter.PreparedImage;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.ReferringPrompt;
import io.maskroute.core.segmenter.Segmenter;
import io.maskroute.core.segmenter.SegmenterInfo;
import io.maskroute.job.config.RuntimeOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * One model and the one thread that opens, warms up, runs and closes it. Any number of task threads prepare their input
 * themselves and hand it over through a queue bounded in bytes.
 *
 * <p>A native call cannot be interrupted. One that takes too long therefore costs the model: its thread is left to itself, who
 * waits for an answer gets a {@link PredictorLostException}, and the thread closes the model should the call return after all.
 */
final class ModelThread implements AutoCloseable {
    /** What a request holds beside its pixels, roughly. */
    private static final long REQUEST_BYTES = 512;

    private static final long CLOSING_SECONDS = 30;

    private final RuntimeOptions options;
    private final ByteBoundedQueue<Request> queue;
    private final CompletableFuture<Segmenter> opened = new CompletableFuture<>();
    private final AtomicReference<List<Request>> inHand = new AtomicReference<>();
    private final ScheduledThreadPoolExecutor alarms;
    private final CallAllowance allowance;
    private final Thread thread;
    private final long createdNanos = System.nanoTime();
    private final LongAdder images = new LongAdder();
    private final LongAdder callsMade = new LongAdder();
    private final LongAdder prompts = new LongAdder();
    private final LongAdder failedPrompts = new LongAdder();
    private final LongAdder busyNanos = new LongAdder();
    private final LongAdder waitNanos = new LongAdder();
    /** Held for reading while a task thread prepares, for writing while the model closes. */
    private final ReadWriteLock use = new ReentrantReadWriteLock();

    private boolean closed;
    private volatile ModelCalls calls;
    private volatile long readyAtNanos;
    private volatile long callStartedNanos;
    /** Set once, when the model has ended for another reason than {@link #close}. */
    private volatile Throwable broken;

    /** What one call is asked for, and where the answer goes. */
    private record Request(
            PreparedImage image,
            List<PreparedPrompt> prompts,
            boolean alone,
            LossObserver observer,
            long submittedNanos,
            CompletableFuture<Answer> answer) {
        /** Whether both may share a call. The text between image tokens and prompt is the same throughout a call. */
        boolean fits(Request first, int room) {
            return !alone
                    && prompts.size() <= room
                    && Arrays.equals(
                            prompts.get(0).task(), first.prompts().get(0).task())
                    && image.size() == first.image().size();
        }

        long bytes() {
            long tokens = 0;
            for (PreparedPrompt prompt : prompts) {
                tokens += prompt.prefix().length
                        + prompt.task().length
                        + prompt.condition().length
                        + prompt.suffix().length;
            }
            return REQUEST_BYTES + image.pixels().length + Integer.BYTES * tokens;
        }
    }

    /** Hears that the model was lost over a call, before anyone who waits does. */
    interface LossObserver {
        /** @param kind {@link Suspects.Loss#TIMEOUT} or {@link Suspects.Loss#DEVICE} */
        void lost(Suspects.Loss kind);
    }

    /**
     * @param results one per prompt, in order
     * @param queueMillis from handing over to the start of the work
     */
    record Answer(List<PromptResult> results, double queueMillis) {}

    ModelThread(Supplier<Segmenter> model, RuntimeOptions options) {
        this.options = options;
        queue = new ByteBoundedQueue<>(options.queueBytes());
        allowance = new CallAllowance(options.callTimeout(), options.promptTimeout());
        alarms = new ScheduledThreadPoolExecutor(1, daemon("maskroute-model-alarm"));
        alarms.setRemoveOnCancelPolicy(true);
        alarms.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        thread = daemon("maskroute-model").newThread(() -> run(model));
        alarms.schedule(this::openingTimedOut, options.openTimeout().toNanos(), TimeUnit.NANOSECONDS);
        thread.start();
    }

    private static ThreadFactory daemon(String name) {
        return work -> {
            Thread thread = new Thread(work, name);
            thread.setDaemon(true);
            return thread;
        };
    }

    /**
     * Whether a new model has to be opened. One that cannot be used as it was handed in would fail the same way again, so it
     * stays, and every task hears the same reason without another attempt at loading.
     */
    boolean isReplaceable() {
        return broken != null && !(broken instanceof UnusableInputException);
    }

    /**
     * Waits until the model is loaded and warm.
     *
     * @throws RuntimeException or Error: what loading it threw
     */
    SegmenterInfo awaitModel() throws InterruptedException {
        return model().info();
    }

    PreparedImage prepare(RgbImage image) throws RowFailure, InterruptedException {
        return whileOpen(model -> model.prepare(image));
    }

    PreparedPrompt prepare(ReferringPrompt prompt) throws RowFailure, InterruptedException {
        return whileOpen(model -> model.prepare(prompt));
    }

    private interface Preparation<T> {
        T with(Segmenter model) throws RowFailure;
    }

    /** The tokenizer is native too: nobody may be in it when the model closes. */
    private <T> T whileOpen(Preparation<T> preparation) throws RowFailure, InterruptedException {
        Segmenter model = model();
        use.readLock().lock();
        try {
            if (closed) {
                throw rethrown(ended());
            }
            return preparation.with(model);
        } finally {
            use.readLock().unlock();
        }
    }

    private Segmenter model() throws InterruptedException {
        try {
            return opened.get();
        } catch (ExecutionException e) {
            throw rethrown(e.getCause());
        }
    }

    /**
     * Hands over a picture's prompts; waits while the queue is full. Cancelling the answer takes the request back.
     *
     * @param alone whether they must not share a call with other pictures
     * @return completed with a {@link PredictorLostException} when the model ends before it answers
     */
    Future<Answer> submit(PreparedImage image, List<PreparedPrompt> asked, boolean alone, LossObserver observer)
            throws InterruptedException {
        Request request = new Request(image, asked, alone, observer, System.nanoTime(), new CompletableFuture<>());
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

    /** What the model has done so far; empty until it is ready, and once it has ended. */
    Optional<ModelStats> stats() {
        Segmenter segmenter = opened.isCompletedExceptionally() ? null : opened.getNow(null);
        if (segmenter == null || broken != null) {
            return Optional.empty();
        }
        long now = System.nanoTime();
        long busy = busyNanos.sum() + (inHand.get() == null ? 0 : now - callStartedNanos);
        return Optional.of(new ModelStats(
                segmenter.info().device(),
                images.sum(),
                callsMade.sum(),
                prompts.sum(),
                failedPrompts.sum(),
                calls.outOfMemory(),
                calls.promptsPerCall(),
                calls.imagesPerCall(),
                busy,
                waitNanos.sum(),
                now - readyAtNanos,
                readyAtNanos - createdNanos,
                queue.size(),
                queue.bytes()));
    }

    private void run(Supplier<Segmenter> source) {
        try {
            Segmenter segmenter = source.get();
            try {
                WarmUp.run(segmenter, options.warmUpCalls(), allowance);
                calls = new ModelCalls(
                        segmenter,
                        this::watched,
                        options.promptsPerCall(),
                        options.imagesPerCall(segmenter.info().device()));
                readyAtNanos = System.nanoTime();
                opened.complete(segmenter);
                for (Request request = queue.take(); request != null; request = queue.take()) {
                    answer(with(request));
                }
            } finally {
                close(segmenter);
            }
        } catch (Throwable t) {
            end(t);
        } finally {
            alarms.shutdown();
            end(null);
        }
    }

    private void close(Segmenter segmenter) {
        use.writeLock().lock();
        try {
            closed = true;
            segmenter.close();
        } finally {
            use.writeLock().unlock();
        }
    }

    /** What waits already and may share a call; nobody waits for more to come. */
    private List<Request> with(Request first) {
        List<Request> batch = new ArrayList<>(List.of(first));
        int most = first.alone() ? 1 : calls.imagesPerCall();
        int asked = first.prompts().size();
        while (batch.size() < most) {
            int room = calls.promptsPerCall() - asked;
            Optional<Request> next = queue.takeIf(r -> r.fits(first, room));
            if (next.isEmpty()) {
                break;
            }
            batch.add(next.get());
            asked += next.get().prompts().size();
        }
        batch.removeIf(r -> r.answer().isDone());
        return batch;
    }

    private void answer(List<Request> batch) {
        if (batch.isEmpty()) {
            return;
        }
        callStartedNanos = System.nanoTime();
        inHand.set(batch);
        List<List<PromptResult>> results;
        try {
            results = calls.segment(batch.stream()
                    .map(r -> new PicturePrompts(r.image(), r.prompts()))
                    .toList());
        } catch (Throwable t) {
            if (inHand.compareAndSet(batch, null)) {
                lose(batch, t);
            }
            throw t;
        }
        if (!inHand.compareAndSet(batch, null)) {
            return; // Too late: the queue is closed, and the thread ends next.
        }
        busyNanos.add(System.nanoTime() - callStartedNanos);
        callsMade.increment();
        for (int i = 0; i < batch.size(); i++) {
            complete(batch.get(i), results.get(i));
        }
    }

    private void complete(Request request, List<PromptResult> results) {
        long waited = callStartedNanos - request.submittedNanos();
        waitNanos.add(waited);
        images.increment();
        prompts.add(results.size());
        failedPrompts.add(results.stream().filter(r -> r.failure() != null).count());
        request.answer().complete(new Answer(results, waited / 1e6));
    }

    /** An alarm over each call of the model, however many it takes to answer what is in hand. */
    private <T> T watched(int pictures, int asked, ModelCalls.Call<T> call) throws RowFailure {
        List<Request> batch = inHand.get();
        Duration allowed = allowance.of(pictures, asked);
        long start = System.nanoTime();
        Future<?> alarm = batch == null
                ? null // Too late: another call was.
                : alarms.schedule(() -> timeOut(batch, asked, allowed), allowed.toNanos(), TimeUnit.NANOSECONDS);
        try {
            T found = call.make();
            allowance.learn(pictures, asked, System.nanoTime() - start);
            return found;
        } finally {
            if (alarm != null) {
                alarm.cancel(false);
            }
        }
    }

    private void openingTimedOut() {
        if (!opened.isDone()) {
            end(new PredictorLostException(
                    "the model was not open and warm within "
                            + options.openTimeout().toSeconds()
                            + " s (runtime.open-timeout); its thread hangs in native code or in reading",
                    null));
            alarms.shutdown();
        }
    }

    private void timeOut(List<Request> batch, int asked, Duration allowed) {
        if (inHand.compareAndSet(batch, null)) {
            PredictorLostException why = new PredictorLostException(
                    "the model did not answer within " + allowed.toMillis() / 1e3 + " s (a call of " + asked
                            + " prompts; runtime.call-timeout, runtime.prompt-timeout); its thread hangs in native code",
                    null);
            fail(batch, Suspects.Loss.TIMEOUT, why);
            alarms.shutdown();
        }
    }

    private void lose(List<Request> batch, Throwable why) {
        fail(batch, why instanceof DeviceLostException ? Suspects.Loss.DEVICE : null, why);
    }

    /** @param loss what the prompts are to be blamed for, if for anything */
    private void fail(List<Request> batch, Suspects.Loss loss, Throwable why) {
        try {
            if (loss != null) {
                batch.forEach(request -> request.observer().lost(loss));
            }
        } catch (RuntimeException e) {
            why.addSuppressed(e);
        } finally {
            end(why);
            batch.forEach(request -> request.answer().completeExceptionally(ended()));
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

    /** What loading threw; once the model was ready, its loss. */
    private Throwable ended() {
        if (broken instanceof Error || broken instanceof PredictorLostException) {
            return broken;
        }
        if (broken != null && readyAtNanos == 0) {
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
            thread.join(TimeUnit.SECONDS.toMillis(CLOSING_SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
