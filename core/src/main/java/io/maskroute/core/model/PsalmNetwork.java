package io.maskroute.core.model;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.Map;
import java.util.Optional;

/** The network's three parts with their weights on one device. Threads may share it, each with scopes of its own. */
public final class PsalmNetwork implements AutoCloseable {
    private final TorchProgram program;
    private final ModelConfig config;
    private final VisionEncoder vision;
    private final RoutedLlm llm;
    private final PromptBridge bridge;
    private final MaskDecoder decoder;
    private final IValue noTaps;
    private final Map<String, IValue> trainable;
    private final TorchScope scope;

    /**
     * Copies the weights to the program's device.
     *
     * @param dtype of the vision encoder and the LLM; the mask decoder is always fp32
     * @param adapter tensors of the routing adapter, if there is one
     */
    public PsalmNetwork(
            TorchProgram program,
            ModelConfig config,
            TensorSource weights,
            TorchType dtype,
            RoutingPlan plan,
            Optional<TensorSource> adapter) {
        this.program = program;
        this.config = config;
        WeightLoader loader = new WeightLoader(program, weights);
        this.scope = program.scope();
        try {
            this.vision = new VisionEncoder(program, scope, config, loader, dtype);
            this.llm = new RoutedLlm(program, scope, config.llm(), loader, dtype, plan, adapter);
            this.bridge = new PromptBridge(scope, config.maskDecoder().queries(), loader, dtype);
            this.decoder = new MaskDecoder(scope, config, loader);
            this.noTaps = scope.run("no_taps");
        } catch (RuntimeException | Error e) {
            scope.close();
            throw e;
        }
        this.trainable = loader.trainable();
    }

    public ModelConfig config() {
        return config;
    }

    public VisionEncoder vision() {
        return vision;
    }

    /** Closed with the network. */
    public RoutedLlm llm() {
        return llm;
    }

    public PromptBridge bridge() {
        return bridge;
    }

    public MaskDecoder decoder() {
        return decoder;
    }

    /** The weights by their checkpoint's names, as leaves whose gradients are wanted; none unless the program is for training. */
    public Map<String, IValue> trainable() {
        return trainable;
    }

    /** For stages that are not traced. */
    public IValue noTaps() {
        return noTaps;
    }

    /** Where the weights are: {@code cpu} or {@code cuda:N}. */
    public String device() {
        return program.device();
    }

    /** Opens a scope for one picture's work. */
    public TorchScope scope() {
        return program.scope();
    }

    @Override
    public void close() {
        scope.close();
    }
}
