package io.maskroute.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.psalm.Psalm;
import io.maskroute.core.safetensors.RandomTensors;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.testing.Fixtures;
import io.maskroute.core.trace.FixtureConfig;
import java.nio.file.Path;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WeightSizesTest {
    /** Tensors of a model, without numbers. */
    private static TensorSource tensors(ModelConfig config, Predicate<String> kept) {
        RandomTensors.Builder tensors = RandomTensors.builder("weights", 1);
        StateDict.expected(config).stream()
                .filter(parameter -> kept.test(parameter.key()))
                .forEach(parameter ->
                        tensors.uniform(parameter.key(), parameter.info().shape(), 0, 1));
        return tensors.build();
    }

    @Test
    void thePublishedSizeIsSeen() {
        WeightSizes sizes = WeightSizes.of(tensors(Psalm.published(), key -> true));
        assertThat(sizes.config()).isEqualTo(Psalm.published());
        assertThat(sizes.vocabulary()).hasValue(50297);
    }

    @Test
    void whatIsNotThereIsPsalms() {
        WeightSizes sizes = WeightSizes.of(tensors(Psalm.published(), key -> false));
        assertThat(sizes.config()).isEqualTo(Psalm.published());
        assertThat(sizes.vocabulary()).isEmpty();
    }

    /** Heads, the picture, epsilons and token ids are not to be seen. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "public-A-referring",
                "public-B-panoptic",
                "public-C-region",
                "public-D-padded-oddwindow",
                "public-E-sixteen-tokens"
            })
    void allOfAFixtureThatCanBeSeenIsSeen(String fixture) {
        Path folder = Fixtures.path(fixture);
        ModelConfig expected = FixtureConfig.read(folder.resolve("config.json")).model();
        try (Safetensors weights = Safetensors.open(folder.resolve("weights.safetensors"))) {
            ModelConfig seen = WeightSizes.of(weights).config();
            assertThat(seen.swin()).isEqualTo(expected.swin());
            assertThat(seen.visualTokens()).isEqualTo(expected.visualTokens());
            assertThat(seen.llm().hidden()).isEqualTo(expected.llm().hidden());
            assertThat(seen.llm().ffn()).isEqualTo(expected.llm().ffn());
            assertThat(seen.llm().layers()).isEqualTo(expected.llm().layers());
            assertThat(seen.llm().vocab()).isEqualTo(expected.llm().vocab());
            assertThat(seen.pixelDecoder().convDim())
                    .isEqualTo(expected.pixelDecoder().convDim());
            assertThat(seen.pixelDecoder().maskDim())
                    .isEqualTo(expected.pixelDecoder().maskDim());
            assertThat(seen.pixelDecoder().layers())
                    .isEqualTo(expected.pixelDecoder().layers());
            assertThat(seen.pixelDecoder().ffn())
                    .isEqualTo(expected.pixelDecoder().ffn());
            assertThat(seen.maskDecoder().dim())
                    .isEqualTo(expected.maskDecoder().dim());
            assertThat(seen.maskDecoder().layers())
                    .isEqualTo(expected.maskDecoder().layers());
            assertThat(seen.maskDecoder().ffn())
                    .isEqualTo(expected.maskDecoder().ffn());
            assertThat(seen.maskDecoder().queries())
                    .isEqualTo(expected.maskDecoder().queries());
        }
    }

    /** A layer that one of a decoder layer's three lists has is one that the others must have. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "predictor.transformer_self_attention_layers.8.",
                "predictor.transformer_cross_attention_layers.8.",
                "predictor.transformer_ffn_layers.8."
            })
    void aLostLayerIsNoSmallerModel(String lost) {
        TensorSource weights = tensors(Psalm.published(), key -> !key.startsWith(lost));
        ModelConfig seen = WeightSizes.of(weights).config();
        assertThat(seen).isEqualTo(Psalm.published());
        assertThat(WeightCoverage.of(StateDict.expected(seen), weights).missing())
                .isNotEmpty()
                .allMatch(key -> key.startsWith(lost));
    }

    @Test
    void oddNamesCountNothing() {
        RandomTensors.Builder tensors = RandomTensors.builder("weights", 1);
        for (String name : new String[] {
            "model.layers.99999999999999999999.a",
            "model.layers.1x.a",
            "model.layers.",
            "7",
            ".",
            "model.layers.-3.a",
            "model.layers.\u0663.a",
            "model.embed_tokens.weight"
        }) {
            tensors.uniform(name, new long[] {3}, 0, 1);
        }
        assertThat(WeightSizes.of(tensors.build()).config()).isEqualTo(Psalm.published());
    }
}
