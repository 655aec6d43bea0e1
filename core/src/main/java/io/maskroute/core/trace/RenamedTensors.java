package io.maskroute.core.trace;

import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.safetensors.TensorSource;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Set;

/**
 * A source seen under other names, and only those.
 *
 * @param stored seen name to stored name
 */
record RenamedTensors(TensorSource source, Map<String, String> stored) implements TensorSource {
    @Override
    public String origin() {
        return source.origin();
    }

    @Override
    public Set<String> names() {
        return stored.keySet();
    }

    @Override
    public TensorInfo info(String name) {
        return source.info(stored.get(name));
    }

    @Override
    public ByteBuffer bytes(String name) {
        return source.bytes(stored.get(name));
    }

    @Override
    public void read(String name, long offset, ByteBuffer target) {
        source.read(stored.get(name), offset, target);
    }

    @Override
    public void close() {
        source.close();
    }
}
