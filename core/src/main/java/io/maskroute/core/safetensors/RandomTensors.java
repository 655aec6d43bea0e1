package io.maskroute.core.safetensors;

import io.maskroute.core.error.UnusableInputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * fp32 tensors of seeded random numbers that are made when they are read: nothing is stored and nothing is held, so a model of
 * any size can be built from them. A tensor's numbers depend on the seed and its name alone.
 */
public final class RandomTensors implements TensorSource {
    private static final int BYTES = Float.BYTES;

    private final String origin;
    private final long seed;
    private final Map<String, Numbers> tensors;

    private RandomTensors(Builder builder) {
        this.origin = builder.origin;
        this.seed = builder.seed;
        this.tensors = Collections.unmodifiableMap(new LinkedHashMap<>(builder.tensors));
    }

    /**
     * How a tensor is filled.
     *
     * @param width numbers are uniform in {@code centre - width .. centre + width}
     * @param given all elements, where they are not random; else null
     */
    private record Numbers(TensorInfo info, float centre, float width, float[] given) {}

    /** @param origin what messages call the tensors */
    public static Builder builder(String origin, long seed) {
        return new Builder(origin, seed);
    }

    /** Tensors keep the order in which they are added. */
    public static final class Builder {
        private final String origin;
        private final long seed;
        private final Map<String, Numbers> tensors = new LinkedHashMap<>();

        private Builder(String origin, long seed) {
            this.origin = origin;
            this.seed = seed;
        }

        /**
         * @param deviation standard deviation of the numbers around the centre, which are uniformly distributed
         */
        public Builder uniform(String name, long[] shape, double centre, double deviation) {
            tensors.put(
                    name,
                    new Numbers(
                            new TensorInfo(DType.F32, shape),
                            (float) centre,
                            (float) (deviation * Math.sqrt(3)),
                            null));
            return this;
        }

        /** A tensor that is not random. */
        public Builder given(String name, long[] shape, float[] elements) {
            TensorInfo info = new TensorInfo(DType.F32, shape);
            if (info.elements() != elements.length) {
                throw new IllegalArgumentException(name + ": " + elements.length + " elements for " + info);
            }
            tensors.put(name, new Numbers(info, 0, 0, elements.clone()));
            return this;
        }

        public RandomTensors build() {
            return new RandomTensors(this);
        }
    }

    @Override
    public String origin() {
        return origin;
    }

    @Override
    public Set<String> names() {
        return tensors.keySet();
    }

    @Override
    public TensorInfo info(String name) {
        return numbers(name).info();
    }

    /**
     * Fills an array with consecutive elements.
     *
     * @param start of them in the flattened tensor
     */
    public void elements(String name, long start, float[] values) {
        Numbers numbers = numbers(name);
        long base = base(name);
        for (int i = 0; i < values.length; i++) {
            values[i] = element(numbers, base, start + i);
        }
    }

    @Override
    public ByteBuffer bytes(String name) {
        return ByteBuffer.wrap(toByteArray(name)).order(ByteOrder.LITTLE_ENDIAN).asReadOnlyBuffer();
    }

    /** Takes whole elements only: {@code offset} and what {@code target} has room for are multiples of 4. */
    @Override
    public void read(String name, long offset, ByteBuffer target) {
        if (offset % BYTES != 0 || target.remaining() % BYTES != 0) {
            throw new IllegalArgumentException("part of a number: " + target.remaining() + " bytes from " + offset);
        }
        Numbers numbers = numbers(name);
        long base = base(name);
        long element = offset / BYTES;
        ByteOrder order = target.order();
        target.order(ByteOrder.LITTLE_ENDIAN);
        while (target.hasRemaining()) {
            target.putFloat(element(numbers, base, element++));
        }
        target.order(order);
    }

    @Override
    public void close() {
        // There is nothing to let go of.
    }

    private Numbers numbers(String name) {
        Numbers numbers = tensors.get(name);
        if (numbers == null) {
            throw new UnusableInputException(origin + ": no tensor " + Names.quote(name));
        }
        return numbers;
    }

    private long base(String name) {
        return seed ^ name.hashCode() * 0x9E3779B97F4A7C15L;
    }

    private static float element(Numbers numbers, long base, long index) {
        if (numbers.given() != null) {
            return numbers.given()[(int) index];
        }
        return numbers.width() == 0 ? numbers.centre() : numbers.centre() + numbers.width() * uniform(base, index);
    }

    /**
     * Number {@code index} of SplitMix64 (Steele, Lea, Flood 2014) in [-1, 1); written out because the numbers must never change
     * with the Java version.
     */
    private static float uniform(long seed, long index) {
        long z = seed + (index + 1) * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        z ^= z >>> 31;
        return (z >> 40) * 0x1p-23f;
    }
}
