package io.maskroute.core.trace;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.model.ForwardTrace;
import io.maskroute.core.model.PsalmNetwork;
import io.maskroute.core.safetensors.SafetensorsWriter;
import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.torchscript.TorchScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The named activations of one forward pass. */
public final class Trace {
    private final Map<String, TracedTensor> tensors;

    Trace(Map<String, TracedTensor> tensors) {
        this.tensors = Collections.unmodifiableMap(new TreeMap<>(tensors));
    }

    /** One prompt on one picture. */
    public static Trace of(PsalmNetwork network, ForwardTrace.Input input) {
        Map<String, TracedTensor> tensors = new LinkedHashMap<>();
        try (TorchScope work = network.scope()) {
            for (Map.Entry<String, IValue> tap :
                    ForwardTrace.run(network, work, input).entrySet()) {
                tensors.put(tap.getKey(), TracedTensor.of(work, tap.getValue()));
            }
        }
        return new Trace(tensors);
    }

    /** The same with one tensor more. */
    Trace with(String name, TracedTensor tensor) {
        Map<String, TracedTensor> more = new LinkedHashMap<>(tensors);
        more.put(name, tensor);
        return new Trace(more);
    }

    public Set<String> names() {
        return tensors.keySet();
    }

    TracedTensor get(String name) {
        return tensors.get(name);
    }

    /** Writes all activations to a safetensors file, sorted by name. */
    public void write(Path file) throws IOException {
        Map<String, TensorInfo> infos = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> infos.put(name, tensor.info()));
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, infos, Map.of())) {
            for (Map.Entry<String, TracedTensor> entry : tensors.entrySet()) {
                TracedTensor tensor = entry.getValue();
                if (tensor.info().dtype().isFloating()) {
                    writer.writeFloats(entry.getKey(), tensor.toFloats());
                } else {
                    writer.writeLongs(entry.getKey(), tensor.toLongs());
                }
            }
            writer.finish();
        }
    }
}
