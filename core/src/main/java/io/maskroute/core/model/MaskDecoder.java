package io.maskroute.core.model;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.image.ImageGeometry;
import io.maskroute.core.task.Decoded;
import io.maskroute.core.task.Head;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Mask2Former's decoder with the LLM's mask tokens as queries. Always fp32: its logits are cut at
 * zero, and it is a small part of the work.
 */
public final class MaskDecoder {
    /**
     * PSALM pads its batch to a multiple of this before the masks are resized to it; the network itself never sees the padding.
     */
    private static final int SIZE_DIVISIBILITY = 32;

    private static final List<String> USED = List.of("decoder_norm.", "query_embed.", "level_embed.", "mask_embed.");

    private final ModelConfig config;
    private final TorchScope scope;
    private final IValue weights;
    private final IValue layers;

    /** @param scope owns the weights */
    MaskDecoder(TorchScope scope, ModelConfig config, WeightLoader loader) {
        this.config = config;
        this.scope = scope;
        weights = loader.group(
                scope,
                "predictor.",
                TorchType.FLOAT32,
                name -> USED.stream().anyMatch(name::startsWith)
                        || Arrays.stream(Head.values()).anyMatch(head -> name.startsWith(head.queries() + ".")));
        layers = layers(loader);
    }

    private IValue layers(WeightLoader loader) {
        List<IValue> all = new ArrayList<>();
        for (int i = 0; i < config.maskDecoder().layers(); i++) {
            List<IValue> parts = new ArrayList<>();
            for (String part : List.of("cross_attention", "self_attention", "ffn")) {
                parts.add(
                        loader.group(scope, "predictor.transformer_" + part + "_layers." + i + ".", TorchType.FLOAT32));
            }
            all.add(scope.run("decoder_layer", parts.get(0), parts.get(1), parts.get(2)));
        }
        return scope.list(all.toArray(IValue[]::new));
    }

    /**
     * What all prompts of a picture share, of pictures that stand together.
     *
     * @param features {@code [P, mask_dim, h, w]}
     * @param memory keys, values and shrunken features
     */
    public record Memory(IValue features, IValue memory) {
        /** That of pictures {@code from} to {@code to}. */
        public Memory of(TorchScope work, int from, int to) {
            IValue start = work.of((long) from);
            IValue end = work.of((long) to);
            return new Memory(work.run("rows", features, start, end), work.run("rows_of_each", memory, start, end));
        }
    }

    /**
     * @param decoded what {@link VisionEncoder#pixelDecoder} gave
     * @param from the first of its pictures
     * @param to the picture after the last one
     */
    public Memory memory(TorchScope work, IValue decoded, int from, int to) {
        IValue features = work.run(
                "decoder_features", decoded, work.of((long) from), work.of((long) to), work.of(TorchType.FLOAT32));
        IValue memory = work.run("decoder_memory", features, weights, layers, work.of((long)
                config.maskDecoder().heads()));
        return new Memory(work.run("at", features, work.of(0L)), memory);
    }

    /**
     * Losses of the prompts of one picture at every step of the decoder.
     *
     * @param tokens the picture's row of {@link PromptBridge#tokenFeatures}
     * @param masks the prompts' rows of {@link PromptBridge#maskTokenConditions}
     * @param target {@code [R, h * w]} over the grid of the mask features
     * @param weights of pixels, dice and score, and the share for all queries, as {@code TrainingSettings} has them
     * @param grounding weights of the losses on condition and features, on condition and image tokens, and on queries and places
     * @return fp32 {@code [8]}, see {@code picture_losses} in {@code training.py}
     */
    public IValue losses(
            TorchScope work,
            PromptBridge.Inputs inputs,
            Memory memory,
            IValue tokens,
            IValue masks,
            IValue target,
            double[] weights,
            double[] grounding) {
        return work.run(
                "picture_losses",
                inputs.queries(),
                inputs.conditions(),
                memory.memory(),
                memory.features(),
                tokens,
                masks,
                target,
                this.weights,
                layers,
                work.of((long) config.maskDecoder().heads()),
                work.doubles(weights),
                work.doubles(grounding));
    }

    /**
     * @param inputs of equally many prompts of every picture of {@code memory}, one picture's behind the other's
     */
    public DecodedPrompts decode(TorchScope work, PromptBridge.Inputs inputs, Memory memory, IValue taps) {
        IValue[] decoded = work.elements(work.run(
                "mask_decoder",
                inputs.queries(),
                inputs.conditions(),
                memory.memory(),
                memory.features(),
                weights,
                layers,
                work.of((long) config.maskDecoder().heads()),
                work.of(inputs.head().queries()),
                taps));
        return new DecodedPrompts(decoded[0], decoded[1], maskSize());
    }

    /**
     * What {@link #decode} gave.
     *
     * @param logits of queries and conditions, {@code [R, Q, N]}
     * @param embeddings {@code [R, Q, mask_dim]}
     * @param maskSize see {@link Decoded}
     */
    public record DecodedPrompts(IValue logits, IValue embeddings, int maskSize) {
        /**
         * One prompt.
         *
         * @param memory of its picture
         */
        public Decoded of(TorchScope work, int row, Memory memory, ImageGeometry picture) {
            IValue index = work.of((long) row);
            return new Decoded(
                    work,
                    work.run("row", logits, index),
                    work.run("row", embeddings, index),
                    memory.features(),
                    maskSize,
                    picture);
        }
    }

    /** Side of the square that mask logits are resized to before the picture is cut out. */
    private int maskSize() {
        return (config.image().size() + SIZE_DIVISIBILITY - 1) / SIZE_DIVISIBILITY * SIZE_DIVISIBILITY;
    }
}
