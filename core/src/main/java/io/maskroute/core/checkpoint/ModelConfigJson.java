package io.maskroute.core.checkpoint;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.maskroute.core.config.JsonFields;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.config.ModelConfigCheck;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.family.Families;
import io.maskroute.core.family.Family;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * {@code config.json} of a model folder. The LLM's sizes stand at top level under the names of transformers' {@code
 * PhiConfig}, {@code swin_type} and {@code mm_projector_type} under PSALM's; whatever else stands there is ignored (PSALM's
 * {@code mm_hidden_size} and the token ids of {@code bos} and {@code eos} are not what their names say). Sizes that PSALM
 * hard-codes or keeps in YAML are in an object {@code maskroute}, whose unknown fields are refused. Absent fields mean what the
 * weights show, and what they do not show the values of the family's published model.
 */
public final class ModelConfigJson {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private ModelConfigJson() {}

    /**
     * A configuration without its weights.
     *
     * @throws UnusableInputException naming the field that is missing, unknown, of the wrong type or does not fit
     */
    public static ModelConfig read(Path file) {
        return read(JsonFields.read(file), Optional.empty());
    }

    /** @param weights whose sizes absent fields have, and whose embedding table has the vocabulary's size whatever stands here */
    static ModelConfig read(JsonFields root, Optional<WeightSizes> weights) {
        JsonFields own = root.object("maskroute");
        Family family = weights.map(WeightSizes::family)
                .orElseGet(() -> Families.ofType(root.text("model_type", "")).orElseGet(Families::fallback));
        ModelConfig base = weights.map(WeightSizes::config).orElseGet(family::sizes);
        ModelConfig config = new ModelConfig(
                image(own.object("image"), base.image()),
                swin(own.object("swin"), namedSwin(root, family.sizes().swin(), base.swin())),
                family.read(root, own, base.visualTokens()),
                llm(root, family.sizes().llm(), base.llm(), weights),
                pixelDecoder(own.object("pixel_decoder"), base.pixelDecoder()),
                maskDecoder(own.object("mask_decoder"), base.maskDecoder()),
                specialTokens(own.object("special_tokens"), base.specialTokens()),
                own.number("min_score", base.minScore()));
        own.refuseOthers();
        ModelConfigCheck.require(root.where(), config);
        return config;
    }

    private static ModelConfig.Llm llm(
            JsonFields root, ModelConfig.Llm published, ModelConfig.Llm base, Optional<WeightSizes> weights) {
        refuseUnlike(root, "hidden_act", root.text("hidden_act", "gelu_new"), "gelu_new");
        refuseUnlike(root, "qk_layernorm", root.flag("qk_layernorm", false), false);
        if (root.has("rope_scaling")) {
            throw new UnusableInputException(root.where() + ": rope_scaling is not supported, only null is");
        }
        boolean shown = weights.isPresent();
        int hidden = shown ? root.integer("hidden_size", base.hidden()) : root.integer("hidden_size");
        // Weights show no heads; the published model's are taken for its width alone.
        int heads = shown && hidden == published.hidden()
                ? root.integer("num_attention_heads", base.heads())
                : root.integer("num_attention_heads");
        refuseUnlike(root, "num_key_value_heads", root.integer("num_key_value_heads", heads), heads);
        // transformers 5 moved the two, and what was rope_scaling, into an object of their own.
        JsonFields rope = root.object("rope_parameters");
        refuseUnlike(rope, "rope_type", rope.text("rope_type", rope.text("type", "default")), "default");
        double theta = root.number("rope_theta", rope.number("rope_theta", base.ropeTheta()));
        double rotary =
                root.number("partial_rotary_factor", rope.number("partial_rotary_factor", rotaryFactor(published)));
        int headDim = heads > 0 ? hidden / heads : 0;
        return new ModelConfig.Llm(
                hidden,
                root.integer("intermediate_size", shown ? base.ffn() : 4 * hidden),
                shown ? root.integer("num_hidden_layers", base.layers()) : root.integer("num_hidden_layers"),
                heads,
                (int) (rotary * headDim),
                vocabulary(root, weights),
                root.number("layer_norm_eps", base.layerNormEps()),
                theta,
                root.integer("max_position_embeddings", base.maxPositions()));
    }

    private static int vocabulary(JsonFields root, Optional<WeightSizes> weights) {
        OptionalInt rows = weights.map(WeightSizes::vocabulary).orElseGet(OptionalInt::empty);
        return rows.isPresent() ? rows.getAsInt() : root.integer("vocab_size");
    }

    private static void refuseUnlike(JsonFields root, String name, Object found, Object supported) {
        if (!found.equals(supported)) {
            throw new UnusableInputException(
                    root.where() + ": " + name + " " + found + " is not supported, only " + supported + " is");
        }
    }

    private static ModelConfig.Image image(JsonFields json, ModelConfig.Image base) {
        ModelConfig.Image image = new ModelConfig.Image(
                json.integer("size", base.size()),
                json.numbers("mean", base.mean()),
                json.numbers("std", base.std()),
                json.integer("pad_value", base.padValue()));
        json.refuseOthers();
        return image;
    }

    /** The backbones that PSALM's {@code swin_type} names. */
    private static ModelConfig.Swin namedSwin(JsonFields root, ModelConfig.Swin base, ModelConfig.Swin shown) {
        if (!root.has("swin_type")) {
            return shown;
        }
        String type = root.text("swin_type");
        return switch (type) {
            case "base" -> base;
            case "large" -> new ModelConfig.Swin(
                    192,
                    base.depths(),
                    List.of(6, 12, 24, 48),
                    base.window(),
                    base.mlpRatio(),
                    base.patch(),
                    base.layerNormEps());
            default -> throw new UnusableInputException(
                    root.where() + ": swin_type '" + type + "' is unknown, expected base or large");
        };
    }

    private static ModelConfig.Swin swin(JsonFields json, ModelConfig.Swin named) {
        ModelConfig.Swin swin = new ModelConfig.Swin(
                json.integer("embed_dim", named.embedDim()),
                json.integers("depths", named.depths()),
                json.integers("heads", named.heads()),
                json.integer("window", named.window()),
                json.integer("mlp_ratio", named.mlpRatio()),
                json.integer("patch", named.patch()),
                json.number("layer_norm_eps", named.layerNormEps()),
                json.flag("absolute_position", named.absolutePosition()));
        json.refuseOthers();
        return swin;
    }

    private static ModelConfig.PixelDecoder pixelDecoder(JsonFields json, ModelConfig.PixelDecoder base) {
        ModelConfig.PixelDecoder decoder = new ModelConfig.PixelDecoder(
                json.integer("conv_dim", base.convDim()),
                json.integer("mask_dim", base.maskDim()),
                json.integer("heads", base.heads()),
                json.integer("layers", base.layers()),
                json.integer("ffn", base.ffn()),
                json.integer("points", base.points()));
        json.refuseOthers();
        return decoder;
    }

    private static ModelConfig.MaskDecoder maskDecoder(JsonFields json, ModelConfig.MaskDecoder base) {
        ModelConfig.MaskDecoder decoder = new ModelConfig.MaskDecoder(
                json.integer("dim", base.dim()),
                json.integer("heads", base.heads()),
                json.integer("layers", base.layers()),
                json.integer("ffn", base.ffn()),
                json.integer("queries", base.queries()));
        json.refuseOthers();
        return decoder;
    }

    private static ModelConfig.SpecialTokens specialTokens(JsonFields json, ModelConfig.SpecialTokens base) {
        ModelConfig.SpecialTokens tokens = new ModelConfig.SpecialTokens(
                json.integer("seg", base.seg()),
                json.integer("end_of_text", base.endOfText()),
                json.integer("pad", base.pad()));
        json.refuseOthers();
        return tokens;
    }

    /** Writes every size, so that the file says what the model is without knowing the defaults. */
    public static void write(Path file, ModelConfig config) throws IOException {
        Files.write(file, toBytes(config));
    }

    /** The same bytes for the same configuration; part of the model's fingerprint. */
    static byte[] toBytes(ModelConfig config) {
        try {
            // Fixed line ends: the bytes must not depend on the platform.
            DefaultPrettyPrinter printer =
                    new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n"));
            return (JSON.writer(printer).writeValueAsString(toJson(config)) + "\n").getBytes(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ObjectNode toJson(ModelConfig config) {
        Family family = Families.of(config);
        ModelConfig.Llm llm = config.llm();
        ObjectNode root = JSON.createObjectNode()
                .put("model_type", family.modelType())
                .put("hidden_size", llm.hidden())
                .put("intermediate_size", llm.ffn())
                .put("num_hidden_layers", llm.layers())
                .put("num_attention_heads", llm.heads())
                .put("partial_rotary_factor", rotaryFactor(llm))
                .put("vocab_size", llm.vocab())
                .put("layer_norm_eps", llm.layerNormEps())
                .put("rope_theta", llm.ropeTheta())
                .put("max_position_embeddings", llm.maxPositions());
        ObjectNode own = JSON.createObjectNode();

        ModelConfig.Image image = config.image();
        ObjectNode imageJson = own.putObject("image").put("size", image.size());
        putNumbers(imageJson.putArray("mean"), image.mean());
        putNumbers(imageJson.putArray("std"), image.std());
        imageJson.put("pad_value", image.padValue());

        ModelConfig.Swin swin = config.swin();
        ObjectNode swinJson = own.putObject("swin").put("embed_dim", swin.embedDim());
        putIntegers(swinJson.putArray("depths"), swin.depths());
        putIntegers(swinJson.putArray("heads"), swin.heads());
        swinJson.put("window", swin.window())
                .put("mlp_ratio", swin.mlpRatio())
                .put("patch", swin.patch())
                .put("layer_norm_eps", swin.layerNormEps());
        // Left out where it changes nothing, so that models without it keep their fingerprints.
        if (swin.absolutePosition()) {
            swinJson.put("absolute_position", true);
        }

        family.write(config.visualTokens(), root, own);

        ModelConfig.PixelDecoder pixel = config.pixelDecoder();
        own.putObject("pixel_decoder")
                .put("conv_dim", pixel.convDim())
                .put("mask_dim", pixel.maskDim())
                .put("heads", pixel.heads())
                .put("layers", pixel.layers())
                .put("ffn", pixel.ffn())
                .put("points", pixel.points());

        ModelConfig.MaskDecoder mask = config.maskDecoder();
        own.putObject("mask_decoder")
                .put("dim", mask.dim())
                .put("heads", mask.heads())
                .put("layers", mask.layers())
                .put("ffn", mask.ffn())
                .put("queries", mask.queries());

        ModelConfig.SpecialTokens tokens = config.specialTokens();
        own.putObject("special_tokens")
                .put("seg", tokens.seg())
                .put("end_of_text", tokens.endOfText())
                .put("pad", tokens.pad());
        if (config.minScore() > 0) {
            own.put("min_score", config.minScore());
        }
        root.set("maskroute", own);
        return root;
    }

    /** The fraction from which {@code (int) (factor * headDim)}, transformers' formula, gives the width back. */
    private static double rotaryFactor(ModelConfig.Llm llm) {
        double factor = (double) llm.rotaryDim() / llm.headDim();
        while ((int) (factor * llm.headDim()) < llm.rotaryDim()) {
            factor = Math.nextUp(factor);
        }
        return factor;
    }

    private static void putIntegers(ArrayNode array, List<Integer> values) {
        values.forEach(array::add);
    }

    private static void putNumbers(ArrayNode array, List<Double> values) {
        values.forEach(array::add);
    }
}
