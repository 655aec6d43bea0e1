package io.maskroute.core.bench;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.SplittableRandom;

/** Tensors whose numbers do not matter, as long as they are neither zero nor huge. */
final class RandomInputs {
    private RandomInputs() {}

    /** Uniform in [0, 1). */
    static IValue tensor(TorchScope scope, TorchType dtype, String device, long... shape) {
        long elements = 1;
        for (long size : shape) {
            elements *= size;
        }
        float[] values = new float[Math.toIntExact(elements)];
        SplittableRandom random = new SplittableRandom(elements);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble();
        }
        return scope.run("cast", scope.floats(values, shape), scope.of(dtype), scope.of(device));
    }
}
