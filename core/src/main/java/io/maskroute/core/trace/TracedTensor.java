package io.maskroute.core.trace;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.Arrays;

/**
 * An activation on the heap, row-major.
 *
 * @param info {@code F32} for every floating-point activation, {@code I64} or {@code U8} (0 and 1 for booleans) for the others
 * @param values as doubles, which hold each of these exactly enough to compare
 */
record TracedTensor(TensorInfo info, double[] values) {

    static TracedTensor floats(float[] values, long... shape) {
        double[] wide = new double[values.length];
        Arrays.setAll(wide, i -> values[i]);
        return new TracedTensor(TensorInfo.of(DType.F32, shape), wide);
    }

    static TracedTensor longs(long[] values, long... shape) {
        return new TracedTensor(
                TensorInfo.of(DType.I64, shape),
                Arrays.stream(values).asDoubleStream().toArray());
    }

    static TracedTensor of(TorchScope work, IValue tensor) {
        long[] shape = work.shape(tensor);
        int type = (int) work.run("tensor_dtype", tensor).toLong();
        if (type == TorchType.INT64.code()) {
            return longs(work.longs(tensor), shape);
        }
        if (type == TorchType.UINT8.code() || type == TorchType.BOOL.code()) {
            byte[] bytes = work.bytes(tensor);
            double[] wide = new double[bytes.length];
            Arrays.setAll(wide, i -> bytes[i] & 0xff);
            return new TracedTensor(TensorInfo.of(DType.U8, shape), wide);
        }
        return floats(work.floats(tensor), shape);
    }

    static TracedTensor read(TensorSource source, String name) {
        TensorInfo info = source.info(name);
        return info.dtype().isFloating()
                ? floats(source.floats(name), info.shape())
                : new TracedTensor(
                        info, Arrays.stream(source.longs(name)).asDoubleStream().toArray());
    }

    float[] toFloats() {
        float[] narrow = new float[values.length];
        for (int i = 0; i < narrow.length; i++) {
            narrow[i] = (float) values[i];
        }
        return narrow;
    }

    long[] toLongs() {
        return Arrays.stream(values).mapToLong(v -> (long) v).toArray();
    }
}
