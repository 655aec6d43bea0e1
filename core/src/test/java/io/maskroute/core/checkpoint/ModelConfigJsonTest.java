package io.maskroute.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.config.JsonFields;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.family.psalm.Psalm;
import io.maskroute.core.family.psalm.VisionProjector;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ModelConfigJsonTest {
    /** As PSALM's training leaves it beside the weights, shortened. */
    private static final String RELEASED =
            """
            {"_name_or_path": "phi-1_5_dev", "architectures": ["PSALM"], "attention_dropout": 0.0,
             "hidden_act": "gelu_new", "hidden_size": 2048, "intermediate_size": 8192, "layer_norm_eps": 1e-05,
             "mask_decode_train": true, "max_position_embeddings": 2048, "mm_hidden_size": 256,
             "mm_projector_type": "swin_conv", "model_type": "llava_phi", "num_attention_heads": 32,
             "num_hidden_layers": 24, "partial_rotary_factor": 0.5, "projector_outdim": 2048, "qk_layernorm": false,
             "rope_scaling": null, "rope_theta": 10000.0, "swin_type": "base", "vocab_size": 50297}""";

    private static ModelConfig read(String json) {
        return ModelConfigJson.read(
                JsonFields.parse("config.json", json.getBytes(StandardCharsets.UTF_8)), Optional.empty());
    }

    private static String withOwn(String own) {
        return RELEASED.substring(0, RELEASED.length() - 1) + ", \"maskroute\": " + own + "}";
    }

    @Test
    void absentSizesArePsalms() {
        assertThat(read(RELEASED)).isEqualTo(Psalm.published());
    }

    @Test
    void readsTheLargeBackbone() {
        ModelConfig large = read(RELEASED.replace("\"base\"", "\"large\""));
        assertThat(large.swin().channels(3)).isEqualTo(1536);
        assertThat(large.swin().heads()).containsExactly(6, 12, 24, 48);
    }

    @Test
    void readsNewerRopeParameters() {
        String json = RELEASED.replace(
                        "\"rope_theta\": 10000.0",
                        "\"rope_parameters\": {\"rope_theta\": 500.0, "
                                + "\"partial_rotary_factor\": 0.25, \"rope_type\": \"default\"}")
                .replace("\"partial_rotary_factor\": 0.5, ", "");
        assertThat(read(json).llm().ropeTheta()).isEqualTo(500);
        assertThat(read(json).llm().rotaryDim()).isEqualTo(16);
    }

    @Test
    void theBundledConfigurationIsWrittenOut() throws IOException {
        Path bundled = Path.of("..", "models", "tiny", "config.json");
        ModelConfig config = ModelConfigJson.read(bundled);
        assertThat(Files.readAllBytes(bundled)).isEqualTo(ModelConfigJson.toBytes(config));
        long parameters = StateDict.expected(config).stream()
                .filter(Parameter::required)
                .mapToLong(p -> p.info().elements())
                .sum();
        assertThat(parameters).as("a few MB in bf16").isLessThan(5_000_000);
    }

    @ParameterizedTest
    @EnumSource(VisionProjector.Kind.class)
    void writesWhatItReads(VisionProjector.Kind kind, @TempDir Path folder) throws IOException {
        for (int headDim = 4; headDim <= 100; headDim++) {
            for (int rotary = 2; rotary <= headDim; rotary += 2) {
                ModelConfig config = new ModelConfig(
                        new ModelConfig.Image(200, List.of(1.5, 2.0, 3.25), List.of(1.0, 1e-3, 7.0), 0),
                        new ModelConfig.Swin(24, List.of(1, 2, 3, 4), List.of(3, 3, 6, 12), 7, 3, 2, 1e-6),
                        new VisionProjector(kind, 3, 11),
                        new ModelConfig.Llm(3 * headDim, 77, 5, 3, rotary, 300, 2e-5, 123.5, 99),
                        new ModelConfig.PixelDecoder(64, 48, 4, 2, 96, 3),
                        new ModelConfig.MaskDecoder(64, 2, 3, 80, 9),
                        new ModelConfig.SpecialTokens(299, 0, 7));
                assertThat(read(new String(ModelConfigJson.toBytes(config), StandardCharsets.UTF_8)))
                        .isEqualTo(config);
            }
        }
        ModelConfig careful = Psalm.published().withMinScore(0.35);
        assertThat(read(new String(ModelConfigJson.toBytes(careful), StandardCharsets.UTF_8)))
                .isEqualTo(careful);
        ModelConfig placed = read(withOwn("{\"swin\": {\"absolute_position\": true}}"));
        assertThat(placed.swin().absolutePosition()).isTrue();
        assertThat(placed).isNotEqualTo(Psalm.published());
        assertThat(read(new String(ModelConfigJson.toBytes(placed), StandardCharsets.UTF_8)))
                .isEqualTo(placed);
        ModelConfigJson.write(folder.resolve("config.json"), Psalm.published());
        assertThat(ModelConfigJson.read(folder.resolve("config.json"))).isEqualTo(Psalm.published());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"swin\": {\"embed_dmi\": 3}}|swin: unknown field 'embed_dmi'; known are embed_dim",
                "{\"swim\": {}}|unknown field 'swim'",
                "{\"swin\": 3}|field 'swin' is 3, expected an object",
                "{\"swin\": {\"embed_dim\": \"3\"}}|field 'embed_dim' is \"3\", expected a whole number",
                "{\"swin\": {\"embed_dim\": 1.5}}|expected a whole number",
                "{\"swin\": {\"embed_dim\": 99999999999}}|expected a whole number",
                "{\"swin\": {\"embed_dim\": 130}}|swin.heads 4 does not divide stage 0's width 130",
                "{\"swin\": {\"depths\": [2, 2]}}|swin.depths needs 4 stages, has 2",
                "{\"swin\": {\"depths\": [2, 2, 0, 2]}}|swin.depths is 0, expected 1..1000",
                "{\"swin\": {\"window\": 0}}|swin.window is 0",
                "{\"image\": {\"size\": 1022}}|image.size 1022 is no multiple of swin.patch 4",
                "{\"image\": {\"std\": [1, 0, 1]}}|image.std must be above 0",
                "{\"image\": {\"pad_value\": 300}}|image.pad_value is 300, expected 0..255",
                "{\"vision_projector\": {\"stage\": 6}}|vision_projector.stage is 6, expected 2..5",
                "{\"pixel_decoder\": {\"conv_dim\": 72}}|conv_dim 72 is no multiple of the 32 norm groups",
                "{\"pixel_decoder\": {\"conv_dim\": 128}}|mask_decoder.dim 256 differs from pixel_decoder.conv_dim 128",
                "{\"mask_decoder\": {\"heads\": 7}}|mask_decoder.heads 7 does not divide",
                "{\"mask_decoder\": {\"queries\": 0}}|mask_decoder.queries is 0",
                "{\"special_tokens\": {\"seg\": 50297}}|not all below vocab_size 50297",
                "{\"min_score\": 1.5}|min_score is 1.5, expected 0..1",
                "{\"min_score\": \"0.5\"}|field 'min_score' is \"0.5\", expected a number"
            })
    void refusesWhatDoesNotFit(String own, String message) {
        assertRefused(withOwn(own), message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"num_attention_heads\": 32|\"num_attention_heads\": 30|num_attention_heads 30 does not divide hidden_size 2048",
                "\"num_attention_heads\": 32|\"num_attention_heads\": 0|num_attention_heads 0 does not divide",
                "\"num_attention_heads\": 32|\"num_attention_heads\": 32, \"num_key_value_heads\": 8|num_key_value_heads 8 is not supported",
                "\"partial_rotary_factor\": 0.5|\"partial_rotary_factor\": 0.24|rotates 15 of a head's 64 channels",
                "\"hidden_act\": \"gelu_new\"|\"hidden_act\": \"relu\"|hidden_act relu is not supported",
                "\"qk_layernorm\": false|\"qk_layernorm\": true|qk_layernorm true is not supported",
                "\"rope_scaling\": null|\"rope_scaling\": {\"type\": \"linear\", \"factor\": 4.0}|rope_scaling is not supported, only null is",
                "\"rope_scaling\": null|\"rope_parameters\": {\"rope_type\": \"linear\", \"factor\": 4.0}|rope_parameters: rope_type linear is not supported, only default is",
                "\"rope_scaling\": null|\"rope_parameters\": {\"type\": \"yarn\"}|rope_parameters: rope_type yarn is not supported",
                "\"mm_projector_type\": \"swin_conv\"|\"mm_projector_type\": \"conv\"|'conv' is not supported",
                "\"swin_type\": \"base\"|\"swin_type\": \"huge\"|swin_type 'huge' is unknown",
                "\"hidden_size\": 2048, |``|field 'hidden_size' is missing",
                "\"vocab_size\": 50297|\"vocab_size\": 50295|set maskroute.special_tokens",
                "\"swin_type\": \"base\"|\"swin_type\": \"base\", \"hidden_size\": 7|not valid JSON",
                "\"swin_type\": \"base\"|\"swin_type\": \"base|not valid JSON"
            })
    void refusesUnsupportedLlms(String original, String changed, String message) {
        assertThat(RELEASED).contains(original);
        assertRefused(RELEASED.replace(original, changed), message);
    }

    private static void assertRefused(String json, String message) {
        assertThatThrownBy(() -> read(json))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageStartingWith("config.json")
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }
}
