package io.maskroute.core.checkpoint;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.Families;
import io.maskroute.core.family.Family;
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
 * Swin, epsilons, the picture's size, ids of tokens) is the published model's of their family. Published folders say little in {@code config.json} beside
 * the LLM's sizes, and may leave out any of these.
 */
public final class WeightSizes {
    private static final String EMBEDDINGS = "model.embed_tokens.weight";
    private static final String LAYERS = "model.layers.";
    private static final String ENCODER = "pixel_decoder.transformer.encoder.layers.";
    /** A layer of the mask decoder stands in three lists. */
    private static final List<String> DECODER = List.of(
            "predictor.transformer_self_attention_layers.",
            "predictor.transformer_cross_attention_layers.",
            "predictor.transformer_ffn_layers.");

    private final TensorSource weights;
    /** By the names in front of a number, one more than the largest that stands behind them. */
    private final Map<String, Integer> counts = new HashMap<>();

    private final Family family;

    private WeightSizes(TensorSource weights) {
        this.weights = weights;
        family = Families.owning(weights.names()).orElseGet(Families::fallback);
        weights.names().forEach(this::count);
    }

    static WeightSizes of(TensorSource weights) {
        return new WeightSizes(weights);
    }

    /** The family whose tensors these are; the first that is known where they are none's. */
    Family family() {
        return family;
    }

    ModelConfig config() {
        ModelConfig published = family.sizes();
        ModelConfig.Swin swin = swin(published.swin());
        return new ModelConfig(
                published.image(),
                swin,
                family.shown(this, swin),
                llm(published.llm()),
                pixelDecoder(published.pixelDecoder()),
                maskDecoder(published.maskDecoder()),
                published.specialTokens(),
                published.minScore());
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

    /** One more than the largest number behind a prefix. */
    public int count(String prefix, int otherwise) {
        return counts.getOrDefault(prefix, otherwise);
    }

    /** A size of a tensor, where there is one of so many dimensions. */
    public Optional<Integer> size(String name, int dimension, int rank) {
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

    private ModelConfig.Llm llm(ModelConfig.Llm published) {
        int hidden = size(EMBEDDINGS, 1, 2).orElse(published.hidden());
        return new ModelConfig.Llm(
                hidden,
                rows(LAYERS + "0.mlp.fc1.weight", published.ffn()),
                count(LAYERS, published.layers()),
                published.heads(),
                published.rotaryDim(),
                vocabulary().orElse(published.vocab()),
                published.layerNormEps(),
                published.ropeTheta(),
                published.maxPositions());
    }

    private ModelConfig.Swin swin(ModelConfig.Swin published) {
        int width = size(family.swinKeys() + "patch_embed.proj.weight", 0, 4).orElse(published.embedDim());
        int patch = size(family.swinKeys() + "patch_embed.proj.weight", 3, 4).orElse(published.patch());
        List<Integer> depths = new ArrayList<>();
        List<Integer> heads = new ArrayList<>();
        for (int stage = 0; stage < published.depths().size(); stage++) {
            String blocks = family.swinKeys() + "layers." + stage + ".blocks.";
            depths.add(count(blocks, published.depths().get(stage)));
            heads.add(size(blocks + "0.attn.relative_position_bias_table", 1, 2)
                    .orElse(published.heads().get(stage)));
        }
        int window = size(family.swinKeys() + "layers.0.blocks.0.attn.relative_position_bias_table", 0, 2)
                .map(offsets -> ((int) Math.sqrt(offsets) + 1) / 2)
                .orElse(published.window());
        int ratio = size(family.swinKeys() + "layers.0.blocks.0.mlp.fc1.weight", 0, 2)
                .map(ffn -> ffn / width)
                .orElse(published.mlpRatio());
        return new ModelConfig.Swin(
                width,
                depths,
                heads,
                window,
                ratio,
                patch,
                published.layerNormEps(),
                weights.names().contains(family.swinKeys() + "absolute_pos_embed"));
    }

    private ModelConfig.PixelDecoder pixelDecoder(ModelConfig.PixelDecoder published) {
        int points = size(ENCODER + "0.self_attn.attention_weights.weight", 0, 2)
                .map(samples -> samples / (3 * published.heads()))
                .orElse(published.points());
        return new ModelConfig.PixelDecoder(
                size("pixel_decoder.input_proj.0.0.weight", 0, 4).orElse(published.convDim()),
                size("pixel_decoder.mask_features.weight", 0, 4).orElse(published.maskDim()),
                published.heads(),
                count(ENCODER, published.layers()),
                rows(ENCODER + "0.linear1.weight", published.ffn()),
                points);
    }

    private ModelConfig.MaskDecoder maskDecoder(ModelConfig.MaskDecoder published) {
        return new ModelConfig.MaskDecoder(
                size("predictor.query_embed.weight", 1, 2).orElse(published.dim()),
                published.heads(),
                DECODER.stream()
                        .mapToInt(list -> count(list, 0))
                        .filter(n -> n > 0)
                        .max()
                        .orElse(published.layers()),
                rows("predictor.transformer_ffn_layers.0.linear1.weight", published.ffn()),
                rows("seg_query", published.queries()));
    }
}
