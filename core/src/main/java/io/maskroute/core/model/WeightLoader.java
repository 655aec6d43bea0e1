package io.maskroute.core.model;

import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Copies tensors of a checkpoint to the device, piece by piece through one small buffer, so that a weight never exists twice.
 * What it returns is owned by the caller's scope.
 */
public final class WeightLoader {
    /** Large enough to hide the cost of a call, small enough not to count. */
    private static final int PIECE_ELEMENTS = 1 << 21;

    /** What training keeps as it is: statistics of batch normalisation, and the heads of tasks that it does not train. */
    private static final Pattern FROZEN = Pattern.compile("\\.running_(mean|var)$"
            + "|^(class_name_projector|region_projector|predictor\\.CLASS_proj|predictor\\.REGION_proj)\\.");

    private final TorchProgram program;
    private final TensorSource source;
    private final Map<String, IValue> trainable = new LinkedHashMap<>();
    private final ByteBuffer raw = ByteBuffer.allocateDirect(PIECE_ELEMENTS * 8).order(ByteOrder.nativeOrder());
    private final ByteBuffer widened =
            ByteBuffer.allocateDirect(PIECE_ELEMENTS * 4).order(ByteOrder.nativeOrder());

    WeightLoader(TorchProgram program, TensorSource source) {
        this.program = program;
        this.source = source;
    }

    /**
     * A {@code Dict[str, Tensor]} of the tensors below a prefix, named by the rest of their names.
     *
     * @param wanted which of those names
     */
    public IValue group(TorchScope scope, String prefix, TorchType dtype, Predicate<String> wanted) {
        IValue weights = scope.dictionary();
        for (String name : source.names()) {
            if (name.startsWith(prefix) && wanted.test(name.substring(prefix.length()))) {
                put(scope, weights, name.substring(prefix.length()), name, dtype);
            }
        }
        return weights;
    }

    public IValue group(TorchScope scope, String prefix, TorchType dtype) {
        return group(scope, prefix, dtype, name -> true);
    }

    /** {@code List[Dict[str, Tensor]]}: the groups {@code prefix0.}, {@code prefix1.} … */
    public IValue groups(TorchScope scope, String prefix, int count, TorchType dtype) {
        List<IValue> groups = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            groups.add(group(scope, prefix + i + ".", dtype));
        }
        return scope.list(groups.toArray(IValue[]::new));
    }

    /** Whether the checkpoint has a tensor that the model may read. */
    public boolean has(String name) {
        return source.names().contains(name);
    }

    /**
     * {@code List[Dict[str, Tensor]]}: the LLM's layers, in which {@code self_attn.qkv} has the rows of queries, keys and values, see
     * {@link AttentionRows}.
     */
    IValue llmLayers(TorchScope scope, ModelConfig.Llm llm, TorchType dtype) {
        List<IValue> layers = new ArrayList<>();
        for (int i = 0; i < llm.layers(); i++) {
            String layer = "model.layers." + i + ".";
            IValue weights = group(scope, layer, dtype, name -> !AttentionRows.isPart(name));
            for (String kind : List.of("weight", "bias")) {
                long rows = 3L * llm.hidden();
                copy(
                        weights,
                        "self_attn.qkv." + kind,
                        kind.equals("weight") ? new long[] {rows, llm.hidden()} : new long[] {rows},
                        AttentionRows.runs(source, layer, kind, llm),
                        dtype);
                train(scope, weights, "self_attn.qkv." + kind, AttentionRows.fused(layer, kind));
            }
            layers.add(weights);
        }
        return scope.list(layers.toArray(IValue[]::new));
    }

    /** One tensor. */
    IValue tensor(TorchScope scope, String name, TorchType dtype) {
        IValue weights = scope.dictionary();
        put(scope, weights, name, name, dtype);
        return scope.run("weight", weights, scope.of(name));
    }

    /** The weights loaded so far by name, as leaves whose gradients are wanted; none unless the program is for training. */
    Map<String, IValue> trainable() {
        return trainable;
    }

    /** Adds one tensor to a {@code Dict[str, Tensor]}. */
    void put(TorchScope scope, IValue weights, String key, String name, TorchType dtype) {
        TensorInfo info = source.info(name);
        copy(weights, key, info.shape(), List.of(new Run(name, 0, info.elements())), dtype);
        train(scope, weights, key, name);
    }

    private void train(TorchScope scope, IValue weights, String key, String name) {
        if (program.training() && !FROZEN.matcher(name).find()) {
            trainable.put(name, scope.run("trainable", weights, scope.of(key)));
        }
    }

    /** Consecutive elements of one of the checkpoint's tensors. */
    record Run(String name, long first, long elements) {}

    /** @param runs what the weight consists of, one behind the other */
    private void copy(IValue weights, String key, long[] shape, List<Run> runs, TorchType dtype) {
        try (TorchScope scope = program.scope()) {
            scope.run(
                    "new_weight",
                    weights,
                    scope.of(key),
                    scope.ints(shape),
                    scope.of(dtype),
                    scope.of(program.device()));
            long at = 0;
            for (Run run : runs) {
                fill(scope, weights, key, at, run);
                at += run.elements();
            }
            if (at > 0) {
                requireFinite(scope, weights, key, runs, dtype);
            }
        }
    }

    private void fill(TorchScope scope, IValue weights, String key, long at, Run run) {
        DType stored = source.info(run.name()).dtype();
        int width = stored.bytes();
        for (long start = 0; start < run.elements(); start += PIECE_ELEMENTS) {
            int count = (int) Math.min(PIECE_ELEMENTS, run.elements() - start);
            raw.clear().limit(count * width);
            source.read(run.name(), (run.first() + start) * width, raw);
            raw.flip();
            long target = at + start;
            scope.runOnBuffer(
                    "fill_weight", stored == DType.BF16 ? widen(count) : raw, type(run.name(), stored), count, piece ->
                            new IValue[] {weights, scope.of(key), scope.of(target), piece});
        }
    }

    /** One number that is none, in any weight, makes every mask one. */
    private void requireFinite(TorchScope scope, IValue weights, String key, List<Run> runs, TorchType dtype) {
        float[] extremes = scope.floats(scope.run("extremes", weights, scope.of(key)));
        if (!Float.isFinite(extremes[0]) || !Float.isFinite(extremes[1])) {
            String names = runs.stream()
                    .map(run -> run.name() + " (" + source.info(run.name()) + ")")
                    .distinct()
                    .collect(Collectors.joining(" or "));
            throw new UnusableInputException(
                    source.origin() + ": tensor " + names + " holds numbers that are not finite in "
                            + dtype.name().toLowerCase(Locale.ROOT)
                            + "; the file is damaged or its training diverged, fetch it again or take an earlier checkpoint");
        }
    }

    /** A bf16 number is the upper half of an fp32 one. DJL has no bf16 arrays. */
    private ByteBuffer widen(int count) {
        widened.clear().limit(count * 4);
        for (int i = 0; i < count; i++) {
            widened.putInt(i * 4, raw.getShort(i * 2) << 16);
        }
        return widened;
    }

    private DataType type(String name, DType dtype) {
        return switch (dtype) {
            case F64 -> DataType.FLOAT64;
            case F32, BF16 -> DataType.FLOAT32;
            case F16 -> DataType.FLOAT16;
            default -> throw new UnusableInputException(
                    source.origin() + ": tensor " + name + " is " + dtype + ", but weights are floating point numbers");
        };
    }
}
