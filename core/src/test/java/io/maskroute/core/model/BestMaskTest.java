package io.maskroute.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.task.Decoded;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The choice among more queries than are resized at once, however many those are. */
class BestMaskTest {
    private static final int QUERIES = 40;
    private static final int CHANNELS = 8;
    private static final int SIDE = 6;
    private static final int SIZE = 32;
    private static final int HEIGHT = 45;
    private static final int WIDTH = 60;

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

    private record Best(float score, int query, byte[] mask) {}

    private static float[] numbers(int count, int seed) {
        Random random = new Random(seed);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }

    private static Best best(float[] conditions, float[] embeddings) {
        return best(conditions, embeddings, Decoded.MASK_PIXELS);
    }

    private static Best best(float[] conditions, float[] embeddings, long pixels) {
        try (TorchScope scope = program.scope()) {
            IValue[] best = scope.elements(scope.run(
                    "best_mask",
                    scope.floats(conditions, conditions.length),
                    scope.floats(embeddings, conditions.length, CHANNELS),
                    scope.floats(numbers(CHANNELS * SIDE * SIDE, 1), 1, CHANNELS, SIDE, SIDE),
                    scope.of((long) SIZE),
                    scope.ints(24, SIZE),
                    scope.ints(HEIGHT, WIDTH),
                    scope.of(pixels)));
            return new Best(scope.floats(best[0])[0], (int) scope.longs(best[1])[0], scope.bytes(best[2]));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2 * HEIGHT * WIDTH, 7 * HEIGHT * WIDTH, Decoded.MASK_PIXELS})
    void isThatOfTheQueryWhoseMaskAloneScoresMost(long pixels) {
        float[] conditions = numbers(QUERIES, 2);
        float[] embeddings = numbers(QUERIES * CHANNELS, 3);
        Best most = new Best(-1, -1, new byte[0]);
        for (int q = 0; q < QUERIES; q++) {
            Best alone =
                    best(new float[] {conditions[q]}, Arrays.copyOfRange(embeddings, q * CHANNELS, (q + 1) * CHANNELS));
            if (alone.score() > most.score()) {
                most = new Best(alone.score(), q, alone.mask());
            }
        }

        Best best = best(conditions, embeddings, pixels);

        assertThat(best.query()).isEqualTo(most.query());
        assertThat(best.score()).isCloseTo(most.score(), within(1e-6f));
        assertThat(best.mask()).hasSize(HEIGHT * WIDTH).isEqualTo(most.mask());
    }

    /** Whichever chunk the query would be in, and however little its bound. */
    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void aNumberThatIsNotFiniteSpoilsTheScore(float broken) {
        for (int q = 0; q < QUERIES; q++) {
            float[] conditions = numbers(QUERIES, 2);
            float[] embeddings = numbers(QUERIES * CHANNELS, 3);
            conditions[q] = broken;
            assertThat(best(conditions, embeddings).score())
                    .as("condition of query %d", q)
                    .isNaN();

            conditions[q] = -1000;
            embeddings[q * CHANNELS] = broken;
            assertThat(best(conditions, embeddings).score())
                    .as("mask of query %d", q)
                    .isNaN();
        }
    }
}
