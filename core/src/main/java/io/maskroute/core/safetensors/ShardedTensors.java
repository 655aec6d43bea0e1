package io.maskroute.core.safetensors;

import io.maskroute.core.error.UnusableInputException;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Several files read as one; closing it closes them. */
public final class ShardedTensors implements TensorSource {
    private final String origin;
    private final List<? extends TensorSource> shards;
    private final Map<String, TensorSource> shardOf = new LinkedHashMap<>();

    /**
     * @param origin for messages, such as the folder
     * @throws UnusableInputException when two shards hold a tensor of the same name; the shards stay open
     */
    public ShardedTensors(String origin, List<? extends TensorSource> shards) {
        this.origin = origin;
        this.shards = List.copyOf(shards);
        for (TensorSource shard : shards) {
            for (String name : shard.names()) {
                TensorSource other = shardOf.put(name, shard);
                if (other != null) {
                    throw new UnusableInputException("tensor " + Names.quote(name) + " is in both " + other.origin()
                            + " and " + shard.origin() + "; keep one set of weight files in the folder");
                }
            }
        }
    }

    @Override
    public String origin() {
        return origin;
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(shardOf.keySet());
    }

    @Override
    public TensorInfo info(String name) {
        return shard(name).info(name);
    }

    @Override
    public ByteBuffer bytes(String name) {
        return shard(name).bytes(name);
    }

    @Override
    public void read(String name, long offset, ByteBuffer target) {
        shard(name).read(name, offset, target);
    }

    @Override
    public void close() {
        shards.forEach(TensorSource::close);
    }

    private TensorSource shard(String name) {
        TensorSource shard = shardOf.get(name);
        if (shard == null) {
            throw new UnusableInputException(origin + " holds no tensor " + Names.quote(name));
        }
        return shard;
    }
}
