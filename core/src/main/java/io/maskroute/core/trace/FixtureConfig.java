package io.maskroute.core.trace;

import io.maskroute.core.config.JsonFields;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.config.ModelConfigCheck;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.family.Families;
import io.maskroute.core.family.Family;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code config.json} of a golden fixture: the sizes of its model and what was asked of it. Fields it does not know describe
 * how the fixture was made and are ignored.
 *
 * @param task {@code referring}, {@code panoptic}, {@code instance}, {@code semantic} or {@code region}
 * @param imageHeight of the picture before resizing
 * @param sentences of a referring fixture, else empty
 * @param classes of a fixture of class names without the background, else empty
 * @param isThing one for each of them; empty where all are
 * @param placeholders ids that stand for embeddings in {@code input_ids}
 * @param shapes of every tensor in {@code expected.safetensors}, by name
 */
public record FixtureConfig(
        String name,
        String task,
        ModelConfig model,
        int imageHeight,
        int imageWidth,
        List<String> sentences,
        List<String> classes,
        List<Integer> isThing,
        Placeholders placeholders,
        Map<String, List<Integer>> shapes) {

    /**
     * Negative ids, as in PSALM.
     *
     * @param latents 0 where the family has none
     */
    public record Placeholders(int image, int seg, int cls, int region, int refer, int latents) {}

    public static FixtureConfig read(Path file) {
        JsonFields json = JsonFields.read(file);
        ModelConfig model = model(json, json.object("cfg"));
        ModelConfigCheck.require(json.where(), model);
        List<Integer> imageSize = json.integers("image_hw");
        if (imageSize.size() != 2) {
            throw new UnusableInputException(json.where() + ": image_hw needs height and width");
        }
        JsonFields ids = json.object("special_ids");
        JsonFields expected = json.object("expected");
        Map<String, List<Integer>> shapes = new LinkedHashMap<>();
        expected.names().forEach(tensor -> shapes.put(tensor, expected.integers(tensor)));
        return new FixtureConfig(
                json.text("name"),
                json.text("task"),
                model,
                imageSize.get(0),
                imageSize.get(1),
                json.has("sentences") ? json.texts("sentences") : List.of(),
                json.has("classes") ? json.texts("classes") : List.of(),
                json.integers("is_thing", List.of()),
                new Placeholders(
                        ids.integer("IMAGE"),
                        ids.integer("SEG"),
                        ids.integer("CLS"),
                        ids.integer("REGION"),
                        ids.integer("REFER"),
                        ids.integer("TEMPORAL", 0)),
                shapes);
    }

    private static ModelConfig model(JsonFields json, JsonFields cfg) {
        String name = json.text("family", Families.fallback().name());
        Family family = Families.named(name)
                .orElseThrow(() -> new UnusableInputException(
                        json.where() + ": a fixture of the family '" + name + "' is not supported"));
        ModelConfig published = family.sizes();
        int hidden = cfg.integer("hidden");
        int llmHeads = cfg.integer("llm_heads");
        int heads = cfg.integer("mf_heads");
        JsonFields tokens = json.object("token_ids");
        return new ModelConfig(
                new ModelConfig.Image(
                        cfg.integer("image_size"),
                        json.numbers(
                                "pixel_mean",
                                json.numbers(
                                        "swin_pixel_mean", published.image().mean())),
                        json.numbers(
                                "pixel_std",
                                json.numbers("swin_pixel_std", published.image().std())),
                        json.integer(
                                "pad_value",
                                json.integer("swin_pad_value", published.image().padValue()))),
                new ModelConfig.Swin(
                        cfg.integer("swin_embed"),
                        cfg.integers("swin_depths"),
                        cfg.integers("swin_heads"),
                        cfg.integer("swin_window"),
                        published.swin().mlpRatio(),
                        published.swin().patch(),
                        json.number("swin_layer_norm_eps", published.swin().layerNormEps())),
                family.readFixture(json, cfg),
                new ModelConfig.Llm(
                        hidden,
                        cfg.integer("ffn"),
                        cfg.integer("llm_layers"),
                        llmHeads,
                        (int) (cfg.number("rotary_factor") * (llmHeads > 0 ? hidden / llmHeads : 0)),
                        cfg.integer("vocab"),
                        json.number("layer_norm_eps", published.llm().layerNormEps()),
                        json.number("rope_theta", published.llm().ropeTheta()),
                        published.llm().maxPositions()),
                new ModelConfig.PixelDecoder(
                        cfg.integer("conv_dim"),
                        cfg.integer("mask_dim"),
                        heads,
                        cfg.integer("enc_layers"),
                        cfg.integer("encoder_ffn"),
                        json.integer("msdeform_points", published.pixelDecoder().points())),
                new ModelConfig.MaskDecoder(
                        cfg.integer("dec_dim"),
                        heads,
                        cfg.integer("dec_layers"),
                        cfg.integer("dec_ffn"),
                        cfg.integer("queries")),
                new ModelConfig.SpecialTokens(
                        tokens.integer("[SEG]"), tokens.integer("<|endoftext|>"), tokens.integer("pad")));
    }
}
