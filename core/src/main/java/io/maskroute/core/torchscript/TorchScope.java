package io.maskroute.core.torchscript;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.TrainingCalls;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Owns the values of a piece of work: what it makes and what the program returns is freed when it closes, unless
 * {@link #keep kept}. Native memory has no garbage collector: a value outside any scope leaks for good. For one thread at a time.
 */
public final class TorchScope implements AutoCloseable {
    /**
     * What a tensor is made from. DJL would take a new buffer for each, and only the collector frees those: a heap that is seldom
     * collected would leave a picture's size behind with every picture.
     */
    private static final ThreadLocal<ByteBuffer> STAGING =
            ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(0).order(ByteOrder.nativeOrder()));

    private final TorchProgram program;
    private final PtNDManager manager;
    private final Set<IValue> owned = Collections.newSetFromMap(new IdentityHashMap<>());

    TorchScope(TorchProgram program, PtNDManager manager) {
        this.program = program;
        this.manager = manager;
    }

    /** Calls a method of the program. Values of any scope may be arguments; the result belongs to this one. */
    public IValue run(String method, IValue... arguments) {
        return own(call(method, arguments));
    }

    /** Gives what is built in this scope, which closes when that fails. */
    public <T> T building(Supplier<T> part) {
        try {
            return part.get();
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** Takes a value out of this scope; the caller closes it. */
    public IValue keep(IValue value) {
        if (!owned.remove(value)) {
            throw new IllegalArgumentException("the value is not owned by this scope");
        }
        return value;
    }

    /** Another scope of the same program, for what is to go before this one does. */
    public TorchScope sibling() {
        return program.scope();
    }

    /** Frees a value before the scope ends. */
    public void free(IValue value) {
        keep(value).close();
    }

    public IValue of(long value) {
        return own(IValue.from(value));
    }

    public IValue of(double value) {
        return own(IValue.from(value));
    }

    public IValue of(boolean value) {
        return own(IValue.from(value));
    }

    public IValue of(String value) {
        return own(IValue.from(value));
    }

    public IValue ints(long... values) {
        return own(IValue.listFrom(values));
    }

    public IValue doubles(double... values) {
        return own(IValue.listFrom(values));
    }

    public IValue booleans(boolean... values) {
        return own(IValue.listFrom(values));
    }

    /** A list of the values; they stay with their own scopes and must have one type. */
    public IValue list(IValue... values) {
        return own(IValue.listFrom(values));
    }

    /** An empty {@code Dict[str, Tensor]}. */
    public IValue dictionary() {
        return run("new_dictionary", longs(new long[] {0}, 1));
    }

    /** A dtype as TorchScript takes it. */
    public IValue of(TorchType type) {
        return of((long) type.code());
    }

    /** An fp32 tensor on the CPU with a copy of these elements, row-major. */
    public IValue floats(float[] elements, long... shape) {
        ByteBuffer staging = staging(elements.length * Float.BYTES);
        staging.asFloatBuffer().put(elements);
        return tensor(staging, DataType.FLOAT32, shape);
    }

    /** An fp64 tensor on the CPU. */
    public IValue float64s(double[] elements, long... shape) {
        ByteBuffer staging = staging(elements.length * Double.BYTES);
        staging.asDoubleBuffer().put(elements);
        return tensor(staging, DataType.FLOAT64, shape);
    }

    /** An int64 tensor on the CPU. */
    public IValue longs(long[] elements, long... shape) {
        ByteBuffer staging = staging(elements.length * Long.BYTES);
        staging.asLongBuffer().put(elements);
        return tensor(staging, DataType.INT64, shape);
    }

    /** An int64 vector on the program's device. */
    public IValue longsOnDevice(long... elements) {
        return run("to_device", longs(elements, elements.length), of(program.device()));
    }

    /** A uint8 tensor on the CPU. */
    public IValue bytes(byte[] elements, long... shape) {
        ByteBuffer staging = staging(elements.length);
        staging.put(0, elements);
        return tensor(staging, DataType.UINT8, shape);
    }

    /**
     * Calls a method with a tensor over a direct buffer that is not copied and may be reused after the call. The method must
     * not keep the tensor.
     *
     * @param elements direct, native byte order, from position to limit
     */
    public void runOnBuffer(
            String method,
            ByteBuffer elements,
            DataType type,
            long count,
            java.util.function.Function<IValue, IValue[]> arguments) {
        try (PtNDArray array = manager.create(elements, new Shape(count), type);
                IValue tensor = IValue.from(array)) {
            call(method, arguments.apply(tensor)).close();
        }
        // The native tensor points into the buffer until here.
        java.lang.ref.Reference.reachabilityFence(elements);
    }

    /** The elements of a floating-point tensor of any dtype, layout and device, row-major. */
    public float[] floats(IValue tensor) {
        // DJL reads storage in order, whatever the strides.
        try (IValue readable = call("readable", tensor, of(TorchType.FLOAT32));
                PtNDArray array = readable.toTensor(manager)) {
            return array.toFloatArray();
        }
    }

    /** The same without rounding to fp32. */
    public double[] float64s(IValue tensor) {
        try (IValue readable = call("readable", tensor, of(TorchType.FLOAT64));
                PtNDArray array = readable.toTensor(manager)) {
            return array.toDoubleArray();
        }
    }

    /** The elements of a tensor of whole numbers, row-major. */
    public long[] longs(IValue tensor) {
        try (IValue readable = call("readable", tensor, of(TorchType.INT64));
                PtNDArray array = readable.toTensor(manager)) {
            return array.toLongArray();
        }
    }

    /** The elements of a tensor of 0..255 or of booleans, row-major. */
    public byte[] bytes(IValue tensor) {
        try (IValue readable = call("readable", tensor, of(TorchType.UINT8));
                PtNDArray array = readable.toTensor(manager)) {
            return array.toByteArray();
        }
    }

    /** Returns when the device has computed this tensor; a GPU works on after a call returns. */
    public void await(IValue tensor) {
        if (!program.device().equals("cpu")) {
            run("wait_for", tensor);
        }
    }

    public long[] shape(IValue tensor) {
        try (PtNDArray array = tensor.toTensor(manager)) {
            return array.getShape().getShape();
        }
    }

    /** The elements of a tuple or a list, owned by this scope. */
    public IValue[] elements(IValue value) {
        IValue[] elements = value.isTuple() ? value.toIValueTuple() : value.toIValueArray();
        for (IValue element : elements) {
            own(element);
        }
        return elements;
    }

    /** The entries of a {@code Dict[str, …]} in no particular order, owned by this scope. */
    public Map<String, IValue> entries(IValue dictionary) {
        Map<String, IValue> entries = dictionary.toIValueMap();
        entries.values().forEach(this::own);
        return entries;
    }

    /** Room outside the heap, valid until the thread asks again. */
    private static ByteBuffer staging(int bytes) {
        ByteBuffer staging = STAGING.get();
        if (staging.capacity() < bytes) {
            staging = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
            STAGING.set(staging);
        }
        return staging.clear().limit(bytes);
    }

    private IValue tensor(ByteBuffer elements, DataType type, long... shape) {
        try (PtNDArray array = manager.create(elements, new Shape(shape), type);
                IValue borrowed = IValue.from(array)) {
            // DJL's tensor borrows a Java buffer that may be collected; the program's copy owns its memory.
            return own(call("owned_copy", borrowed));
        }
    }

    private IValue call(String method, IValue... arguments) {
        return NativeCalls.call(() -> program.training()
                ? TrainingCalls.runMethod(program.block(), method, arguments)
                : IValueUtils.runMethod(program.block(), method, arguments));
    }

    private IValue own(IValue value) {
        owned.add(value);
        return value;
    }

    @Override
    public void close() {
        owned.forEach(IValue::close);
        owned.clear();
        manager.close();
    }
}
