package io.maskroute.core.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import org.junit.jupiter.api.Test;

class PlaceCodeTest {
    private static final int CHANNELS = 32;
    private static final int SIDE = 8;
    private static final int CELLS = SIDE * SIDE;

    @Test
    void whoKnowsACellsCodePointsToThatCellAlone() {
        float[] code;
        try (TorchProgram program = TorchProgram.loadForTraining("cpu");
                TorchScope scope = program.scope()) {
            code = scope.floats(scope.run(
                    "place_code", scope.of((long) CHANNELS), scope.of((long) SIDE), scope.floats(new float[1], 1)));
        }

        assertThat(code).hasSize(CHANNELS * CELLS);
        for (int cell = 0; cell < CELLS; cell++) {
            for (int other = 0; other < CELLS; other++) {
                if (other != cell) {
                    assertThat(product(code, cell, other))
                            .as("cells %d and %d", cell, other)
                            .isLessThan(0.7 * product(code, cell, cell));
                }
            }
        }
    }

    private static double product(float[] code, int one, int other) {
        double sum = 0;
        for (int c = 0; c < CHANNELS; c++) {
            sum += code[c * CELLS + one] * code[c * CELLS + other];
        }
        return sum;
    }
}
