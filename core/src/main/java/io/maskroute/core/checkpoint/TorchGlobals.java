package io.maskroute.core.checkpoint;

import io.maskroute.core.pickle.Globals;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.TensorInfo;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The names in a pickled state dict, each read as a description: which storage a tensor lies in, from where, in what shape. The
 * argument lists are those of {@code torch._utils}.
 */
final class TorchGlobals implements Globals {
    /** @param key names the file in the archive */
    record Storage(String key, DType dtype) {}

    /** @param contiguous true when its elements lie in row-major order without gaps from {@code firstElement} on */
    record Tensor(Storage storage, long firstElement, TensorInfo info, boolean contiguous) {}

    /** A storage class; it is named, never called. */
    private record StorageType(DType dtype) implements Callable {
        @Override
        public Object call(List<?> arguments) {
            throw new IllegalArgumentException("a storage is made outside its archive");
        }
    }

    private static final Map<String, DType> STORAGES = Map.of(
            "DoubleStorage", DType.F64,
            "FloatStorage", DType.F32,
            "HalfStorage", DType.F16,
            "BFloat16Storage", DType.BF16,
            "LongStorage", DType.I64,
            "IntStorage", DType.I32,
            "ShortStorage", DType.I16,
            "CharStorage", DType.I8,
            "ByteStorage", DType.U8,
            "BoolStorage", DType.BOOL);

    @Override
    public Callable global(String module, String name) {
        return switch (module + "." + name) {
            case "collections.OrderedDict" -> TorchGlobals::orderedDict;
            case "torch._utils._rebuild_tensor_v2" -> TorchGlobals::tensor;
            case "torch._utils._rebuild_parameter" -> TorchGlobals::parameter;
            default -> module.equals("torch") && STORAGES.containsKey(name)
                    ? new StorageType(STORAGES.get(name))
                    : null;
        };
    }

    /** ("storage", class, key, device, elements). */
    @Override
    public Object persistent(Object id) {
        return id instanceof List<?> parts
                        && parts.size() == 5
                        && "storage".equals(parts.get(0))
                        && parts.get(1) instanceof StorageType type
                        && parts.get(2) instanceof String key
                ? new Storage(key, type.dtype)
                : null;
    }

    /** State of an OrderedDict is {@code _metadata}, module versions that nothing here needs. */
    @Override
    public boolean build(Object instance, Object state) {
        return instance instanceof Map && state instanceof Map;
    }

    private static Object orderedDict(List<?> arguments) {
        if (!arguments.isEmpty()) {
            throw new IllegalArgumentException("an OrderedDict with arguments");
        }
        return new LinkedHashMap<String, Object>();
    }

    /** (data, requires_grad, backward_hooks). */
    private static Object parameter(List<?> arguments) {
        if (arguments.isEmpty() || !(arguments.get(0) instanceof Tensor tensor)) {
            throw new IllegalArgumentException("a parameter without a tensor");
        }
        return tensor;
    }

    /** (storage, storage_offset, size, stride, requires_grad, backward_hooks), offset and strides in elements. */
    private static Object tensor(List<?> arguments) {
        if (arguments.size() < 4
                || !(arguments.get(0) instanceof Storage storage)
                || !(arguments.get(1) instanceof Long offset)
                || offset < 0) {
            throw new IllegalArgumentException("a tensor without a storage and an offset");
        }
        long[] size = longs(arguments.get(2));
        long[] stride = longs(arguments.get(3));
        TensorInfo info = new TensorInfo(storage.dtype, size);
        return new Tensor(storage, offset, info, contiguous(size, stride));
    }

    private static long[] longs(Object list) {
        if (!(list instanceof List<?> items) || !items.stream().allMatch(Long.class::isInstance)) {
            throw new IllegalArgumentException("a tensor's size or stride that is no list of numbers");
        }
        return items.stream().mapToLong(Long.class::cast).toArray();
    }

    /** The stride along a size of 1 is never used, and none is in an empty tensor. */
    private static boolean contiguous(long[] size, long[] stride) {
        if (size.length != stride.length) {
            return false;
        }
        long expected = 1;
        boolean rowMajor = true;
        for (int i = size.length - 1; i >= 0; i--) {
            if (size[i] == 0) {
                return true;
            }
            rowMajor &= size[i] == 1 || stride[i] == expected;
            expected *= size[i];
        }
        return rowMajor;
    }
}
