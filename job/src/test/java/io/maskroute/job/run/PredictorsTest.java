package io.maskroute.job.run;

import static io.maskroute.job.run.StubSegmenter.answers;
import static io.maskroute.job.run.StubSegmenter.image;
import static io.maskroute.job.run.StubSegmenter.prompts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.segmenter.DeviceLostException;
import io.maskroute.core.segmenter.Segmenter;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.config.RuntimeOptions;
import io.maskroute.job.run.ModelRequest.Answer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PredictorsTest {
    private static final Duration LONG = Duration.ofHours(1);
    private final List<Suspects.Loss> losses = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        ExecutorModels.closeAll();
    }

    @Test
    void tasksThatAskAtOnceShareOneModel() throws Exception {
        AtomicInteger opened = new AtomicInteger();
        CountDownLatch everyoneAsked = new CountDownLatch(8);
        Factory factory = new Factory(options -> {
            opened.incrementAndGet();
            await(everyoneAsked);
            return new StubSegmenter((image, numbers) -> {});
        });
        List<CompletableFuture<Predictors>> asking = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            asking.add(CompletableFuture.supplyAsync(
                    () -> {
                        Predictors model = ExecutorModels.get(factory, cpu(), runtime(LONG));
                        everyoneAsked.countDown();
                        return awaited(model);
                    },
                    task -> new Thread(task).start()));
        }

        assertThat(asking.stream().map(CompletableFuture::join).distinct()).hasSize(1);
        assertThat(opened).hasValue(1);
        assertThat(ExecutorModels.stats()).hasSize(1);
    }

    @Test
    void aModelThatCannotBeUsedIsOpenedOnceAndEveryTaskHearsWhy() {
        AtomicInteger opened = new AtomicInteger();
        Factory factory = new Factory(options -> {
            opened.incrementAndGet();
            throw new UnusableInputException("the model lacks the weight x.y.z");
        });
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() ->
                            ExecutorModels.get(factory, cpu(), runtime(LONG)).awaitModel())
                    .isInstanceOf(UnusableInputException.class)
                    .hasMessage("the model lacks the weight x.y.z");
        }
        assertThat(opened).hasValue(1);
        assertThat(ExecutorModels.stats()).isEmpty();
    }

    @Test
    void anotherFailureOfLoadingIsTriedAgain() throws Exception {
        AtomicInteger opened = new AtomicInteger();
        Factory factory = new Factory(options -> {
            if (opened.incrementAndGet() == 1) {
                throw new IllegalStateException("the device is busy");
            }
            return new StubSegmenter((image, numbers) -> {});
        });
        Predictors first = ExecutorModels.get(factory, cpu(), runtime(LONG));
        assertThatThrownBy(first::awaitModel).hasMessage("the device is busy");

        assertThat(ExecutorModels.get(factory, cpu(), runtime(LONG)).awaitModel())
                .isNotNull();
        assertThat(opened).hasValue(2);
    }

    @Test
    void aModelThatDoesNotRunIsFoundOutByTheWarmUp() {
        StubSegmenter segmenter = new StubSegmenter((image, numbers) -> {
            throw new RowFailure(Stage.VISION, "engine-error", "no kernel image is available");
        });
        try (Predictors model = one(() -> segmenter, runtime(LONG, 2))) {
            assertThatThrownBy(model::awaitModel)
                    .isInstanceOf(UnusableInputException.class)
                    .hasMessageContaining("no kernel image is available");
        }
        assertThat(segmenter.closed.getCount()).isZero();
    }

    @Test
    void callsAreAnsweredInOrderAndCounted() throws Exception {
        StubSegmenter segmenter = new StubSegmenter((image, numbers) -> {
            if (numbers.contains(13)) {
                throw new RowFailure(Stage.PROMPT, "refused", "unlucky");
            }
        });
        try (Predictors model = one(() -> segmenter, runtime(LONG, 2))) {
            Future<Answer> first = submit(model, 1, 2);
            Future<Answer> second = submit(model, 12, 13);
            assertThat(answers(first.get().results())).containsExactly(1, 2);
            assertThat(answers(second.get().results())).containsExactly(12, -1);

            ModelStats stats = model.stats().get(0);
            assertThat(stats.images()).isEqualTo(2);
            assertThat(stats.prompts()).isEqualTo(4);
            assertThat(stats.failedPrompts()).isEqualTo(1);
            assertThat(stats.queuedImages()).isZero();
            assertThat(stats.queuedBytes()).isZero();
            assertThat(stats.busyNanos()).isPositive();
            assertThat(stats.busyShare()).isBetween(0.0, 1.0);
        }
        assertThat(segmenter.calls.subList(0, 2)).containsExactly(List.of(0), List.of(0));
        assertThat(segmenter.closed.getCount()).isZero();
    }

    @Test
    void whatAKilledTaskTakesBackIsNeverRunAndFreesItsBytes() throws Exception {
        Semaphore go = new Semaphore(0);
        CountDownLatch started = new CountDownLatch(1);
        StubSegmenter segmenter = new StubSegmenter((image, numbers) -> {
            started.countDown();
            go.acquireUninterruptibly();
        });
        try (Predictors model = one(() -> segmenter, runtime(LONG))) {
            Future<Answer> running = submit(model, 1);
            started.await();
            Future<Answer> killed = submit(model, 2);
            Future<Answer> other = submit(model, 3);
            long bytes = model.stats().get(0).queuedBytes();

            killed.cancel(false);
            running.cancel(false);

            assertThat(model.stats().get(0).queuedBytes()).isLessThan(bytes);
            go.release(2);
            assertThat(answers(other.get().results())).containsExactly(3);
        }
        assertThat(segmenter.calls).containsExactly(List.of(1), List.of(3));
    }

    @Test
    void aFullQueueHoldsTasksBack() throws Exception {
        Semaphore go = new Semaphore(0);
        CountDownLatch started = new CountDownLatch(1);
        StubSegmenter segmenter = new StubSegmenter((image, numbers) -> {
            started.countDown();
            go.acquireUninterruptibly();
        });
        try (Predictors model = one(() -> segmenter, runtime(LONG))) {
            submit(model, 1);
            started.await();
            model.submit("picture", image(QUEUE_BYTES), prompts(2), false, losses::add);
            CompletableFuture<Future<Answer>> held = new CompletableFuture<>();
            Thread task = new Thread(() -> {
                try {
                    held.complete(submit(model, 3));
                } catch (InterruptedException e) {
                    held.completeExceptionally(e);
                }
            });
            task.start();
            while (task.getState() != Thread.State.WAITING) {
                Thread.onSpinWait();
            }
            assertThat(held).isNotDone();
            assertThat(model.stats().get(0).queuedImages()).isEqualTo(1);

            go.release(3);
            assertThat(answers(held.get().get().results())).containsExactly(3);
        }
    }

    @Test
    void picturesOfSeveralTasksShareACallAndSuspectsDoNot() throws Exception {
        Semaphore go = new Semaphore(0);
        CountDownLatch started = new CountDownLatch(1);
        StubSegmenter segmenter = new StubSegmenter((image, numbers) -> {
            started.countDown();
            go.acquireUninterruptibly();
        });
        try (Predictors model = one(() -> segmenter, runtime(LONG, 0, 3, 100 * QUEUE_BYTES))) {
            submit(model, 1);
            started.await();
            List<Future<Answer>> waiting = List.of(
                    submit(model, 2),
                    submit(model, 3, 4),
                    submit(model, 5),
                    submit(model, 6),
                    model.submit("picture", image(1), prompts(7), true, losses::add),
                    submit(model, 8, 9, 10, 11),
                    submit(model, 12, 13, 14));
            waiting.get(1).cancel(false);
            go.release(100);

            assertThat(answers(waiting.get(2).get().results())).containsExactly(5);
            assertThat(answers(waiting.get(6).get().results())).containsExactly(12, 13, 14);
            assertThat(model.stats().get(0).images()).isEqualTo(7);
        }
        assertThat(segmenter.together).containsExactly(3);
        assertThat(segmenter.calls)
                .containsExactly(
                        List.of(1),
                        List.of(2),
                        List.of(5),
                        List.of(6),
                        List.of(7),
                        List.of(8, 9, 10, 11),
                        List.of(12, 13, 14));
    }

    @Test
    void aCallThatHangsLosesTheModelAndItsPromptsAreRecordedFirst() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        StubSegmenter hanging = new StubSegmenter((image, numbers) -> {
            if (numbers.contains(2)) {
                await(never);
            }
        });
        Factory factory = new Factory(options -> hanging);
        Predictors model = ExecutorModels.get(factory, cpu(), runtime(Duration.ofMillis(50)));
        assertThat(answers(submit(model, 1).get().results())).containsExactly(1);

        Future<Answer> hung = submit(model, 2);
        Future<Answer> behind = submit(model, 3);

        assertThatThrownBy(hung::get)
                .hasCauseInstanceOf(PredictorLostException.class)
                .hasMessageContaining("runtime.prompt-timeout");
        assertThat(losses).containsExactly(Suspects.Loss.TIMEOUT);
        assertThatThrownBy(behind::get).hasCauseInstanceOf(PredictorLostException.class);
        assertThatThrownBy(() -> submit(model, 4).get()).hasCauseInstanceOf(PredictorLostException.class);
        assertThat(model.isReplaceable()).isTrue();

        Predictors next = ExecutorModels.get(
                new Factory(options -> new StubSegmenter((image, numbers) -> {})), cpu(), runtime(LONG));
        assertThat(answers(submit(next, 5).get().results())).containsExactly(5);

        assertThat(hanging.closed.getCount()).isEqualTo(1);
        never.countDown();
        assertThat(hanging.closed.await(30, TimeUnit.SECONDS)).isTrue();
        assertThatThrownBy(() -> model.prepare(new RgbImage(1, 1, new byte[3])))
                .isInstanceOf(PredictorLostException.class);
    }

    /** What the call is allowed must not be so many times as long as it has prompts. */
    @Test
    void aCallOfManyPromptsThatHangsIsKnownByWhatOthersTook() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        StubSegmenter hanging = new StubSegmenter((image, numbers) -> {
            if (numbers.contains(2)) {
                await(never);
            }
        });
        RuntimeOptions options = new RuntimeOptions(
                2,
                QUEUE_BYTES,
                6,
                RuntimeOptions.BY_DEVICE,
                1,
                Duration.ofMillis(50),
                LONG,
                LONG,
                0,
                "cpu",
                1 << 20,
                List.of());
        Predictors model = one(() -> hanging, options);
        assertThat(answers(submit(model, 1).get().results())).containsExactly(1);

        Future<Answer> hung = submit(model, 2, 3, 4, 5, 6, 7);

        assertThatThrownBy(hung::get)
                .hasCauseInstanceOf(PredictorLostException.class)
                .hasMessageContaining("a call of 6 prompts");
        never.countDown();
    }

    @Test
    void aModelThatDoesNotOpenIsGivenUp() {
        CountDownLatch never = new CountDownLatch(1);
        RuntimeOptions options = new RuntimeOptions(
                2,
                QUEUE_BYTES,
                6,
                RuntimeOptions.BY_DEVICE,
                1,
                LONG,
                LONG,
                Duration.ofMillis(50),
                0,
                "cpu",
                1 << 20,
                List.of());
        Predictors model = one(
                () -> {
                    await(never);
                    return new StubSegmenter((image, numbers) -> {});
                },
                options);

        assertThatThrownBy(model::awaitModel)
                .isInstanceOf(PredictorLostException.class)
                .hasMessageContaining("runtime.open-timeout");
        assertThat(model.isReplaceable()).isTrue();
        never.countDown();
    }

    @Test
    void aLostDeviceLosesTheModel() throws Exception {
        StubSegmenter segmenter = new StubSegmenter((image, numbers) -> {
            throw new DeviceLostException("CUDA error: an illegal memory access was encountered", null);
        });
        Predictors model = one(() -> segmenter, runtime(LONG));

        assertThatThrownBy(submit(model, 1)::get)
                .hasCauseInstanceOf(PredictorLostException.class)
                .hasMessageContaining("illegal memory access");

        assertThat(losses).containsExactly(Suspects.Loss.DEVICE);
        assertThat(model.isReplaceable()).isTrue();
        model.close();
        assertThat(segmenter.closed.getCount()).isZero();
    }

    @Test
    void whatIsWrongWithTheProcessIsNotBlamedOnTheRow() throws Exception {
        Predictors model = one(
                () -> new StubSegmenter((image, numbers) -> {
                    throw new UnsatisfiedLinkError("no natives");
                }),
                runtime(LONG));

        assertThatThrownBy(submit(model, 1)::get).hasCauseInstanceOf(UnsatisfiedLinkError.class);

        assertThat(losses).isEmpty();
        model.close();
    }

    @Test
    void devicesWorkSideBySideFromOneQueue() throws Exception {
        CountDownLatch both = new CountDownLatch(2);
        StubSegmenter.Behaviour meeting = (image, numbers) -> {
            both.countDown();
            await(both);
        };
        StubSegmenter first = new StubSegmenter(meeting);
        StubSegmenter second = new StubSegmenter(meeting);
        Predictors model = new Predictors(
                List.of(new Predictors.Source("cuda:0", () -> first), new Predictors.Source("cuda:1", () -> second)),
                runtime(LONG),
                1);

        Future<Answer> one = submit(model, 1);
        Future<Answer> other = submit(model, 2);

        assertThat(List.of(one.get().device(), other.get().device())).containsExactlyInAnyOrder("cuda:0", "cuda:1");
        assertThat(model.stats()).hasSize(2).allMatch(stats -> stats.prompts() == 1);
        model.close();
        assertThat(first.closed.getCount() + second.closed.getCount()).isZero();
    }

    @Test
    void predictorsThatShareAModelCloseItOnce() throws Exception {
        CountDownLatch both = new CountDownLatch(2);
        AtomicInteger opened = new AtomicInteger();
        StubSegmenter shared = new StubSegmenter((image, numbers) -> {
            both.countDown();
            await(both);
        });
        Predictors model = new Predictors(
                List.of(new Predictors.Source("cpu", () -> {
                    opened.incrementAndGet();
                    return shared;
                })),
                runtime(LONG, 0, RuntimeOptions.BY_DEVICE, 2 * QUEUE_BYTES, 2),
                2);

        Future<Answer> one = submit(model, 1);
        Future<Answer> other = submit(model, 2);

        assertThat(answers(one.get().results())).containsExactly(1);
        assertThat(answers(other.get().results())).containsExactly(2);
        assertThat(opened).hasValue(1);
        assertThat(shared.closed.getCount()).isEqualTo(1);
        model.close();
        assertThat(shared.closed.getCount()).isZero();
    }

    @Test
    void whenOneHangsWhatTheOtherHasInHandIsAnswered() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        CountDownLatch later = new CountDownLatch(1);
        CountDownLatch bothAtWork = new CountDownLatch(2);
        StubSegmenter shared = new StubSegmenter((image, numbers) -> {
            bothAtWork.countDown();
            await(numbers.contains(1) ? never : later);
        });
        // Before anything is known of its speed, a call may take so long for each of its prompts.
        Predictors model = new Predictors(
                List.of(new Predictors.Source("cpu", () -> shared)),
                runtime(Duration.ofSeconds(2), 0, RuntimeOptions.BY_DEVICE, 2 * QUEUE_BYTES, 2),
                2);

        Future<Answer> other = submit(model, 2, 3, 4, 5, 6, 7);
        Future<Answer> hung = submit(model, 1);
        bothAtWork.await();

        assertThatThrownBy(hung::get).hasCauseInstanceOf(PredictorLostException.class);
        later.countDown();
        assertThat(answers(other.get().results())).containsExactly(2, 3, 4, 5, 6, 7);
        assertThat(losses).containsExactly(Suspects.Loss.TIMEOUT);
        assertThat(model.isReplaceable()).isTrue();
        assertThat(shared.closed.getCount()).isEqualTo(1);
        never.countDown();
        assertThat(shared.closed.await(30, TimeUnit.SECONDS)).isTrue();
    }

    private static final int QUEUE_BYTES = 1000;

    private Future<Answer> submit(Predictors model, int... numbers) throws InterruptedException {
        return model.submit("picture", image(1), prompts(numbers), false, losses::add);
    }

    private static RuntimeOptions runtime(Duration timeout) {
        return runtime(timeout, 0);
    }

    private static RuntimeOptions runtime(Duration timeout, int warmUp) {
        return runtime(timeout, warmUp, RuntimeOptions.BY_DEVICE, 2 * QUEUE_BYTES);
    }

    private static RuntimeOptions runtime(Duration timeout, int warmUp, int images, long queueBytes) {
        return runtime(timeout, warmUp, images, queueBytes, 1);
    }

    private static RuntimeOptions runtime(Duration timeout, int warmUp, int images, long queueBytes, int predictors) {
        return new RuntimeOptions(
                2, queueBytes, 6, images, predictors, timeout, timeout, LONG, warmUp, "cpu", 1 << 20, List.of());
    }

    private static AssignedDevices cpu() {
        return new AssignedDevices(List.of(new AssignedDevices.Placed(
                new ModelOptions("model", ModelOptions.DENSE, "fp32", "cpu", false), "cpu")));
    }

    private static Predictors one(Supplier<Segmenter> model, RuntimeOptions options) {
        return new Predictors(List.of(new Predictors.Source("cpu", model)), options, 1);
    }

    private static Predictors awaited(Predictors model) {
        try {
            model.awaitModel();
            return model;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private interface Opening {
        Segmenter open(ModelOptions options);
    }

    @SuppressWarnings("serial")
    private record Factory(Opening opening) implements SegmenterFactory {
        @Override
        public ModelSummary inspect(ModelOptions options) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Segmenter open(ModelOptions options) {
            return opening.open(options);
        }
    }
}
