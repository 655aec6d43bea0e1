package io.maskroute.job.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MarkedWorkTest {
    private final MarkedWork marked = new MarkedWork();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch through = new CountDownLatch(1);

    @AfterEach
    void end() {
        threads.shutdownNow();
    }

    @Test
    void theEndWaitsForWhatIsMarkedAndLetsNothingBeginAfterIt() throws Exception {
        Future<String> inWork = threads.submit(() -> marked.inTurn(() -> {
            begun.countDown();
            through.await();
            return "through";
        }));
        begun.await();
        Future<Boolean> ended = threads.submit(() -> marked.end(Duration.ofMinutes(1)));
        assertThatThrownBy(() -> ended.get(100, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);

        through.countDown();

        assertThat(inWork.get()).isEqualTo("through");
        assertThat(ended.get()).isTrue();
        Future<String> late = threads.submit(() -> marked.inTurn(() -> "late"));
        assertThatThrownBy(() -> late.get(100, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
    }

    @Test
    void theEndComesThoughWhatIsMarkedHangs() throws Exception {
        threads.submit(() -> marked.inTurn(() -> {
            begun.countDown();
            through.await();
            return null;
        }));
        begun.await();

        assertThat(marked.end(Duration.ofMillis(1))).isFalse();
    }

    @Test
    void whatFailsGivesItsTurnAway() throws Exception {
        Future<?> failing = threads.submit(() -> marked.inTurn(() -> {
            throw new PredictorLostException("lost", null);
        }));
        assertThatThrownBy(failing::get).isInstanceOf(ExecutionException.class);

        assertThat(threads.submit(() -> marked.inTurn(() -> "next")).get()).isEqualTo("next");
    }
}
