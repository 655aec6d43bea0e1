package io.maskroute.core.model;

import io.maskroute.core.checkpoint.Parameter;
import io.maskroute.core.checkpoint.WeightCoverage;
import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.safetensors.TensorSource;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A checkpoint that does not match its model, let through with {@code --allow-partial}: what is missing or has another shape
 * reads as zeros, what the model does not know is left out.
 */
final class PartialWeights implements TensorSource {
    private final TensorSource found;
    private final Set<String> matched;
    private final Map<String, TensorInfo> zeros = new LinkedHashMap<>();

    private PartialWeights(TensorSource found, WeightCoverage coverage, List<Parameter> expected) {
        this.found = found;
        this.matched = Set.copyOf(coverage.matched());
        for (Parameter parameter : expected) {
            if (parameter.required() && !matched.contains(parameter.key())) {
                zeros.put(parameter.key(), parameter.info());
            }
        }
    }

    /** The source itself where it is complete. */
    static TensorSource over(TensorSource found, WeightCoverage coverage, List<Parameter> expected) {
        return coverage.complete() ? found : new PartialWeights(found, coverage, expected);
    }

    @Override
    public String origin() {
        return found.origin();
    }

    @Override
    public Set<String> names() {
        Set<String> names = new java.util.LinkedHashSet<>(matched);
        names.addAll(zeros.keySet());
        return names;
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
