package io.maskroute.core.torchscript;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class NativeCallsTest {
    @Test
    void theEndWaitsForCallsUnderWayAndLetsNoOtherBegin() throws Exception {
        NativeCalls calls = new NativeCalls();
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch finish = new CountDownLatch(1);
        CompletableFuture<String> call = CompletableFuture.supplyAsync(() -> calls.run(() -> {
            begun.countDown();
            await(finish);
            return "done";
        }));
        begun.await();
        Thread end = new Thread(calls::end);
        end.start();
        while (end.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }

        assertThatThrownBy(() -> calls.run(() -> "while it waits")).isInstanceOf(InternalError.class);
        finish.countDown();
        assertThat(call.get()).isEqualTo("done");
        end.join();
        assertThatThrownBy(() -> calls.run(() -> "too late")).isInstanceOf(InternalError.class);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
