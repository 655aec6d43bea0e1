package io.maskroute.core.model;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.segmenter.PreparedImage;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The network's weights on a device and its stages, each one call into the program: {@link #image}, {@link #prefix},
 * {@link #suffix}, {@link #decode}. The same stages serve production and {@code trace}, which hands in a dictionary of taps. For
 * one thread at a time.
 */
public final class PsalmNetwork implements AutoCloseable {
    /**
     * PSALM pads its batch to a multiple of this before the masks are resized to it; the network itself never sees the padding.
     */
    private static final int SIZE_DIVISIBILITY = 32;

    private static final String SWIN = "model.vision_tower.";

    private final ModelConfig config;
    private final TorchProgram program;
    private final TorchScope scope;
    private final RoutingPlan plan;
    private final RoutingTensors routing;
    private final TorchType dtype;

    private final IValue swinStem;
    private final IValue swinBlocks;
    private final IValue projector;
    private final IValue embeddings;
    private final IValue llmLayers;
    private final IValue finalNorm;
    private final IValue rotary;
    private final IValue maskTokens;
    private final IValue heads;
    private final IValue pixelDecoder;
    private final IValue pixelLayers;
    private final IValue decoder;
    private final IValue decoderLayers;

    /**
     * Copies the weights to the program's device.
     *
     * @param dtype of the backbone, the LLM and the pixel decoder; the mask decoder, whose logits are cut at zero, stays in fp32
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
        this.plan = plan;
        this.dtype = dtype;
        this.scope = program.scope();
        WeightLoader loader = new WeightLoader(program, weights);
        swinStem = loader.group(scope, SWIN, dtype, name -> !name.contains(".blocks."));
        swinBlocks = swinBlocks(loader);
        projector = loader.group(scope, "model.mm_projector.", dtype, name -> !name.endsWith("num_batches_tracked"));
        IValue model = scope.run("new_weights");
        loader.put(model, "embed_tokens", "model.embed_tokens.weight", dtype);
        loader.put(model, "seg_query", "seg_query", dtype);
        embeddings = scope.run("weight", model, scope.of("embed_tokens"));
        maskTokens = scope.run("weight", model, scope.of("seg_query"));
        llmLayers = loader.groups(scope, "model.layers.", config.llm().layers(), dtype);
        finalNorm = loader.group(scope, "model.", dtype, name -> name.startsWith("final_layernorm."));
        rotary = scope.run(
                "rotary_tables",
                scope.of((long) config.llm().maxPositions()),
                scope.of((long) config.llm().rotaryDim()),
                scope.of(config.llm().ropeTheta()),
                scope.of(program.device()));
        heads = loader.group(
                scope,
                "",
                TorchType.FLOAT32,
                name -> name.startsWith("seg_query_projector.") || name.startsWith("SEG_token_projector."));
        pixelDecoder =
                loader.group(scope, "pixel_decoder.", dtype, name -> !name.startsWith("transformer.encoder.layers."));
        pixelLayers = loader.groups(
                scope,
                "pixel_decoder.transformer.encoder.layers.",
                config.pixelDecoder().layers(),
                dtype);
        decoder = loader.group(
                scope,
                "predictor.",
                TorchType.FLOAT32,
                name -> name.startsWith("decoder_norm.")
                        || name.startsWith("query_embed.")
                        || name.startsWith("level_embed.")
                        || name.startsWith("mask_embed.")
                        || name.startsWith("SEG_proj."));
        decoderLayers = decoderLayers(loader);
        routing = new RoutingTensors(program, plan, adapter, dtype);
    }

    private IValue swinBlocks(WeightLoader loader) {
        List<IValue> stages = new ArrayList<>();
        for (int s = 0; s < config.swin().depths().size(); s++) {
            List<IValue> blocks = new ArrayList<>();
            for (int b = 0; b < config.swin().depths().get(s); b++) {
                blocks.add(loader.group(
                        scope,
                        SWIN + "layers." + s + ".blocks." + b + ".",
                        dtype,
                        name -> !name.endsWith("relative_position_index")));
            }
            stages.add(scope.list(blocks.toArray(IValue[]::new)));
        }
        return scope.list(stages.toArray(IValue[]::new));
    }

    private IValue decoderLayers(WeightLoader loader) {
        List<IValue> layers = new ArrayList<>();
        for (int i = 0; i < config.maskDecoder().layers(); i++) {
            List<IValue> parts = new ArrayList<>();
            for (String part : List.of("cross_attention", "self_attention", "ffn")) {
                parts.add(
                        loader.group(scope, "predictor.transformer_" + part + "_layers." + i + ".", TorchType.FLOAT32));
            }
            layers.add(scope.run("decoder_layer", parts.get(0), parts.get(1), parts.get(2)));
        }
        return scope.list(layers.toArray(IValue[]::new));
    }

    public ModelConfig config() {
        return config;
    }

    public RoutingPlan plan() {
        return plan;
    }

    /** Opens a scope for one picture's work. */
    public TorchScope scope() {
        return program.scope();
    }

    /** Side of the square that mask logits are resized to before the picture is cut out. */
    int maskSize() {
        return (config.image().size() + SIZE_DIVISIBILITY - 1) / SIZE_DIVISIBILITY * SIZE_DIVISIBILITY;
    }

    /**
     * What all prompts of a picture share besides the LLM's prefix.
     *
     * @param imageTokens {@code [1, N, d]}
     * @param features {@code [1, mask_dim, h, w]}
     * @param memory keys, values and shrunken features of the mask decoder
     */
    public record ImageState(IValue imageTokens, IValue features, IValue memory) {}

    /** Swin, projector, pixel decoder. {@code pixels}: fp32 or the network's dtype {@code [1, 3, S, S]}, normalised. */
    public ImageState image(TorchScope work, IValue pixels, IValue taps) {
        ModelConfig.Swin swin = config.swin();
        IValue maps = work.run(
                "swin",
                pixels,
                swinStem,
                swinBlocks,
                work.ints(longs(swin.heads())),
                work.of((long) swin.window()),
                work.of((long) swin.patch()),
                work.of(swin.layerNormEps()),
                taps);
        ModelConfig.VisionProjector vision = config.visionProjector();
        IValue map = work.run("at", maps, work.of(vision.stage() - 2L));
        IValue tokens = work.run(
                switch (vision.kind()) {
                    case SWIN_CONV -> "swin_conv_projector";
                    case LINEAR -> "linear_projector";
                    case MLP -> "mlp_projector";
                },
                map,
                projector,
                taps);
        IValue decoded = work.run(
                "pixel_decoder",
                maps,
                pixelDecoder,
                pixelLayers,
                work.of((long) config.pixelDecoder().heads()),
                work.of((long) config.pixelDecoder().points()),
                taps);
        decoded = work.run("decoder_features", decoded, work.of(TorchType.FLOAT32));
        IValue memory = work.run("decoder_memory", decoded, decoder, decoderLayers, work.of((long)
                config.maskDecoder().heads()));
        return new ImageState(tokens, work.run("at", decoded, work.of(0L)), memory);
    }

    /** Pixels of 0..255 to what {@link #image} takes. */
    public IValue normalize(TorchScope work, PreparedImage image) {
        ModelConfig.Image sizes = config.image();
        IValue pixels = work.bytes(image.pixels(), 1, 3, image.size(), image.size());
        return work.run(
                "normalize_pixels",
                pixels,
                work.doubles(doubles(sizes.mean())),
                work.doubles(doubles(sizes.std())),
                work.of(dtype),
                work.of(program.device()));
    }

    /** {@code [B, s + N + t, d]}: token embeddings of the prefix, image tokens between the text before and after them. */
    public IValue prefixInput(TorchScope work, int[] before, IValue imageTokens, int[] after) {
        return work.run("llm_prefix_input", embeddings, ids(work, before), imageTokens, ids(work, after));
    }

    /**
     * The LLM over the prefix.
     *
     * @return its keys and values per layer
     */
    public IValue prefix(TorchScope work, IValue input, SegmentLayout layout, IValue taps) {
        RoutingTensors.Arguments routes = routing.of(layout);
        return work.run(
                "llm_prefix",
                input,
                llmLayers,
                routes.routes(),
                routes.proxies(),
                routes.mlp(),
                work.of((long) config.llm().heads()),
                rotary,
                work.of(config.llm().layerNormEps()),
                taps);
    }

    /** Token embeddings {@code [R, T, d]} of the prompts' own text, padded on the right. */
    public IValue textInput(TorchScope work, int[][] ids, int length) {
        long[] padded = new long[ids.length * length];
        for (int r = 0; r < ids.length; r++) {
            for (int t = 0; t < ids[r].length; t++) {
                padded[r * length + t] = ids[r][t];
            }
        }
        return work.run("embed_tokens", embeddings, work.longs(padded, ids.length, length));
    }

    /** The mask tokens, {@code [Q, d]}. */
    public IValue maskTokens() {
        return maskTokens;
    }

    /** The mask tokens with the embeddings of text after them, {@code [Q + n, d]}. */
    public IValue lateTokens(TorchScope work, int[] tail) {
        return work.run("late_tokens", maskTokens, embeddings, ids(work, tail));
    }

    /**
     * The LLM over the prompts' own tokens.
     *
     * @param text {@code [R, T, d]}, of which row r has {@code lengths[r]} real ones
     * @param late tokens that join at the plan's mask-token layer
     * @param pictures which row of the cache each prompt belongs to
     * @return a tuple of the final hidden states of text {@code [R, T, d]} and late tokens {@code [R, L, d]}
     */
    public IValue suffix(
            TorchScope work, IValue text, IValue late, long[] lengths, long[] pictures, IValue cache, IValue taps) {
        return work.run(
                "llm_suffix",
                text,
                late,
                device(work, lengths),
                device(work, pictures),
                cache,
                llmLayers,
                work.of((long) plan.maskTokenLayer()),
                work.of((long) config.llm().heads()),
                rotary,
                work.of(config.llm().layerNormEps()),
                finalNorm,
                taps);
    }

    /**
     * @param conditions per prompt the start and end of its condition in its own text
     * @return decoder queries {@code [R, Q, C]} and condition embeddings {@code [R, C]}
     */
    public IValue[] decoderInputs(TorchScope work, IValue hidden, long[] starts, long[] ends, IValue taps) {
        IValue[] parts = work.elements(hidden);
        return work.elements(work.run(
                "decoder_inputs",
                parts[0],
                parts[1],
                work.of((long) config.maskDecoder().queries()),
                device(work, starts),
                device(work, ends),
                heads,
                taps));
    }

    /** @return condition logits {@code [R, Q]} and mask embeddings {@code [R, Q, mask_dim]} */
    public IValue[] decode(TorchScope work, IValue queries, IValue condition, ImageState image, IValue taps) {
        return work.elements(work.run(
                "mask_decoder",
                queries,
                condition,
                image.memory(),
                image.features(),
                decoder,
                decoderLayers,
                work.of((long) config.maskDecoder().heads()),
                taps));
    }

    /** Turns the taps of prefix and suffix into those of the whole sequence. */
    public void joinTaps(TorchScope work, IValue taps, IValue hidden) {
        IValue[] parts = work.elements(hidden);
        work.run(
                "join_segments",
                taps,
                work.of((long) config.llm().layers()),
                finalNorm,
                work.of(config.llm().layerNormEps()),
                parts[0],
                parts[1]);
    }

    private IValue ids(TorchScope work, int[] ids) {
        long[] wide = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            wide[i] = ids[i];
        }
        return work.longs(wide, wide.length);
    }

    private IValue device(TorchScope work, long[] values) {
        return work.run("to_device", work.longs(values, values.length), work.of(program.device()));
    }

    private static long[] longs(List<Integer> values) {
        return values.stream().mapToLong(Integer::longValue).toArray();
    }

    private static double[] doubles(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }

    @Override
    public void close() {
        routing.close();
        scope.close();
    }
}
