package io.maskroute.core.model;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.segmenter.PreparedImage;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.ArrayList;
import java.util.List;

/**
 * Mask2Former's decoder with the LLM's mask tokens as queries, and the choice of the mask. Always fp32: its logits are cut at
 * zero, and it is a small part of the work.
 */
public final class MaskDecoder {
    /**
     * PSALM pads its batch to a multiple of this before the masks are resized to it; the network itself never sees the padding.
     */
    private static final int SIZE_DIVISIBILITY = 32;

    /** Pixels of the masks that are resized at once, unless one alone has more: 16 masks of 1024 x 1024. */
    static final long MASK_PIXELS = 16L << 20;

    private static final List<String> USED =
            List.of("decoder_norm.", "query_embed.", "level_embed.", "mask_embed.", "SEG_proj.");

    private final ModelConfig config;
    private final TorchScope scope;
    private final IValue maskTokens;
    private final IValue heads;
    private final IValue weights;
    private final IValue layers;

    /** @param scope owns the weights */
    MaskDecoder(TorchScope scope, ModelConfig config, WeightLoader loader, TorchType llmDtype) {
        this.config = config;
        this.scope = scope;
        maskTokens = loader.tensor(scope, "seg_query", llmDtype);
        heads = loader.group(
                scope,
                "",
                TorchType.FLOAT32,
                name -> name.startsWith("seg_query_projector.") || name.startsWith("SEG_token_projector."));
        weights = loader.group(
                scope, "predictor.", TorchType.FLOAT32, name -> USED.stream().anyMatch(name::startsWith));
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

    /** The learned mask tokens, {@code [Q, d]} in the LLM's dtype. */
    public IValue maskTokens() {
        return maskTokens;
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
     * @param hidden what {@link RoutedLlm#suffix} gave
     * @param starts per prompt the first position of its condition in its own text
     * @param ends per prompt the position after its condition
     * @return decoder queries {@code [R, Q, C]} and condition embeddings {@code [R, C]}
     */
    public IValue[] inputs(TorchScope work, IValue hidden, long[] starts, long[] ends, IValue taps) {
        IValue[] parts = work.elements(hidden);
        return work.elements(work.run(
                "decoder_inputs",
                parts[0],
                parts[1],
                work.of((long) config.maskDecoder().queries()),
                work.longsOnDevice(starts),
                work.longsOnDevice(ends),
                heads,
                taps));
    }

    /** Rows {@code from} to {@code to} of {@link #inputs}. */
    public IValue[] inputsOf(TorchScope work, IValue[] inputs, int from, int to) {
        IValue start = work.of((long) from);
        IValue end = work.of((long) to);
        return new IValue[] {work.run("rows", inputs[0], start, end), work.run("rows", inputs[1], start, end)};
    }

    /** These rows of {@link #inputs}. */
    IValue[] inputsOf(TorchScope work, IValue[] inputs, long[] rows) {
        IValue which = work.longsOnDevice(rows);
        return new IValue[] {work.run("rows_at", inputs[0], which), work.run("rows_at", inputs[1], which)};
    }

    /** Image tokens {@code [B, N, d]} in the space of the condition embeddings: {@code [B, N, C]}. */
    public IValue tokenFeatures(TorchScope work, RoutedLlm llm, IValue imageTokens) {
        return work.run("linear", llm.normalized(work, imageTokens), heads, work.of("SEG_token_projector"));
    }

    /**
     * The mask tokens in the space of the condition embeddings.
     *
     * @param hidden what {@link RoutedLlm#suffix} gave
     * @return {@code [R, Q, C]}
     */
    public IValue maskTokenConditions(TorchScope work, IValue hidden) {
        return work.run(
                "mask_token_conditions",
                work.elements(hidden)[1],
                work.of((long) config.maskDecoder().queries()),
                heads);
    }

    /**
     * Losses of the prompts of one picture at every step of the decoder.
     *
     * @param tokens the picture's row of {@link #tokenFeatures}
     * @param masks the prompts' rows of {@link #maskTokenConditions}
     * @param target {@code [R, h * w]} over the grid of the mask features
     * @param weights of pixels, dice and score, and the share for all queries, as {@code TrainingSettings} has them
     * @param grounding weights of the losses on condition and features, on condition and image tokens, and on queries and places
     * @return fp32 {@code [8]}, see {@code picture_losses} in {@code training.py}
     */
    public IValue losses(
            TorchScope work,
            IValue[] inputs,
            Memory memory,
            IValue tokens,
            IValue masks,
            IValue target,
            double[] weights,
            double[] grounding) {
        return work.run(
                "picture_losses",
                inputs[0],
                inputs[1],
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
     * @return condition logits {@code [R, Q]} and mask embeddings {@code [R, Q, mask_dim]}
     */
    public IValue[] decode(TorchScope work, IValue[] inputs, Memory memory, IValue taps) {
        return work.elements(work.run(
                "mask_decoder",
                inputs[0],
                inputs[1],
                memory.memory(),
                memory.features(),
                weights,
                layers,
                work.of((long) config.maskDecoder().heads()),
                taps));
    }

    /**
     * The best mask of one prompt.
     *
     * @param row which prompt of {@code decoded}
     * @param memory of its picture
     * @return score fp32 {@code []}, query int64 {@code []}, mask uint8 {@code [W, H]} at the picture's original size; NaN and no
     *     mask where the prompt's logits are not finite
     */
    public IValue[] bestMask(TorchScope work, IValue[] decoded, int row, Memory memory, PreparedImage image) {
        IValue index = work.of((long) row);
        return work.elements(work.run(
                "best_mask",
                work.run("row", decoded[0], index),
                work.run("row", decoded[1], index),
                memory.features(),
                work.of((long) maskSize()),
                work.ints(image.contentHeight(), image.contentWidth()),
                work.ints(image.originalHeight(), image.originalWidth()),
                work.of(MASK_PIXELS)));
    }

    /** Side of the square that mask logits are resized to before the picture is cut out. */
    int maskSize() {
        return (config.image().size() + SIZE_DIVISIBILITY - 1) / SIZE_DIVISIBILITY * SIZE_DIVISIBILITY;
    }
}
