package io.maskroute.core.torchscript;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.error.UnusableInputException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class TorchScopeTest {
    private static TorchProgram program;

    @BeforeAll
    static void load() {
        program = TorchProgram.load("cpu");
        TorchProgram.enterThread(0);
    }

    @AfterAll
    static void close() {
        program.close();
    }

    @Test
    void returnsWhatTheProgramComputes() {
        try (TorchScope scope = program.scope()) {
            IValue x = scope.floats(new float[] {1, 2, 3, 4}, 1, 1, 2, 2);
            IValue y = scope.run("bilinear", x, scope.of(4L), scope.of(4L));
            assertThat(scope.shape(y)).containsExactly(1, 1, 4, 4);
            assertThat(scope.floats(y)).startsWith(1f, 1.25f, 1.75f, 2f).endsWith(3f, 3.25f, 3.75f, 4f);
        }
    }

    @Test
    void aTensorOutlivesTheArrayItCameFrom() {
        try (TorchScope scope = program.scope()) {
            IValue x = scope.longs(new long[] {7, 8, 9}, 3);
            for (int i = 0; i < 50; i++) {
                scope.floats(new float[1 << 16], 1 << 16);
            }
            System.gc();
            assertThat(scope.longs(x)).containsExactly(7, 8, 9);
        }
    }

    @Test
    void aKeptValueSurvivesItsScope() {
        IValue kept;
        try (TorchScope scope = program.scope()) {
            kept = scope.keep(scope.floats(new float[] {1, 2}, 2));
        }
        try (kept;
                TorchScope scope = program.scope()) {
            assertThat(scope.floats(kept)).containsExactly(1, 2);
        }
    }

    @Test
    void anUnknownDeviceIsNamed() {
        assertThatThrownBy(() -> TorchProgram.load("cuda:7"))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("cuda:7")
                .hasMessageNotContaining("Traceback");
        assertThatThrownBy(() -> TorchProgram.load("tpu")).hasMessageContaining("tpu");
    }

    @Test
    void theArchiveIsTheSameForTheSameSources() {
        assertThat(ScriptArchive.bytes()).isEqualTo(ScriptArchive.bytes());
    }
}
