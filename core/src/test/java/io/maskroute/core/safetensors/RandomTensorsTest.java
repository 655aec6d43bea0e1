package io.maskroute.core.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.maskroute.core.error.UnusableInputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RandomTensorsTest {
    private static final RandomTensors TENSORS = RandomTensors.builder("test", 5)
            .uniform("weight", new long[] {400, 500}, 0, 0.5)
            .uniform("scale", new long[] {9}, 1, 0)
            .given("table", new long[] {2, 2}, new float[] {1, 2, 3, 4})
            .build();

    @Test
    void numbersHaveTheCentreAndDeviationAskedFor() {
        float[] weight = TENSORS.floats("weight");

        double mean = mean(weight);
        double variance = 0;
        for (float value : weight) {
            variance += (value - mean) * (value - mean) / weight.length;
        }
        // Five standard errors of 200,000 numbers.
        assertThat(mean).isCloseTo(0, within(5 * 0.5 / Math.sqrt(weight.length)));
        assertThat(Math.sqrt(variance)).isCloseTo(0.5, within(0.005));
        // No short cycle; some of 200,000 numbers of 24 bits are equal.
        Set<Float> distinct = new HashSet<>();
        for (float value : weight) {
            distinct.add(value);
        }
        assertThat(distinct).hasSizeGreaterThan(190_000);
        assertThat(TENSORS.floats("scale")).containsOnly(1);
        assertThat(TENSORS.floats("table")).containsExactly(1, 2, 3, 4);
    }

    @Test
    void aPartIsWhatTheWholeHasThere() {
        float[] whole = TENSORS.floats("weight");
        ByteBuffer part = ByteBuffer.allocate(40).order(ByteOrder.BIG_ENDIAN);

        TENSORS.read("weight", 4 * 1234, part);

        assertThat(part.order()).isEqualTo(ByteOrder.BIG_ENDIAN);
        part.flip().order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 10; i++) {
            assertThat(part.getFloat()).isEqualTo(whole[1234 + i]);
        }
        float[] elements = new float[3];
        TENSORS.elements("weight", 199_997, elements);
        assertThat(elements).isEqualTo(Arrays.copyOfRange(whole, 199_997, 200_000));
    }

    @Test
    void seedAndNameDecide() {
        RandomTensors again = RandomTensors.builder("again", 5)
                .uniform("other", new long[] {8}, 0, 0.5)
                .uniform("weight", new long[] {8}, 0, 0.5)
                .build();
        RandomTensors otherSeed = RandomTensors.builder("other", 6)
                .uniform("weight", new long[] {8}, 0, 0.5)
                .build();

        assertThat(again.floats("weight")).isEqualTo(Arrays.copyOf(TENSORS.floats("weight"), 8));
        assertThat(again.floats("other")).isNotEqualTo(again.floats("weight"));
        assertThat(otherSeed.floats("weight")).isNotEqualTo(again.floats("weight"));
    }

    @Test
    void unknownTensorsAreRefused() {
        assertThatThrownBy(() -> TENSORS.info("bias"))
                .isInstanceOf(UnusableInputException.class)
                .hasMessage("test: no tensor 'bias'");
    }

    private static double mean(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += value;
        }
        return sum / values.length;
    }
}
