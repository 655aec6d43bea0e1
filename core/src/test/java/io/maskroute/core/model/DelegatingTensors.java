package io.maskroute.core.model;

import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.safetensors.TensorSource;
import java.nio.ByteBuffer;
import java.util.Set;

/** The tensors of another source, for tests that let one of them be missing or fail. */
class DelegatingTensors implements TensorSource {
    private final TensorSource all;

    DelegatingTensors(TensorSource all) {
        this.all = all;
    }

    @Override
    public String origin() {
        return all.origin();
    }

    @Override
    public Set<String> names() {
        return all.names();
    }

    @Override
    public TensorInfo info(String name) {
        return all.info(name);
    }

    @Override
    public ByteBuffer bytes(String name) {
        return all.bytes(name);
    }

    @Override
    public void read(String name, long offset, ByteBuffer target) {
        all.read(name, offset, target);
    }

    @Override
    public void close() {
        all.close();
    }
}
