package io.maskroute.core.checkpoint;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.safetensors.TensorSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Shows a checkpoint whose attention has separate {@code q_proj}, {@code k_proj} and {@code v_proj} (transformers from 4.37)
 * under PSALM's single {@code query_key_value}. Its rows go by head; within a head come the query's rows, the key's and the
 * value's, so that of the fused tensor is [heads][q, k, v][head dim] and each run of head-dim rows is a run of one part.
 */
final class FusedAttention implements TensorSource {
    private static final String FUSED = "query_key_value.";
    private static final List<String> PARTS = List.of("q_proj", "k_proj", "v_proj");

    private final TensorSource parts;
    private final int heads;
    /** Fused key to the keys of its three parts. */
    private final Map<String, List<String>> fused = new LinkedHashMap<>();

    private final Set<String> names = new LinkedHashSet<>();

    private FusedAttention(TensorSource parts, ModelConfig.Llm llm) {
        this.parts = parts;
        this.heads = llm.heads();
        names.addAll(parts.names());
        for (int layer = 0; layer < llm.layers(); layer++) {
            for (String kind : List.of("weight", "bias")) {
                String attention = "model.layers." + layer + ".self_attn.";
                List<String> keys =
                        PARTS.stream().map(p -> attention + p + "." + kind).toList();
                if (fits(
                        keys,
                        kind.equals("weight") ? new long[] {llm.hidden(), llm.hidden()} : new long[] {llm.hidden()})) {
                    String key = attention + FUSED + kind;
                    fused.put(key, keys);
                    keys.forEach(names::remove);
                    names.add(key);
                }
            }
        }
    }

    /** The source itself when it stores attention as the model's family does. */
    static TensorSource over(TensorSource source, ModelConfig config) {
        if (StateDict.expected(config).stream()
                .noneMatch(parameter -> parameter.key().contains(FUSED))) {
            return source;
        }
        ModelConfig.Llm llm = config.llm();
        FusedAttention view = new FusedAttention(source, llm);
        return view.fused.isEmpty() ? source : view;
    }

    private boolean fits(List<String> keys, long[] shape) {
        return names.containsAll(keys)
                && keys.stream()
                        .map(parts::info)
                        .allMatch(info -> info.hasShape(shape)
                                && info.dtype() == parts.info(keys.get(0)).dtype());
    }

    @Override
    public String origin() {
        return parts.origin();
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(names);
    }

    @Override
    public TensorInfo info(String name) {
        List<String> keys = fused.get(name);
        if (keys == null) {
            return parts.info(name);
        }
        TensorInfo part = parts.info(keys.get(0));
        long[] shape = part.shape();
        shape[0] *= 3;
        return new TensorInfo(part.dtype(), shape);
    }

    /** Fused tensors are copied together on the heap. */
    @Override
    public ByteBuffer bytes(String name) {
        return fused.containsKey(name)
                ? ByteBuffer.wrap(toByteArray(name)).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN)
                : parts.bytes(name);
    }

    @Override
    public void read(String name, long offset, ByteBuffer target) {
        List<String> keys = fused.get(name);
        if (keys == null) {
            parts.read(name, offset, target);
            return;
        }
        // Bytes of one head's rows in one part.
        long run = parts.info(keys.get(0)).byteLength() / heads;
        if (offset < 0 || target.remaining() > 3 * run * heads - offset) {
            throw new IndexOutOfBoundsException(offset + "+" + target.remaining() + " in " + name);
        }
        int limit = target.limit();
        for (long at = offset; target.position() < limit; ) {
            long head = at / run / 3;
            int part = (int) (at / run % 3);
            long within = at % run;
            int count = (int) Math.min(run - within, limit - target.position());
            target.limit(target.position() + count);
            parts.read(keys.get(part), head * run + within, target);
            target.limit(limit);
            at += count;
        }
    }

    @Override
    public void close() {
        parts.close();
    }
}
