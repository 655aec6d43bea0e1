package io.maskroute.core.model;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.routing.ImageTokenDropping;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Phi under a routing plan. A sequence is a prefix that all prompts of a picture share, run once, and per prompt a suffix that
 * attends to the prefix's keys and values; the dense model is the identity plan through the same code.
 */
public final class RoutedLlm implements AutoCloseable {
    private final ModelConfig.Llm config;
    private final TorchProgram program;
    private final TorchScope scope;
    private final TorchType dtype;
    private final RoutingPlan plan;
    private final RoutingTensors routing;
    private final IValue embeddings;
    private final IValue layers;
    private final IValue finalNorm;
    private final IValue rotary;

    /**
     * An LLM on its own, for inputs that are embedded already.
     *
     * @param weights with the key names of a whole checkpoint; the embedding table may be absent
     * @param adapter tensors of the routing adapter, if there is one
     */
    public static RoutedLlm load(
            TorchProgram program,
            ModelConfig.Llm config,
            TensorSource weights,
            TorchType dtype,
            RoutingPlan plan,
            Optional<TensorSource> adapter) {
        TorchScope scope = program.scope();
        return scope.building(
                () -> new RoutedLlm(program, scope, config, new WeightLoader(program, weights), dtype, plan, adapter));
    }

    /** @param scope owns the weights and the plan's tensors */
    RoutedLlm(
            TorchProgram program,
            TorchScope scope,
            ModelConfig.Llm config,
            WeightLoader weights,
            TorchType dtype,
            RoutingPlan plan,
            Optional<TensorSource> adapter) {
        this.config = config;
        this.program = program;
        this.dtype = dtype;
        this.plan = plan;
        this.scope = scope;
        embeddings = weights.group(scope, "model.", dtype, name -> name.equals("embed_tokens.weight"));
        layers = weights.llmLayers(scope, config, dtype);
        finalNorm = weights.group(scope, "model.", dtype, name -> name.startsWith("final_layernorm."));
        rotary = scope.run(
                "rotary_tables",
                scope.of((long) config.maxPositions()),
                scope.of((long) config.rotaryDim()),
                scope.of(config.ropeTheta()),
                scope.of(program.device()));
        routing = new RoutingTensors(program, scope, plan, adapter, dtype);
    }

    private RoutedLlm(RoutedLlm weights, TorchScope scope, RoutingPlan plan, Optional<TensorSource> adapter) {
        config = weights.config;
        program = weights.program;
        dtype = weights.dtype;
        this.plan = plan;
        this.scope = scope;
        embeddings = weights.embeddings;
        layers = weights.layers;
        finalNorm = weights.finalNorm;
        rotary = weights.rotary;
        routing = new RoutingTensors(program, scope, plan, adapter, dtype);
    }

    /**
     * The same weights, which stay in memory once, under another plan. It serves no longer than this LLM does, and closing it
     * frees only what its plan added.
     *
     * @param adapter tensors of the plan's routing adapter, if there is one
     */
    public RoutedLlm withPlan(RoutingPlan plan, Optional<TensorSource> adapter) {
        TorchScope own = program.scope();
        return own.building(() -> new RoutedLlm(this, own, plan, adapter));
    }

    public RoutingPlan plan() {
        return plan;
    }

    /** The adapter's tensors by name, as leaves whose gradients are wanted; none unless the program is for training. */
    public Map<String, IValue> trainableAdapter() {
        return routing.trainable();
    }

    /** {@code [B, s + N + t, d]}: token embeddings of the text before and after the image tokens {@code [B, N, d]}. */
    public IValue prefixInput(TorchScope work, int[] before, IValue imageTokens, int[] after) {
        return work.run("llm_prefix_input", table(work), ids(work, before), imageTokens, ids(work, after));
    }

    /** Token embeddings {@code [R, length, d]} of the prompts' own text, padded on the right. */
    public IValue textInput(TorchScope work, int[][] ids, int length) {
        long[] padded = new long[ids.length * length];
        for (int r = 0; r < ids.length; r++) {
            for (int t = 0; t < ids[r].length; t++) {
                padded[r * length + t] = ids[r][t];
            }
        }
        return work.run("embed_tokens", table(work), work.longs(padded, ids.length, length));
    }

    /** Mask tokens {@code [Q, d]} with the embeddings of text after them, {@code [Q + n, d]}. */
    IValue lateTokens(TorchScope work, IValue maskTokens, int[] tail) {
        return work.run("late_tokens", maskTokens, table(work), ids(work, tail));
    }

    /**
     * The layers over the prefixes of pictures.
     *
     * @param input {@code [B, P, d]}
     * @return what {@link #suffix} takes: rotated keys and values of every layer, {@code [B, heads, P, d / heads]}, where P is
     *     less behind the layer that drops image tokens; or what the program's {@code drop_prefix} says
     */
    public IValue prefix(
            TorchScope work, IValue input, SegmentLayout layout, List<PreparedImage> pictures, IValue taps) {
        return plan.dropping()
                .map(dropping -> dropPrefix(work, input, layout, dropping, DroppedTokens.contents(dropping, pictures)))
                .orElseGet(() -> prefix(work, input, layout, taps));
    }

    /** The same where there are no pictures. A random choice of image tokens is the same for all prefixes then. */
    public IValue prefix(TorchScope work, IValue input, SegmentLayout layout, IValue taps) {
        if (plan.dropping().isPresent()) {
            return dropPrefix(work, input, layout, plan.dropping().get(), new long[1]);
        }
        RoutingTensors.Arguments routes = routing.of(layout);
        return work.run(
                "llm_prefix",
                input,
                layers,
                routes.routes(),
                routes.proxies(),
                routes.mlp(),
                work.of((long) config.heads()),
                rotary,
                work.of(config.layerNormEps()),
                taps);
    }

    private IValue dropPrefix(
            TorchScope work, IValue input, SegmentLayout layout, ImageTokenDropping dropping, long[] contents) {
        IValue text = DroppedTokens.text(work, layout);
        IValue candidates = DroppedTokens.candidates(work, dropping, layout, contents);
        if (dropping.criterion().shared()) {
            return work.run(
                    "drop_shared_prefix",
                    input,
                    text,
                    candidates,
                    layers,
                    work.of((long) dropping.afterLayer()),
                    work.of((long) dropping.keep()),
                    work.of((long) config.heads()),
                    rotary,
                    work.of(config.layerNormEps()));
        }
        return work.run(
                "drop_prefix",
                input,
                text,
                candidates,
                layers,
                work.of((long) dropping.afterLayer()),
                work.of((long) config.heads()),
                rotary,
                work.of(config.layerNormEps()));
    }

    /**
     * The layers over the prompts' own tokens.
     *
     * @param text {@code [R, T, d]}, of which row r has {@code lengths[r]} real ones
     * @param late {@code [L, d]}: what joins at the plan's mask-token layer
     * @param pictures which row of the cache each prompt belongs to
     * @param taps filled by plans that keep every token
     * @return a tuple of the final hidden states of text {@code [R, T, d]} and late tokens {@code [R, L, d]}
     */
    public IValue suffix(
            TorchScope work, IValue text, IValue late, long[] lengths, long[] pictures, IValue cache, IValue taps) {
        if (plan.dropping().filter(dropping -> !dropping.criterion().shared()).isPresent()) {
            return work.run(
                    "drop_suffix",
                    text,
                    late,
                    work.longsOnDevice(lengths),
                    work.longsOnDevice(pictures),
                    cache,
                    layers,
                    work.of((long) plan.dropping().get().afterLayer()),
                    work.of((long) plan.dropping().get().keep()),
                    work.of((long) config.heads()),
                    rotary,
                    work.of(config.layerNormEps()),
                    finalNorm);
        }
        return work.run(
                "llm_suffix",
                text,
                late,
                work.longsOnDevice(lengths),
                work.longsOnDevice(pictures),
                cache,
                layers,
                work.of((long) plan.maskTokenLayer()),
                work.of((long) config.heads()),
                rotary,
                work.of(config.layerNormEps()),
                finalNorm,
                taps);
    }

    /** What {@link #suffix} gives for prompts that stand alone, without a prefix: neither picture nor system text. */
    IValue withoutPicture(TorchScope work, IValue text, IValue late, long[] lengths) {
        return work.run(
                "llm_without_picture",
                text,
                late,
                work.longsOnDevice(lengths),
                layers,
                work.of((long) plan.maskTokenLayer()),
                work.of((long) config.heads()),
                rotary,
                work.of(config.layerNormEps()),
                finalNorm);
    }

    /** What {@link #suffix} gives where no layer runs, for text {@code [R, T, d]} and no late tokens. */
    IValue leftOut(TorchScope work, IValue text) {
        return work.run("llm_left_out", text, work.of(config.layerNormEps()), finalNorm);
    }

    /** Final norm of {@code x}, {@code [..., d]}. */
    IValue normalized(TorchScope work, IValue x) {
        return work.run("layer_norm", x, finalNorm, work.of("final_layernorm"), work.of(config.layerNormEps()));
    }

    /**
     * One layer of the dense model over a prefix, whatever the plan.
     *
     * @param input {@code [B, P, d]}
     * @return what {@code observed_layer} of the program says: the FFN's input and output, the layer's output, keys and values
     */
    public IValue observeLayer(TorchScope work, int layer, IValue input) {
        return work.run(
                "observed_layer",
                input,
                layers,
                work.of((long) layer),
                work.of((long) config.heads()),
                rotary,
                work.of(config.layerNormEps()));
    }

    /**
     * How the mask tokens of a dense {@link #suffix} attend to the image tokens.
     *
     * @param taps of that suffix
     * @param text padded length of the prompts' own text
     * @param masks number of mask tokens
     * @return per layer the three sums of {@code suffix_attention}
     */
    public IValue suffixAttention(
            TorchScope work, IValue taps, IValue cache, long[] lengths, int text, int masks, SegmentLayout prefix) {
        return work.run(
                "suffix_attention",
                taps,
                cache,
                layers,
                work.longsOnDevice(lengths),
                work.of((long) text),
                work.of((long) masks),
                work.of((long) prefix.leading()),
                work.of((long) prefix.leading() + prefix.image()),
                work.of((long) config.heads()),
                rotary);
    }

    /** Turns the taps of prefix and suffix into those of the whole sequence. */
    void joinTaps(TorchScope work, IValue taps, IValue hidden) {
        IValue[] parts = work.elements(hidden);
        work.run(
                "join_segments",
                taps,
                work.of((long) config.layers()),
                finalNorm,
                work.of(config.layerNormEps()),
                parts[0],
                parts[1]);
    }

    private IValue table(TorchScope work) {
        return work.run("weight", embeddings, work.of("embed_tokens.weight"));
    }

    private IValue ids(TorchScope work, int[] ids) {
        long[] wide = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            wide[i] = ids[i];
        }
        return work.longs(wide, wide.length);
    }

    @Override
    public void close() {
        scope.close();
    }
}
