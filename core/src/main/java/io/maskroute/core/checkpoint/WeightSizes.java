package io.maskroute.core.checkpoint;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.config.ModelConfig.VisionProjector;
import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.safetensors.TensorSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The sizes of a model as the names and shapes of its weights show them. What they do not show (heads of attention outside
 * Swin, epsilons, the picture's size, ids of tokens) is PSALM's. Published folders say little in {@code config.json} beside
 * the LLM's sizes, and may leave out any of these.
 */
final class WeightSizes {
    private static final String EMBEDDINGS = "model.embed_tokens.weight";
    private static final String LAYERS = "model.layers.";
    private static final String TOWER = "model.vision_tower.";
    private static final String PROJECTOR = "model.mm_projector.";
    private static final String ENCODER = "pixel_decoder.transformer.encoder.layers.";
    /** A layer of the mask decoder stands in three lists. */
    private static final List<String> DECODER = List.of(
            "predictor.transformer_self_attention_layers.",
            "predictor.transformer_cross_attention_layers.",
            "predictor.transformer_ffn_layers.");

    private final TensorSource weights;
    /** By the names in front of a number, one more than the largest that stands behind them. */
    private final Map<String, Integer> counts = new HashMap<>();

    private WeightSizes(TensorSource weights) {
        this.weights = weights;
        weights.names().forEach(this::count);
    }

    static WeightSizes of(TensorSource weights) {
        return new WeightSizes(weights);
    }

    ModelConfig config() {
        ModelConfig psalm = ModelConfig.psalm();
        ModelConfig.Swin swin = swin(psalm.swin());
        return new ModelConfig(
                psalm.image(),
                swin,
                projector(psalm.visionProjector(), swin),
                llm(psalm.llm()),
                pixelDecoder(psalm.pixelDecoder()),
                maskDecoder(psalm.maskDecoder()),
                psalm.specialTokens(),
                psalm.minScore());
    }

    /** Rows of the table of token embeddings; empty where there is none. */
    OptionalInt vocabulary() {
        return size(EMBEDDINGS, 0, 2).map(OptionalInt::of).orElseGet(OptionalInt::empty);
    }

    private void count(String name) {
        for (int at = 0; at < name.length(); at++) {
            if (Character.isDigit(name.charAt(at)) && (at == 0 || name.charAt(at - 1) == '.')) {
                int end = at;
                // More digits than these number nothing in a model.
                while (end < name.length() && end - at < 4 && isAsciiDigit(name.charAt(end))) {
                    end++;
                }
                if (end > at && end < name.length() && name.charAt(end) == '.') {
                    counts.merge(name.substring(0, at), Integer.parseInt(name.substring(at, end)) + 1, Math::max);
                }
            }
        }
    }

    private static boolean isAsciiDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private int count(String prefix, int otherwise) {
        return counts.getOrDefault(prefix, otherwise);
    }

    /** A size of a tensor, where there is one of so many dimensions. */
    private Optional<Integer> size(String name, int dimension, int rank) {
        if (!weights.names().contains(name)) {
            return Optional.empty();
        }
        TensorInfo info = weights.info(name);
        return info.rank() == rank && info.shape()[dimension] <= Integer.MAX_VALUE && info.shape()[dimension] > 0
                ? Optional.of((int) info.shape()[dimension])
                : Optional.empty();
    }

    private int rows(String matrix, int otherwise) {
        return size(matrix, 0, 2).orElse(otherwise);
    }

    private ModelConfig.Llm llm(ModelConfig.Llm psalm) {
        int hidden = size(EMBEDDINGS, 1, 2).orElse(psalm.hidden());
        return new ModelConfig.Llm(
                hidden,
                rows(LAYERS + "0.mlp.fc1.weight", psalm.ffn()),
                count(LAYERS, psalm.layers()),
                psalm.heads(),
                psalm.rotaryDim(),
                vocabulary().orElse(psalm.vocab()),
                psalm.layerNormEps(),
                psalm.ropeTheta(),
                psalm.maxPositions());
    }

    private ModelConfig.Swin swin(ModelConfig.Swin psalm) {
        int width = size(TOWER + "patch_embed.proj.weight", 0, 4).orElse(psalm.embedDim());
        int patch = size(TOWER + "patch_embed.proj.weight", 3, 4).orElse(psalm.patch());
        List<Integer> depths = new ArrayList<>();
        List<Integer> heads = new ArrayList<>();
        for (int stage = 0; stage < psalm.depths().size(); stage++) {
            String blocks = TOWER + "layers." + stage + ".blocks.";
            depths.add(count(blocks, psalm.depths().get(stage)));
            heads.add(size(blocks + "0.attn.relative_position_bias_table", 1, 2)
                    .orElse(psalm.heads().get(stage)));
        }
        int window = size(TOWER + "layers.0.blocks.0.attn.relative_position_bias_table", 0, 2)
                .map(offsets -> ((int) Math.sqrt(offsets) + 1) / 2)
                .orElse(psalm.window());
        int ratio = size(TOWER + "layers.0.blocks.0.mlp.fc1.weight", 0, 2)
                .map(ffn -> ffn / width)
                .orElse(psalm.mlpRatio());
        return new ModelConfig.Swin(
                width,
                depths,
                heads,
                window,
                ratio,
                patch,
                psalm.layerNormEps(),
                weights.names().contains(TOWER + "absolute_pos_embed"));
    }

    private VisionProjector projector(VisionProjector psalm, ModelConfig.Swin swin) {
        Optional<Integer> planes = size(PROJECTOR + "layer1.0.conv1.weight", 0, 4);
        if (planes.isPresent()) {
            int in = size(PROJECTOR + "layer1.0.conv1.weight", 1, 4).orElseThrow();
            return new VisionProjector(VisionProjector.Kind.SWIN_CONV, stage(in, swin, psalm), planes.get());
        }
        Optional<Integer> mlp = size(PROJECTOR + "0.weight", 1, 2);
        if (mlp.isPresent()) {
            return new VisionProjector(VisionProjector.Kind.MLP, stage(mlp.get(), swin, psalm), psalm.planes());
        }
        return size(PROJECTOR + "weight", 1, 2)
                .map(in -> new VisionProjector(VisionProjector.Kind.LINEAR, stage(in, swin, psalm), psalm.planes()))
                .orElse(psalm);
    }

    /** The Swin map with as many channels as a projector reads. */
    private static int stage(int channels, ModelConfig.Swin swin, VisionProjector psalm) {
        for (int s = 0; s < swin.depths().size(); s++) {
            if (swin.channels(s) == channels) {
                return s + 2;
            }
        }
        return psalm.stage();
    }

    private ModelConfig.PixelDecoder pixelDecoder(ModelConfig.PixelDecoder psalm) {
        int points = size(ENCODER + "0.self_attn.attention_weights.weight", 0, 2)
                .map(samples -> samples / (3 * psalm.heads()))
                .orElse(psalm.points());
        return new ModelConfig.PixelDecoder(
                size("pixel_decoder.input_proj.0.0.weight", 0, 4).orElse(psalm.convDim()),
                size("pixel_decoder.mask_features.weight", 0, 4).orElse(psalm.maskDim()),
                psalm.heads(),
                count(ENCODER, psalm.layers()),
                rows(ENCODER + "0.linear1.weight", psalm.ffn()),
                points);
    }

    private ModelConfig.MaskDecoder maskDecoder(ModelConfig.MaskDecoder psalm) {
        return new ModelConfig.MaskDecoder(
                size("predictor.query_embed.weight", 1, 2).orElse(psalm.dim()),
                psalm.heads(),
                DECODER.stream()
                        .mapToInt(list -> count(list, 0))
                        .filter(n -> n > 0)
                        .max()
                        .orElse(psalm.layers()),
                rows("predictor.transformer_ffn_layers.0.linear1.weight", psalm.ffn()),
                rows("seg_query", psalm.queries()));
    }
}
