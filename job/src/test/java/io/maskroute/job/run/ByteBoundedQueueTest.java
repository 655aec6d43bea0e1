package io.maskroute.job.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ByteBoundedQueueTest {
    @Test
    void bytesBoundWhatWaits() throws Exception {
        ByteBoundedQueue<String> queue = new ByteBoundedQueue<>(10);
        assertThat(queue.put("a", 6)).isTrue();
        assertThat(queue.put("b", 4)).isTrue();
        CompletableFuture<Boolean> third = inThread(() -> queue.put("c", 1));

        awaitParked(third);
        assertThat(queue.bytes()).isEqualTo(10);
        assertThat(queue.take()).isEqualTo("a");
        assertThat(third.join()).isTrue();
        assertThat(queue.bytes()).isEqualTo(5);
    }

    @Test
    void anItemAboveTheBoundPassesAlone() throws Exception {
        ByteBoundedQueue<String> queue = new ByteBoundedQueue<>(10);
        assertThat(queue.put("small", 1)).isTrue();
        CompletableFuture<Boolean> large = inThread(() -> queue.put("large", 1000));

        awaitParked(large);
        assertThat(queue.take()).isEqualTo("small");
        assertThat(large.join()).isTrue();
        CompletableFuture<Boolean> next = inThread(() -> queue.put("next", 1));
        awaitParked(next);
        assertThat(queue.take()).isEqualTo("large");
        assertThat(next.join()).isTrue();
        assertThat(queue.take()).isEqualTo("next");
        assertThat(queue.bytes()).isZero();
    }

    @Test
    void aLargeItemIsNotStarvedBySmallOnes() throws Exception {
        ByteBoundedQueue<String> queue = new ByteBoundedQueue<>(10);
        queue.put("a", 5);
        queue.put("b", 5);
        CompletableFuture<Boolean> large = inThread(() -> queue.put("large", 8));
        awaitParked(large);
        CompletableFuture<Boolean> small = inThread(() -> queue.put("small", 1));
        awaitParked(small);

        assertThat(List.of(queue.take(), queue.take(), queue.take(), queue.take()))
                .containsExactly("a", "b", "large", "small");
    }

    @Test
    void whatIsTakenBackMakesRoom() throws Exception {
        ByteBoundedQueue<String> queue = new ByteBoundedQueue<>(10);
        queue.put("a", 10);
        CompletableFuture<Boolean> second = inThread(() -> queue.put("b", 10));
        awaitParked(second);

        queue.remove("a");
        queue.remove("never there");

        assertThat(second.join()).isTrue();
        assertThat(queue.take()).isEqualTo("b");
    }

    @Test
    void anInterruptedThreadLeavesNothingBehind() throws Exception {
        ByteBoundedQueue<String> queue = new ByteBoundedQueue<>(1);
        queue.put("a", 1);
        CompletableFuture<Boolean> waiting = inThread(() -> queue.put("b", 1));
        Thread waiter = awaitParked(waiting);
        CompletableFuture<Boolean> behind = inThread(() -> queue.put("c", 1));
        awaitParked(behind);

        waiter.interrupt();

        assertThatThrownBy(waiting::join)
                .isInstanceOf(CompletionException.class)
                .hasRootCauseInstanceOf(InterruptedException.class);
        assertThat(queue.take()).isEqualTo("a");
        assertThat(behind.join()).isTrue();
        assertThat(queue.take()).isEqualTo("c");
    }

    @Test
    void closingWakesEveryoneAndHandsBackWhatWaited() throws Exception {
        ByteBoundedQueue<String> full = new ByteBoundedQueue<>(1);
        full.put("a", 1);
        CompletableFuture<Boolean> putting = inThread(() -> full.put("b", 1));
        awaitParked(putting);
        ByteBoundedQueue<String> empty = new ByteBoundedQueue<>(1);
        AtomicBoolean nothing = new AtomicBoolean();
        CompletableFuture<Boolean> taking = inThread(() -> {
            nothing.set(empty.take() == null);
            return true;
        });
        awaitParked(taking);

        assertThat(full.close()).containsExactly("a");
        assertThat(empty.close()).isEmpty();

        assertThat(putting.join()).isFalse();
        assertThat(taking.join()).isTrue();
        assertThat(nothing).isTrue();
        assertThat(full.put("late", 1)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void nothingIsLostOrDoubledAndTheBoundHolds(long seed) throws Exception {
        int producers = 4;
        int each = 500;
        int capacity = 64;
        ByteBoundedQueue<int[]> queue = new ByteBoundedQueue<>(capacity);
        List<CompletableFuture<Boolean>> threads = new ArrayList<>();
        AtomicInteger kept = new AtomicInteger();
        for (int p = 0; p < producers; p++) {
            int producer = p;
            Random random = new Random(seed * 31 + p);
            threads.add(inThread(() -> {
                for (int i = 0; i < each; i++) {
                    int[] item = {producer, i};
                    queue.put(item, 1 + random.nextInt(capacity / 2));
                    if (random.nextInt(10) == 0) {
                        queue.remove(item);
                    }
                    kept.incrementAndGet();
                }
                return true;
            }));
        }
        CompletableFuture<Boolean> end = inThread(() -> {
            threads.forEach(CompletableFuture::join);
            return queue.put(new int[] {-1, 0}, 1);
        });
        Map<Integer, List<Integer>> taken = new HashMap<>();
        for (int[] item = queue.take(); item[0] >= 0; item = queue.take()) {
            assertThat(queue.bytes()).isLessThanOrEqualTo(capacity);
            taken.computeIfAbsent(item[0], k -> new ArrayList<>()).add(item[1]);
        }
        assertThat(end.join()).isTrue();
        assertThat(kept).hasValue(producers * each);
        assertThat(queue.bytes()).isZero();
        assertThat(taken.values())
                .hasSize(producers)
                .allSatisfy(order -> assertThat(order).isSorted().doesNotHaveDuplicates());
        assertThat(taken.values().stream().mapToInt(List::size).sum())
                .isBetween(producers * each / 2, producers * each);
    }

    private interface Work {
        boolean run() throws Exception;
    }

    private final Map<CompletableFuture<Boolean>, Thread> running = Collections.synchronizedMap(new HashMap<>());

    private CompletableFuture<Boolean> inThread(Work work) {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                done.complete(work.run());
            } catch (Exception e) {
                done.completeExceptionally(e);
            }
        });
        thread.setDaemon(true);
        running.put(done, thread);
        thread.start();
        return done;
    }

    /** Returns once the thread waits, which it must without having finished. */
    private Thread awaitParked(CompletableFuture<Boolean> work) {
        Thread thread = running.get(work);
        while (thread.getState() != Thread.State.WAITING) {
            assertThat(work).isNotDone();
            Thread.onSpinWait();
        }
        return thread;
    }
}
