package io.maskroute.core.checkpoint;

import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.safetensors.TensorSource;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Of a checkpoint, what its model reads: no tensor that is derived, unused or unknown. Where {@code --allow-partial} lets one pass
 * that does not match, what is missing or has another shape reads as zeros.
 */
final class MatchedWeights implements TensorSource {
    private final TensorSource found;
    private final Set<String> names = new LinkedHashSet<>();
    private final Map<String, TensorInfo> zeros = new LinkedHashMap<>();

    MatchedWeights(TensorSource found, WeightCoverage coverage, List<Parameter> expected) {
        this.found = found;
        Set<String> matched = Set.copyOf(coverage.matched());
        for (Parameter parameter : expected) {
            if (parameter.required()) {
                names.add(parameter.key());
                if (!matched.contains(parameter.key())) {
                    zeros.put(parameter.key(), parameter.info());
                }
            }
        }
    }

    @Override
    public String origin() {
        return found.origin();
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(names);
    }

    @Override
    public TensorInfo info(String name) {
        TensorInfo zero = zeros.get(name);
        return zero == null ? found.info(name) : zero;
    }

    @Override
    public ByteBuffer bytes(String name) {
        return zeros.containsKey(name)
                ? ByteBuffer.allocate(Math.toIntExact(zeros.get(name).byteLength()))
                : found.bytes(name);
    }

    @Override
    public void read(String name, long offset, ByteBuffer target) {
        if (!zeros.containsKey(name)) {
            found.read(name, offset, target);
            return;
        }
        while (target.hasRemaining()) {
            target.put((byte) 0);
        }
    }

    @Override
    public void close() {
        found.close();
    }
}
