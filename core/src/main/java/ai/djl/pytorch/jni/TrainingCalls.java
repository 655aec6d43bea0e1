package ai.djl.pytorch.jni;

import ai.djl.pytorch.engine.PtSymbolBlock;
import java.util.Arrays;

/**
 * What {@link IValueUtils#runMethod} does, without PyTorch's inference mode, whose tensors take no part in gradients. In DJL's
 * package because DJL keeps the native call to itself; it offers training through tensors alone, and the program's methods
 * take dictionaries of weights.
 */
public final class TrainingCalls {
    private TrainingCalls() {}

    /** The result is the caller's to close. */
    public static IValue runMethod(PtSymbolBlock block, String method, IValue... arguments) {
        long[] handles = Arrays.stream(arguments).mapToLong(IValue::getHandle).toArray();
        return new IValue(PyTorchLibrary.LIB.moduleRunMethod(block.getHandle(), method, handles, true, false));
    }
}
