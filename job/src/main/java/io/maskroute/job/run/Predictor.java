package io.maskroute.job.run;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.segmenter.DeviceLostException;
import io.maskroute.core.segmenter.PicturePrompts;
import io.maskroute.job.config.RuntimeOptions;
import io.maskroute.job.run.ModelRequest.Answer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;

/** One thread that takes pictures from the queue and runs them through a model, with an alarm over each call. */
final class Predictor {
    private final ByteBoundedQueue<ModelRequest> queue;
    private final ScheduledExecutorService alarms;
    private final Losses losses;
    private final CallAllowance allowance;
    private final AtomicReference<List<ModelRequest>> inHand = new AtomicReference<>();
    private final LongAdder images = new LongAdder();
    private final LongAdder callsMade = new LongAdder();
    private final LongAdder prompts = new LongAdder();
    private final LongAdder failedPrompts = new LongAdder();
    private final LongAdder busyNanos = new LongAdder();
    private final LongAdder waitNanos = new LongAdder();
    private final long createdNanos = System.nanoTime();

    private volatile OpenModel model;
    private volatile ModelCalls calls;
    private volatile long readyAtNanos;
    private volatile long callStartedNanos;

    /** Hears why a predictor can do no more. */
    interface Losses {
        void end(Throwable why);

        /** What those hear who wait for it. */
        Throwable ended();
    }

    Predictor(
            ByteBoundedQueue<ModelRequest> queue,
            ScheduledExecutorService alarms,
            Losses losses,
            CallAllowance allowance) {
        this.queue = queue;
        this.alarms = alarms;
        this.losses = losses;
        this.allowance = allowance;
    }

    boolean isReady() {
        return readyAtNanos != 0;
    }

    /** Has a model, and may be called for. */
    void ready(OpenModel opened, RuntimeOptions options) {
        model = opened;
        calls = new ModelCalls(
                opened.segmenter(),
                this::watched,
                options.promptsPerCall(),
                options.imagesPerCall(opened.segmenter().info().device()));
        readyAtNanos = System.nanoTime();
    }

    /** Works until the queue is closed. */
    void work() throws InterruptedException {
        for (ModelRequest request = queue.take(); request != null; request = queue.take()) {
            answer(with(request));
        }
    }

    /**
     * What it has done so far; empty until it is ready.
     *
     * @param queuedImages pictures in the queue, if they are to be counted here
     * @param queuedBytes what they hold
     */
    Optional<ModelStats> stats(int queuedImages, long queuedBytes) {
        if (!isReady()) {
            return Optional.empty();
        }
        long now = System.nanoTime();
        long busy = busyNanos.sum() + (inHand.get() == null ? 0 : now - callStartedNanos);
        return Optional.of(new ModelStats(
                model.segmenter().info().device(),
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
                queuedImages,
                queuedBytes));
    }

    /** What waits already and may share a call; nobody waits for more to come. */
    private List<ModelRequest> with(ModelRequest first) {
        List<ModelRequest> batch = new ArrayList<>(List.of(first));
        int most = first.alone() ? 1 : calls.imagesPerCall();
        int asked = first.prompts().size();
        while (batch.size() < most) {
            int room = calls.promptsPerCall() - asked;
            Optional<ModelRequest> next = queue.takeIf(r -> r.fits(first, room));
            if (next.isEmpty()) {
                break;
            }
            batch.add(next.get());
            asked += next.get().prompts().size();
        }
        batch.removeIf(r -> r.answer().isDone());
        return batch;
    }

    private void answer(List<ModelRequest> batch) {
        if (batch.isEmpty()) {
            return;
        }
        callStartedNanos = System.nanoTime();
        inHand.set(batch);
        InHand.ofThisJvm().begin(this, batch.stream().map(ModelRequest::picture).toList());
        List<List<PromptResult>> results;
        try {
            results = calls.segment(batch.stream()
                    .map(r -> new PicturePrompts(r.image(), r.prompts()))
                    .toList());
        } catch (Throwable t) {
            if (inHand.compareAndSet(batch, null)) {
                fail(batch, t instanceof DeviceLostException ? Suspects.Loss.DEVICE : null, t);
            }
            throw t;
        } finally {
            InHand.ofThisJvm().end(this);
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

    private void complete(ModelRequest request, List<PromptResult> results) {
        long waited = callStartedNanos - request.submittedNanos();
        waitNanos.add(waited);
        images.increment();
        prompts.add(results.size());
        failedPrompts.add(results.stream().filter(r -> r.failure() != null).count());
        request.answer().complete(new Answer(results, model.label(), waited / 1e6));
    }

    /** An alarm over each call of the model, however many it takes to answer what is in hand. */
    private <T> T watched(int pictures, int asked, ModelCalls.Call<T> call) throws RowFailure {
        List<ModelRequest> batch = inHand.get();
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

    private void timeOut(List<ModelRequest> batch, int asked, Duration allowed) {
        if (inHand.compareAndSet(batch, null)) {
            PredictorLostException why = new PredictorLostException(
                    "the model did not answer within " + allowed.toMillis() / 1e3 + " s (a call of " + asked
                            + " prompts; runtime.call-timeout, runtime.prompt-timeout); its thread hangs in native code",
                    null);
            fail(batch, Suspects.Loss.TIMEOUT, why);
        }
    }

    /** @param loss what the prompts are to be blamed for, if for anything */
    private void fail(List<ModelRequest> batch, Suspects.Loss loss, Throwable why) {
        try {
            if (loss != null) {
                batch.forEach(request -> request.observer().lost(loss));
            }
        } catch (RuntimeException e) {
            why.addSuppressed(e);
        } finally {
            losses.end(why);
            batch.forEach(request -> request.answer().completeExceptionally(losses.ended()));
        }
    }
}
