package io.maskroute.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.core.family.psalm.Psalm;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.testing.Fixtures;
import io.maskroute.core.trace.FixtureConfig;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StateDictTest {
    private static Path resource(String name) {
        try {
            return Path.of(StateDictTest.class.getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void isTheOriginalsAtThePublishedSize() throws IOException {
        List<String> original = Files.readAllLines(resource("/reference/psalm_state_dict.tsv"));
        List<String> ours = StateDict.expected(Psalm.published()).stream()
                .map(p -> {
                    String shape = LongStream.of(p.info().shape())
                            .mapToObj(Long::toString)
                            .collect(Collectors.joining("x"));
                    boolean buffer = p.role() == Parameter.Role.BUFFER
                            || p.role() == Parameter.Role.RUNNING_MEAN
                            || p.role() == Parameter.Role.RUNNING_VAR;
                    return p.key() + "\t" + (shape.isEmpty() ? "scalar" : shape) + "\t"
                            + (p.info().dtype() == DType.F32 ? "float32" : "int64") + "\t"
                            + (buffer ? "buffer" : "param");
                })
                .toList();
        assertThat(ours).hasSize(935).containsExactlyElementsOf(original.subList(1, original.size()));
    }

    @Test
    void leavesOutOnlyWhatTheForwardPassDoesNotRead() {
        assertThat(StateDict.expected(Psalm.published()).stream()
                        .filter(p -> !p.required())
                        .map(p -> p.key().replaceAll("\\d+", "#"))
                        .distinct())
                .containsExactlyInAnyOrder(
                        "lm_head.weight",
                        "model.vision_tower.layers.#.blocks.#.attn.relative_position_index",
                        "model.mm_projector.layer#.#.bn#.num_batches_tracked",
                        "model.mm_projector.layer#.#.downsample.#.num_batches_tracked",
                        "predictor.query_feat.weight",
                        "predictor.SEG_query_embed.weight");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "public-A-referring",
                "public-B-panoptic",
                "public-C-region",
                "public-D-padded-oddwindow",
                "public-E-sixteen-tokens"
            })
    void coversEveryFixture(String fixture) {
        FixtureConfig config = FixtureConfig.read(resource("/fixtures/" + fixture + "/config.json"));
        List<Parameter> expected = StateDict.expected(config.model());
        try (Safetensors weights = Safetensors.open(Fixtures.path(fixture + "/weights.safetensors"))) {
            WeightCoverage coverage = WeightCoverage.of(expected, weights);
            assertThat(coverage.missing()).isEmpty();
            assertThat(coverage.unknown()).isEmpty();
            assertThat(coverage.misshapen()).isEmpty();
            assertThat(coverage.matched().size() + coverage.unused().size())
                    .isEqualTo(weights.names().size());
            // What the fixtures leave out, as their config.json says.
            assertThat(expected.stream().map(Parameter::key).filter(key -> !weights.names()
                            .contains(key)))
                    .allMatch(key -> key.equals("lm_head.weight") || key.endsWith(".relative_position_index"));
        }
    }
}
