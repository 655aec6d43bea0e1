package io.maskroute.core.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CastTensorsTest {
    private static final int ELEMENTS = 70_001;

    @TempDir
    Path folder;

    private Safetensors written(DType dtype, float[] values) throws IOException {
        Path file = folder.resolve(dtype + ".safetensors");
        try (SafetensorsWriter writer = SafetensorsWriter.create(
                file,
                Map.of("a", TensorInfo.of(dtype, values.length), "whole", TensorInfo.of(DType.I64, 2)),
                Map.of())) {
            writer.writeFloats("a", values);
            writer.writeLongs("whole", new long[] {-5, 1L << 40});
            writer.finish();
        }
        return Safetensors.open(file);
    }

    private static float[] values() {
        Random random = new Random(3);
        float[] values = new float[ELEMENTS];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * Math.pow(2, random.nextInt(20) - 14));
        }
        return values;
    }

    private static float rounded(float value, DType dtype) {
        return switch (dtype) {
            case F16 -> HalfFloats.fromF16(HalfFloats.toF16(value));
            case BF16 -> HalfFloats.fromBf16(HalfFloats.toBf16(value));
            default -> value;
        };
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F64", "F32", "F16", "BF16"})
    void everyElementIsRounded(DType stored) throws IOException {
        float[] values = values();
        for (DType dtype : new DType[] {DType.F32, DType.F16, DType.BF16}) {
            try (TensorSource cast = CastTensors.of(written(stored, values), dtype)) {
                assertThat(cast.info("a")).isEqualTo(TensorInfo.of(dtype, ELEMENTS));
                float[] expected = new float[ELEMENTS];
                for (int i = 0; i < ELEMENTS; i++) {
                    expected[i] = rounded(rounded(values[i], stored), dtype);
                }
                assertThat(cast.floats("a")).isEqualTo(expected);
                assertThat(cast.info("whole")).isEqualTo(TensorInfo.of(DType.I64, 2));
                assertThat(cast.longs("whole")).containsExactly(-5, 1L << 40);
                // A window reads the same, and leaves the buffer's order.
                ByteBuffer window = ByteBuffer.allocate(3 * dtype.bytes()).order(ByteOrder.BIG_ENDIAN);
                cast.read("a", 65_535L * dtype.bytes(), window);
                assertThat(window.order()).isEqualTo(ByteOrder.BIG_ENDIAN);
                byte[] all = cast.toByteArray("a");
                assertThat(window.array())
                        .isEqualTo(java.util.Arrays.copyOfRange(all, 65_535 * dtype.bytes(), 65_538 * dtype.bytes()));
            }
        }
    }

    @Test
    void whatIsNotFiniteIsRefused() throws IOException {
        float[] values = values();
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            values[70_000] = bad;
            try (TensorSource cast = CastTensors.of(written(DType.F32, values), DType.F32)) {
                assertThatThrownBy(() -> cast.floats("a"))
                        .isInstanceOf(UnusableInputException.class)
                        .hasMessageContaining("tensor 'a' holds " + bad + ", which is not finite (element 70000)");
            }
        }
        values[70_000] = 65_520;
        try (TensorSource cast = CastTensors.of(written(DType.F32, values), DType.F16)) {
            assertThatThrownBy(() -> cast.floats("a"))
                    .isInstanceOf(UnusableInputException.class)
                    .hasMessageContaining("holds 65520.0, which is beyond F16 (element 70000)");
        }
        values[70_000] = 65_519;
        try (TensorSource cast = CastTensors.of(written(DType.F32, values), DType.F16)) {
            assertThat(cast.floats("a")[70_000]).isEqualTo(65_504);
        }
    }
}
