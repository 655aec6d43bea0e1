package io.maskroute.core.model;

import io.maskroute.core.checkpoint.Parameter;
import io.maskroute.core.checkpoint.StateDict;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.Families;
import io.maskroute.core.model.SegmenterOptions.Dtype;
import io.maskroute.core.routing.AdapterSpec;
import io.maskroute.core.routing.ImageTokenDropping;
import io.maskroute.core.routing.LayerRouting;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.task.Decoded;
import io.maskroute.core.torchscript.TorchType;
import java.util.List;
import java.util.Optional;

/**
 * Device memory of a model from its sizes alone. Weights, keys and values are exact up to a few small heads that are stored but
 * not loaded. Activations are an estimate: the largest temporaries that are alive at once in the stage that needs most, counted
 * from the TorchScript sources; attention is taken to be computed without a score matrix, and what the allocator keeps or wastes
 * is not in it.
 */
public final class MemoryModel {
    private static final int FP32 = 4;
    private static final int RES2 = 2;
    private static final int LEVELS = 3;
    /** The logits of a mask of full size, its foreground, its probabilities, and those of the foreground: all fp32. */
    private static final int FULL_SIZE_MASK = 4;
    /** Where a query does not attend, the same but for queries that would attend nowhere, its opposite, and that in fp32 for the attention. */
    private static final int ATTENTION_MASK = 3 + FP32;

    private final ModelConfig config;
    private final RoutingPlan plan;
    private final boolean adapter;
    private final long bytes;

    /** @param adapter whether the routing comes with tensors */
    public MemoryModel(ModelConfig config, RoutingPlan plan, boolean adapter, Dtype dtype) {
        this.config = config;
        this.plan = plan;
        this.adapter = adapter;
        this.bytes = dtype.type() == TorchType.FLOAT32 ? FP32 : 2;
    }

    /**
     * Bytes of one call.
     *
     * @param keysAndValues of the pictures' prefixes, in every layer
     * @param activations of the stage that needs most
     */
    public record Estimate(long weights, long adapter, long keysAndValues, long activations) {
        public long total() {
            return weights + adapter + keysAndValues + activations;
        }
    }

    /**
     * @param sharedText tokens of the prefix beside the grid of image tokens
     * @param ownText text tokens of the longest prompt of its own
     * @param pictures that run together
     * @param prompts of theirs that go through the LLM at once
     */
    public Estimate estimate(int sharedText, int ownText, int pictures, int prompts) {
        return estimate(sharedText, ownText, pictures, prompts, false);
    }

    /**
     * @param semantic whether there may be semantic prompts among them, whose post-processing has the probabilities of all queries'
     *     masks at once
     */
    public Estimate estimate(int sharedText, int ownText, int pictures, int prompts, boolean semantic) {
        long prefix = (long) sharedText + plan.imageTokens();
        Optional<ImageTokenDropping> perPrompt =
                plan.dropping().filter(dropping -> !dropping.criterion().shared());
        long cached = 0;
        int shared = perPrompt
                .map(ImageTokenDropping::afterLayer)
                .orElse(config.llm().layers());
        for (int layer = 0; layer < shared; layer++) {
            cached += prefix - plan.dropped(layer);
        }
        long keysAndValues = 2L * pictures * cached * config.llm().hidden() * bytes;
        long vision =
                pictures * Math.max(Families.of(config).activations(config) * bytes, Math.max(swin(), pixelDecoder()));
        long llm = Math.max(pictures * prefix(prefix, sharedText), prompts(prefix, ownText, prompts));
        if (perPrompt.isPresent()) {
            long sequence = sharedText
                    + perPrompt.get().keep()
                    + ownText
                    + config.maskDecoder().queries();
            llm = Math.max(llm, llmLayer(prompts * sequence, prompts * sequence));
        }
        long activations =
                Math.max(vision, pictures * kept() + Math.max(llm, Math.max(decoder(prompts), postprocess(semantic))));
        return new Estimate(weights(), adapter(), keysAndValues, activations);
    }

    /** The mask decoder and the heads around it are always fp32. */
    private long weights() {
        return StateDict.expected(config).stream()
                .filter(Parameter::required)
                .mapToLong(p -> p.info().elements() * (isDecoder(p.key()) ? FP32 : bytes))
                .sum();
    }

    private static boolean isDecoder(String key) {
        return key.startsWith("predictor.") || key.contains("_projector.") && !key.startsWith("model.");
    }

    private long adapter() {
        if (!adapter) {
            return 0;
        }
        return bytes
                * AdapterSpec.expected(plan.schedule(), config.llm()).values().stream()
                        .mapToLong(MemoryModel::product)
                        .sum();
    }

    private static long product(List<Long> shape) {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }

    /** The stage that needs most: attention with its position bias per window, or the MLP before and after its GELU. */
    private long swin() {
        ModelConfig.Swin swin = config.swin();
        long n = (long) swin.window() * swin.window();
        long most = 0;
        for (int s = 0; s < swin.depths().size(); s++) {
            long c = swin.channels(s);
            long positions = positions(RES2 + s);
            long across = (config.mapSide(RES2 + s) - 1) / swin.window() + 1;
            long windows = across * across;
            long attention = windows * n * (7 * c) + 2 * windows * swin.heads().get(s) * n * n;
            long mlp = positions * c * (3 + 2L * swin.mlpRatio());
            most = Math.max(most, Math.max(attention, mlp));
        }
        return (most + maps()) * bytes;
    }

    private long maps() {
        long sum = 0;
        for (int s = 0; s < config.swin().depths().size(); s++) {
            sum += positions(RES2 + s) * config.swin().channels(s);
        }
        return sum;
    }

    /** A deformable layer's sampling, its FFN, or the maps at the finest size. */
    private long pixelDecoder() {
        ModelConfig.PixelDecoder pixel = config.pixelDecoder();
        long positions = 0;
        for (int stage = RES2 + 1; stage <= RES2 + LEVELS; stage++) {
            positions += positions(stage);
        }
        long samples = positions * pixel.heads() * LEVELS * pixel.points();
        // Per sample four corners of an int32 index and a weight, and about ten fp32 numbers on the way to them.
        long sampling = samples * (4 * (4 + bytes) + 10 * FP32) + 6 * positions * pixel.convDim() * bytes;
        long ffn = positions * (2L * pixel.ffn() + 4L * pixel.convDim()) * bytes;
        long fine = positions(RES2) * (4L * pixel.convDim() + pixel.maskDim()) * bytes + features();
        return Math.max(Math.max(sampling, ffn), fine) + maps() * bytes;
    }

    /** What the vision stages gave for a picture, and what the mask decoder made of it: it stays to the end of the call. */
    private long kept() {
        long levels = 0;
        for (int level = 0; level < LEVELS; level++) {
            levels += positions(stage(level));
        }
        long decoded = positions(RES2) * config.pixelDecoder().maskDim()
                + levels * config.pixelDecoder().convDim();
        // The mask decoder is fp32, and has a copy where the pixel decoder is not.
        long copied = bytes == FP32 ? 0 : decoded * FP32;
        long keysAndValues = 0;
        for (int layer = 0; layer < config.maskDecoder().layers(); layer++) {
            keysAndValues +=
                    2 * positions(stage(layer % LEVELS)) * config.maskDecoder().dim();
        }
        long shrunk = levels * config.pixelDecoder().maskDim();
        return (maps() + decoded) * bytes + copied + (keysAndValues + shrunk) * FP32;
    }

    /** The stage of a level that the mask decoder attends to, the coarsest first. */
    private static int stage(int level) {
        return RES2 + LEVELS - level;
    }

    private long features() {
        return positions(RES2) * config.pixelDecoder().maskDim() * FP32;
    }

    private long prefix(long tokens, int text) {
        long ffnRows = text
                + plan.layers().stream().mapToLong(LayerRouting::proxies).max().orElse(0);
        return llmLayer(tokens, ffnRows);
    }

    private long prompts(long prefix, int ownText, int prompts) {
        long own = (long) ownText + config.maskDecoder().queries();
        long joined = 2 * (prefix + own) * config.llm().hidden() + own * (prefix + own);
        return llmLayer(prompts * own, prompts * own) + prompts * joined * bytes;
    }

    /** Input, norm, attention and FFN output, queries, keys and values, and the FFN before and after its GELU. */
    private long llmLayer(long tokens, long ffnRows) {
        return (tokens * 7 * config.llm().hidden() + ffnRows * 2 * config.llm().ffn()) * bytes;
    }

    /** The attention masks of the finest level. */
    private long decoder(int prompts) {
        return (long) prompts * config.maskDecoder().queries() * positions(stage(LEVELS - 1)) * ATTENTION_MASK;
    }

    /** As much as is resized at once, whatever the pictures' own sizes, but for a picture that has more pixels than that. */
    private long postprocess(boolean semantic) {
        long size = config.image().size();
        long pixels = Math.max(Decoded.MASK_PIXELS, size * size);
        long probabilities = semantic ? config.maskDecoder().queries() * size * size : 0;
        return FP32 * (config.maskDecoder().queries() * positions(RES2) + probabilities + FULL_SIZE_MASK * pixels);
    }

    private long positions(int stage) {
        long side = config.mapSide(stage);
        return side * side;
    }
}
