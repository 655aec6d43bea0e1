package io.maskroute.core.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class HalfFloatsTest {
    /** Value of a binary16 by its definition. */
    private static double half(int bits) {
        double sign = (bits & 0x8000) == 0 ? 1 : -1;
        int exponent = (bits >> 10) & 31;
        int fraction = bits & 1023;
        if (exponent == 31) {
            return fraction == 0 ? sign / 0.0 : Double.NaN;
        }
        return exponent == 0
                ? sign * fraction * Math.pow(2, -24)
                : sign * (1 + fraction / 1024.0) * Math.pow(2, exponent - 15);
    }

    @Test
    void everyHalfHasItsValueAndComesBack() {
        for (int bits = 0; bits < 0x10000; bits++) {
            float value = HalfFloats.fromF16((short) bits);
            assertThat((double) value).isEqualTo(Double.valueOf(half(bits)));
            if (!Float.isNaN(value)) {
                assertThat(HalfFloats.toF16(value)).isEqualTo((short) bits);
            } else {
                assertThat(HalfFloats.fromF16(HalfFloats.toF16(value))).isNaN();
            }
        }
    }

    @Test
    void everyBf16ComesBack() {
        for (int bits = 0; bits < 0x10000; bits++) {
            float value = HalfFloats.fromBf16((short) bits);
            if (!Float.isNaN(value)) {
                assertThat(HalfFloats.toBf16(value)).isEqualTo((short) bits);
            } else {
                assertThat(HalfFloats.fromBf16(HalfFloats.toBf16(value))).isNaN();
            }
        }
    }

    @Test
    void narrowingRoundsToNearestEven() {
        Random random = new Random(3);
        for (int i = 0; i < 200_000; i++) {
            float value = Float.intBitsToFloat(random.nextInt());
            if (!Float.isNaN(value)) {
                assertNearest(value, HalfFloats.toF16(value), true);
                assertNearest(value, HalfFloats.toBf16(value), false);
            }
            float inHalfRange = (float) (random.nextGaussian() * Math.pow(2, random.nextInt(42) - 26));
            assertNearest(inHalfRange, HalfFloats.toF16(inHalfRange), true);
        }
        assertThat(HalfFloats.toF16(65519.996f)).isEqualTo((short) 0x7bff);
        assertThat(HalfFloats.toF16(65520)).isEqualTo((short) 0x7c00);
        assertThat(HalfFloats.toF16(1 + 0x1p-11f)).isEqualTo((short) 0x3c00);
        assertThat(HalfFloats.toF16(1 + 3 * 0x1p-11f)).isEqualTo((short) 0x3c02);
        assertThat(HalfFloats.toBf16(1 + 0x1p-8f)).isEqualTo((short) 0x3f80);
        assertThat(HalfFloats.toBf16(1 + 3 * 0x1p-8f)).isEqualTo((short) 0x3f82);
    }

    /** No neighbour of the chosen value is nearer, and at a tie the chosen bits are even. */
    private static void assertNearest(float value, short bits, boolean f16) {
        double chosen = widen(bits, f16);
        if (Double.isInfinite(chosen)) {
            return; // the overflow thresholds are checked by hand
        }
        for (int step = -1; step <= 1; step += 2) {
            double neighbour = widen((short) (bits + step), f16);
            if (!Double.isFinite(neighbour) || neighbour * chosen < 0) {
                continue;
            }
            double ours = Math.abs(chosen - value);
            double theirs = Math.abs(neighbour - value);
            assertThat(ours < theirs || (ours == theirs && (bits & 1) == 0))
                    .as("%s -> %s, neighbour %s", value, chosen, neighbour)
                    .isTrue();
        }
    }

    private static double widen(short bits, boolean f16) {
        return f16 ? half(bits & 0xffff) : HalfFloats.fromBf16(bits);
    }
}
