package io.maskroute.core.checkpoint;

import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.safetensors.TensorSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;

/**
 * Shows a checkpoint with more mask tokens than it has, as the start of training: token i is a copy of stored token i modulo their
 * number. Copied equally often, they leave what the mask decoder's attention among its queries computes as it was (the widening of Net2Net, Chen,
 * Goodfellow and Shlens 2016); their places in the LLM's sequence tell them apart, so no noise is added.
 */
public final class RepeatedMaskTokens implements TensorSource {
    /** What has a row for each mask token: their embeddings in the LLM and in the mask decoder. */
    private static final Set<String> ROWS = Set.of("seg_query", "predictor.query_embed.weight");

    private final TensorSource stored;
    private final int maskTokens;

    /** @param maskTokens at least as many as are stored */
    public RepeatedMaskTokens(TensorSource stored, int maskTokens) {
        this.stored = stored;
        this.maskTokens = maskTokens;
    }

    @Override
    public String origin() {
        return stored.origin();
    }

    @Override
    public Set<String> names() {
        return stored.names();
    }

    @Override
    public TensorInfo info(String name) {
        TensorInfo info = stored.info(name);
        if (!ROWS.contains(name)) {
            return info;
        }
        long[] shape = info.shape();
        shape[0] = maskTokens;
        return new TensorInfo(info.dtype(), shape);
    }

    /** The mask tokens' tensors are copied on the heap. */
    @Override
    public ByteBuffer bytes(String name) {
        return ROWS.contains(name)
                ? ByteBuffer.wrap(toByteArray(name)).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN)
                : stored.bytes(name);
    }

    @Override
    public void read(String name, long offset, ByteBuffer target) {
        if (!ROWS.contains(name)) {
            stored.read(name, offset, target);
            return;
        }
        if (offset < 0 || target.remaining() > info(name).byteLength() - offset) {
            throw new IndexOutOfBoundsException(offset + "+" + target.remaining() + " in " + name);
        }
        long once = stored.info(name).byteLength();
        int limit = target.limit();
        for (long at = offset; target.position() < limit; ) {
            int count = (int) Math.min(once - at % once, limit - target.position());
            target.limit(target.position() + count);
            stored.read(name, at % once, target);
            target.limit(limit);
            at += count;
        }
    }

    @Override
    public void close() {
        stored.close();
    }
}
