package io.maskroute.core.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.routing.AdapterSpec;
import io.maskroute.core.routing.LayerRouting;
import io.maskroute.core.routing.ProxyGrid;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.safetensors.SafetensorsWriter;
import io.maskroute.core.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The schedules of the golden routed runs: which token is whose proxy, and which tokens are present in which layer. */
class RoutedFixtureTest {
    private static final Path ROUTED = Path.of("src/test/resources/fixtures/routed");
    private static final long TEXT = 0;
    private static final long IMAGE = 1;
    private static final long MASK = 2;

    static List<Path> fixtures() throws Exception {
        try (Stream<Path> folders = Files.list(ROUTED)) {
            List<Path> found = folders.filter(f -> Files.exists(f.resolve("inputs.safetensors")))
                    .sorted()
                    .toList();
            assertThat(found).hasSize(9);
            return found;
        }
    }

    @ParameterizedTest
    @MethodSource("fixtures")
    void proxies_and_present_tokens_are_those_of_the_fixture(Path folder) {
        RoutedFixture fixture = RoutedFixture.read(folder);
        try (Safetensors inputs = Safetensors.open(fixture.projectorFile());
                Safetensors expected = Safetensors.open(folder.resolve("expected.safetensors"))) {
            int layers = (int) expected.names().stream()
                    .filter(name -> name.matches("layer\\d+\\.index"))
                    .count();
            int hidden = (int) inputs.info("x").shape()[1];
            RoutingPlan plan = plan(fixture, hidden, layers);

            assertProxies(plan, inputs.longs("proxy_of"));
            long[] kind = inputs.longs("kind");
            assertLayout(kind, inputs.longs("image_index"), plan.imageTokens());
            for (LayerRouting layer : plan.layers()) {
                long[] present = LongStream.range(0, kind.length)
                        .filter(t -> layer.maskTokens() || kind[(int) t] != MASK)
                        .toArray();
                assertThat(expected.longs("layer" + layer.layer() + ".index")).isEqualTo(present);
            }
            AdapterSpec.expected(fixture.schedule(), llm(hidden, layers)).forEach((name, shape) -> {
                String stored = fixture.projectorTensors().get(name);
                assertThat(inputs.info(stored).shape())
                        .containsExactly(shape.stream().mapToLong(d -> d).toArray());
            });
        }
    }

    private static void assertProxies(RoutingPlan plan, long[] proxyOf) {
        assertThat(proxyOf).hasSize(plan.imageTokens());
        assertThat(plan.layers().stream()
                        .filter(l -> l.grid().stride()
                                == plan.schedule().imageTokens().proxies().stride()))
                .isNotEmpty();
        for (LayerRouting layer : plan.layers()) {
            ProxyGrid grid = layer.grid();
            if (plan.schedule().routed(layer.layer())) {
                assertThat(IntStream.range(0, grid.tokens())
                                .mapToLong(t -> grid.proxyIndex(grid.proxyOf(t)))
                                .toArray())
                        .isEqualTo(proxyOf);
            } else {
                assertThat(layer.routed()).isFalse();
            }
        }
    }

    /** Text, image and mask tokens lie as {@code SegmentLayout} says, the image tokens row by row. */
    private static void assertLayout(long[] kind, long[] imageIndex, int imageTokens) {
        int leading = IntStream.range(0, kind.length)
                .filter(t -> kind[t] == IMAGE)
                .findFirst()
                .orElseThrow();
        long masks = LongStream.of(kind).filter(k -> k == MASK).count();
        for (int t = 0; t < kind.length; t++) {
            boolean image = t >= leading && t < leading + imageTokens;
            assertThat(kind[t]).isEqualTo(image ? IMAGE : t >= kind.length - masks ? MASK : TEXT);
            assertThat(imageIndex[t]).isEqualTo(image ? t - leading : -1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"public-P-prefix-dense", "public-P-prefix-routed"})
    void a_shared_prefix_keeps_its_projectors_with_the_expected_values(String name) {
        RoutedFixture fixture = RoutedFixture.read(ROUTED.resolve(name));

        assertThat(fixture.heads()).isEmpty();
        assertThat(fixture.sharedPrefix())
                .contains(new RoutedFixture.SharedPrefix(74, 58, List.of("refer-1", "refer-2", "panoptic")));
        assertThat(plan(fixture, 64, 6).isDense()).isEqualTo(name.endsWith("dense"));
        assertThat(fixture.projectorTensors()).hasSize(name.endsWith("dense") ? 0 : 9);
        try (Safetensors tensors = Safetensors.open(fixture.projectorFile())) {
            assertThat(tensors.names()).containsAll(fixture.projectorTensors().values());
        }
    }

    @Test
    void the_sizes_that_weights_do_not_show_are_read() {
        RoutedFixture alone = RoutedFixture.read(ROUTED.resolve("public-R6-rect-5x3"));
        RoutedFixture borrowing = RoutedFixture.read(ROUTED.resolve("public-R1-untrained-projector"));

        assertThat(alone.heads()).contains(new RoutedFixture.Heads(2, 6));
        assertThat(alone.weights()).hasParent(alone.folder()).exists();
        assertThat(alone.schedule().projector(0).rank()).isEqualTo(3);
        assertThat(borrowing.weights()).exists().asString().contains("public-E-sixteen-tokens");
    }

    @Test
    void borrowed_weights_are_found_whatever_the_folder_of_fixtures_is_called(@TempDir Path copies) throws Exception {
        Path borrowing = Files.createDirectories(copies.resolve("routed/borrowing"));
        Files.copy(ROUTED.resolve("public-R0-dense-equivalence/routing.json"), borrowing.resolve("routing.json"));
        Path weights =
                Files.createDirectory(copies.resolve("public-E-sixteen-tokens")).resolve("weights.safetensors");
        Files.createFile(weights);

        assertThat(RoutedFixture.read(borrowing).weights()).isEqualTo(weights.toAbsolutePath());
    }

    @Test
    void what_is_not_a_fixture_is_refused_by_name(@TempDir Path folder) throws Exception {
        assertRefused(folder, "routing.json: cannot be read");
        Path file = folder.resolve("routing.json");
        Files.writeString(file, "{\"stride\": 2, \"routed_layers\": [0], \"grid_HW\": [4]}");
        assertRefused(folder, "grid_HW must be two numbers");
        Files.writeString(file, "{\"stride\": 2, \"routed_layers\": [-1], \"grid_HW\": [4, 4]}");
        assertRefused(folder, "routed_layers must be a whole number");
        Files.writeString(
                file,
                """
                {"stride": 1, "routed_layers": [], "grid_HW": [4, 4], "mask_layer_Lm": 0,
                 "llm_weights": "fixtures/absent/weights.safetensors"}""");
        assertRefused(folder, "fixtures/absent/weights.safetensors");
    }

    private static void assertRefused(Path folder, String message) {
        assertThatThrownBy(() -> RoutedFixture.read(folder))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(message);
    }

    private static RoutingPlan plan(RoutedFixture fixture, int hidden, int layers) {
        return RoutingPlan.of(fixture.schedule(), llm(hidden, layers), fixture.gridHeight(), fixture.gridWidth());
    }

    private static ModelConfig.Llm llm(int hidden, int layers) {
        return new ModelConfig.Llm(hidden, 2 * hidden, layers, 4, 8, 200, 1e-5, 10000, 2048);
    }

    @Test
    void projectorsMayHaveDifferentRanks(@TempDir Path temp) throws IOException {
        Path original = ROUTED.resolve("public-R6-rect-5x3");
        Files.copy(original.resolve("routing.json"), temp.resolve("routing.json"));
        Files.copy(original.resolve("weights.safetensors"), temp.resolve("weights.safetensors"));
        int hidden = 24;
        Map<String, TensorInfo> infos = new LinkedHashMap<>();
        Map<Integer, Integer> ranks = Map.of(0, 2, 2, 5);
        ranks.forEach((layer, rank) -> {
            infos.put("proj." + layer + ".V", TensorInfo.of(DType.F32, rank, hidden));
            infos.put("proj." + layer + ".U", TensorInfo.of(DType.F32, hidden, rank));
            infos.put("proj." + layer + ".s", TensorInfo.of(DType.F32, hidden));
        });
        try (SafetensorsWriter writer = SafetensorsWriter.create(temp.resolve("inputs.safetensors"), infos, Map.of())) {
            for (Map.Entry<String, TensorInfo> info : infos.entrySet()) {
                writer.writeFloats(
                        info.getKey(), new float[(int) info.getValue().elements()]);
            }
            writer.finish();
        }
        RoutingSchedule schedule = RoutedFixture.read(temp).schedule();
        assertThat(schedule.projector(0).rank()).isEqualTo(2);
        assertThat(schedule.routed(1)).isFalse();
        assertThat(schedule.projector(2).rank()).isEqualTo(5);
        assertThat(schedule.perLayer()).hasSize(3);
    }
}
