package io.maskroute.core.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.maskroute.core.bench.PromptShape;
import io.maskroute.core.checkpoint.Parameter;
import io.maskroute.core.checkpoint.WeightSizes;
import io.maskroute.core.config.JsonFields;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.config.VisualTokens;
import io.maskroute.core.model.WeightLoader;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.List;
import java.util.Set;

/** What one family of models has of its own; everything else is common, and asks no family's name. */
public interface Family {
    /** As {@code model inspect} gives it. */
    String name();

    /** {@code model_type} of its {@code config.json}. */
    String modelType();

    /** The published model: what is absent in a folder is as it is there. */
    ModelConfig sizes();

    /** The published model's referring prompt. */
    PromptShape promptShape();

    /**
     * Whether a checkpoint is one of this family's.
     *
     * @param names of its tensors
     */
    boolean owns(Set<String> names);

    /** What the names of Swin's tensors begin with. */
    String swinKeys();

    /** Every tensor of a checkpoint, in the order in which PyTorch lists them. */
    List<Parameter> keys(ModelConfig config);

    /** The family's sizes as far as the weights show them, and those of the published model beyond. */
    VisualTokens shown(WeightSizes weights, ModelConfig.Swin swin);

    /**
     * The family's part of {@code config.json}.
     *
     * @param own its object {@code maskroute}
     * @param base what absent fields mean
     * @throws io.maskroute.core.error.UnusableInputException naming a field that cannot be used
     */
    VisualTokens read(JsonFields root, JsonFields own, VisualTokens base);

    /** Writes what {@link #read} reads. */
    void write(VisualTokens tokens, ObjectNode root, ObjectNode own);

    /** The family's sizes of a golden fixture, from its {@code config.json} and the object {@code cfg} in it. */
    VisualTokens readFixture(JsonFields fixture, JsonFields sizes);

    Prompts prompts();

    /**
     * Copies the weights of what makes visual tokens to the device.
     *
     * @param scope owns the weights
     */
    VisualTower tower(TorchScope scope, ModelConfig config, WeightLoader weights, TorchType dtype);

    /** Operations of a picture from Swin's maps to visual tokens, counted as the package {@code flops} says. */
    long flops(ModelConfig config);

    /** Numbers that are alive at once in the stage of {@link #tower} that needs most. */
    long activations(ModelConfig config);
}
